//! The command `outbox`: inspects the files of outboxes, and the stream of a broker. The example of the same name, Python and Node all run this one.

mod arguments;
mod file;
mod rows;
mod source;
mod sources;
#[cfg(feature = "nats")]
mod stream;
mod table;
mod terminal;

use std::env;
use std::ffi::OsString;
use std::io::{self, ErrorKind, Write};

use serde_json::{Value, json};

use self::arguments::{Action, Arguments, HELP, NATS_URL, Options};
use self::source::{Source, Unopened};
use self::sources::Sources;
use self::table::Table;
use self::terminal::{Patient, visible};
use crate::error::{Error, Result as Answer};

/// The exit code of wrong usage.
const MISUSED: u8 = 2;

/// Runs the command with these arguments, without the program's name, and returns its exit code: 0, 1 after a failure,
/// or 2 for wrong usage. A failure is one line on `err`. A reader of `out` that has gone is no failure. The environment's
/// `TURNWIRE_NATS_URL` is the broker unless the arguments name one. `install` is the advice in a build without the feature `nats`,
/// which has no client of brokers.
pub fn outbox_command(
    arguments: impl IntoIterator<Item = OsString>,
    install: &'static str,
    out: impl Write,
    err: impl Write,
) -> u8 {
    let mut terminal = Terminal { out: Patient(out), err: Patient(err) };
    let ended = terminal
        .run(arguments, install)
        .and_then(|()| terminal.out.flush().map_err(Failure::Output));
    let Err(failure) = ended else { return 0 };
    let (code, why) = match failure {
        Failure::Output(error) if error.kind() == ErrorKind::BrokenPipe => return 0,
        Failure::Output(error) => (1, format!("the output cannot be written: {error}")),
        Failure::Call(error) => (1, error.to_string()),
        Failure::Refused(why) => (1, why),
        Failure::Usage(why) => (MISUSED, format!("{why}; --help shows the usage")),
    };
    terminal.say(&format!("error: {why}"));
    code
}

/// The reason for another exit code than 0.
enum Failure {
    Output(io::Error),
    Call(Error),
    Refused(String),
    Usage(String),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Call(error)
    }
}

impl From<Unopened> for Failure {
    fn from(unopened: Unopened) -> Self {
        match unopened {
            Unopened::Call(error) => Failure::Call(error),
            Unopened::Refused(why) => Failure::Refused(why),
        }
    }
}

/// The two outputs.
struct Terminal<O, E> {
    out: O,
    err: E,
}

impl<O: Write, E: Write> Terminal<O, E> {
    fn run(
        &mut self,
        arguments: impl IntoIterator<Item = OsString>,
        install: &'static str,
    ) -> Result<(), Failure> {
        let nats = env::var_os(NATS_URL).filter(|url| !url.is_empty());
        let nats = nats.map(|url| url.to_string_lossy().into_owned());
        let (action, options) = match Arguments::read(arguments, nats).map_err(Failure::Usage)? {
            Arguments::Help => return self.show(HELP),
            Arguments::Run(action, options) => (action, options),
        };
        let sources = sources::open(&options, install)?;
        for damaged in sources.open.iter().flat_map(|source| source.set_aside()) {
            self.say(&format!("the file was damaged: it is kept as {}", damaged.display()));
        }
        match action {
            Action::Status => self.status(&options, sources),
            Action::Pending => {
                let all = |source: &dyn Source| Ok(source.counts()?.pending);
                let items = |source: &dyn Source| source.pending();
                self.list(&options, sources, &rows::PENDING, all, items, rows::pending)
            }
            Action::Dead => {
                let all = |source: &dyn Source| Ok(source.counts()?.dead);
                let items = |source: &dyn Source| source.dead_letters();
                self.list(&options, sources, &rows::DEAD, all, items, rows::dead)
            }
            Action::Requeue(id) => match first(&sources, |source| source.requeue(&id))? {
                true => self.done(&options, &id, "queued again"),
                false => Err(unknown(&id, "dead letter; `dead` lists them")),
            },
            Action::Discard(id) => match first(&sources, |source| source.discard(&id))? {
                true => self.done(&options, &id, "discarded"),
                false if first(&sources, |source| source.is_on_its_way(&id))? => Err(unchanged(
                    &id,
                    "is on its way in its partition of the stream; only parked records and dead letters of a stream can be discarded",
                )),
                false => Err(unknown(
                    &id,
                    "dead letter, nor a record that waits; `dead` and `pending` list them",
                )),
            },
        }
    }

    /// Writes a table for each place, or a line of JSON.
    fn status(&mut self, options: &Options, sources: Sources) -> Result<(), Failure> {
        for (at, source) in sources.open.iter().enumerate() {
            match options.is_json {
                true => self.json(&source.status_json()?)?,
                false if at > 0 => self.show(&format!("\n{}", source.status()?))?,
                false => self.show(&source.status()?.to_string())?,
            }
        }
        sources.failed.map_or(Ok(()), |error| Err(error.into()))
    }

    /// Writes a line of JSON for each item, or one table; with their places, if there are several. Items beyond the longest list
    /// are counted on the other output. A place that fails hides no other.
    fn list<T>(
        &mut self,
        options: &Options,
        sources: Sources,
        heads: &[&str],
        count: impl Fn(&dyn Source) -> Answer<u64>,
        items: impl Fn(&dyn Source) -> Answer<Vec<T>>,
        row: impl Fn(&T) -> (Value, Vec<String>),
    ) -> Result<(), Failure> {
        let Sources { open, mut failed } = sources;
        let has_places = open.len() + usize::from(failed.is_some()) > 1;
        let places: &[&str] = if has_places { &["place"] } else { &[] };
        let mut table = Table::new(&[heads, places].concat());
        let (mut all, mut listed) = (0, 0);
        for source in open.iter().map(AsRef::as_ref) {
            let (items, number) = match items(source).and_then(|items| Ok((items, count(source)?)))
            {
                Ok(found) => found,
                Err(error) => {
                    failed = failed.or(Some(error));
                    continue;
                }
            };
            // Of a stream that is delivered meanwhile it may be less than what was listed.
            all += number.max(items.len() as u64);
            listed += items.len() as u64;
            for item in &items {
                let (mut json, mut cells) = row(item);
                if has_places {
                    cells.push(source.place());
                    if let Some(fields) = json.as_object_mut() {
                        fields.insert("place".to_owned(), json!(source.place()));
                    }
                }
                match options.is_json {
                    true => self.json(&json)?,
                    false => table.add(cells),
                }
            }
        }
        match (options.is_json, listed) {
            (true, _) => {}
            (false, 0) if failed.is_some() => {}
            (false, 0) => self.show("none\n")?,
            (false, _) => self.show(&table.to_string())?,
        }
        match all - listed {
            0 => {}
            more => self.say(&format!("and {more} more")),
        }
        failed.map_or(Ok(()), |error| Err(error.into()))
    }

    fn done(&mut self, options: &Options, id: &str, result: &str) -> Result<(), Failure> {
        match options.is_json {
            true => self.json(&json!({"id": id, "result": result})),
            false => self.show(&format!("{}: {result}\n", visible(id))),
        }
    }

    fn json(&mut self, value: &Value) -> Result<(), Failure> {
        self.show(&format!("{value}\n"))
    }

    fn show(&mut self, text: &str) -> Result<(), Failure> {
        self.out.write_all(text.as_bytes()).map_err(Failure::Output)
    }

    /// Writes a line to the other output, where a failure shows nowhere.
    fn say(&mut self, line: &str) {
        let _ = self.err.write_all(format!("{}\n", visible(line)).as_bytes());
        let _ = self.err.flush();
    }
}

/// Asks one place after the other, until one says yes. A place that is not reached may have it.
fn first(sources: &Sources, act: impl Fn(&dyn Source) -> Answer<bool>) -> Result<bool, Failure> {
    for source in &sources.open {
        if act(source.as_ref())? {
            return Ok(true);
        }
    }
    sources.failed.clone().map_or(Ok(false), |error| Err(error.into()))
}

fn unknown(id: &str, what: &str) -> Failure {
    unchanged(id, &format!("is no {what}"))
}

fn unchanged(id: &str, why: &str) -> Failure {
    Failure::Refused(format!("nothing was changed: `{id}` {why}"))
}
