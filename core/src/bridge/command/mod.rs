//! The command `outbox`: inspects an outbox's file. The example of the same name, Python and Node all run this one.

mod arguments;
mod rows;
mod table;
mod terminal;

use std::ffi::OsString;
use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::Path;

use serde_json::{Value, json};

use self::arguments::{Action, Arguments, HELP, Options};
use self::table::Table;
use self::terminal::{Patient, visible};
use crate::error::Error;
use crate::outbox::{Outbox, PendingRecord, Stats};

/// The exit code of wrong usage.
const MISUSED: u8 = 2;

/// Runs the command with these arguments, without the program's name, and returns its exit code: 0, 1 after a failure,
/// or 2 for wrong usage. A failure is one line on `err`. A reader of `out` that has gone is no failure.
pub fn outbox_command(
    arguments: impl IntoIterator<Item = OsString>,
    out: impl Write,
    err: impl Write,
) -> u8 {
    let mut terminal = Terminal { out: Patient(out), err: Patient(err) };
    let ended =
        terminal.run(arguments).and_then(|()| terminal.out.flush().map_err(Failure::Output));
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

/// The two outputs.
struct Terminal<O, E> {
    out: O,
    err: E,
}

impl<O: Write, E: Write> Terminal<O, E> {
    fn run(&mut self, arguments: impl IntoIterator<Item = OsString>) -> Result<(), Failure> {
        let (action, options) = match Arguments::read(arguments).map_err(Failure::Usage)? {
            Arguments::Help => return self.show(HELP),
            Arguments::Run(action, options) => (action, options),
        };
        let outbox = open(&options.file)?;
        let stats = outbox.stats();
        for damaged in &stats.set_aside {
            self.say(&format!("the file was damaged: it is kept as {}", damaged.display()));
        }
        match action {
            Action::Status if options.is_json => self.json(&status_json(&options.file, &stats)),
            Action::Status => {
                self.show(&status(&options.file, &stats, &outbox.pending()?).to_string())
            }
            Action::Pending => {
                let records = outbox.pending()?;
                self.list(&options, &rows::PENDING, stats.pending, &records, rows::pending)
            }
            Action::Dead => {
                let letters = outbox.dead_letters()?;
                self.list(&options, &rows::DEAD, stats.dead, &letters, rows::dead)
            }
            Action::Requeue(id) => match outbox.requeue(&id)? {
                true => self.done(&options, &id, "queued again"),
                false => Err(unknown(&id, "dead letter; `dead` lists them")),
            },
            Action::Discard(id) => match outbox.discard(&id)? {
                true => self.done(&options, &id, "discarded"),
                false => Err(unknown(
                    &id,
                    "dead letter, nor a record that waits; `dead` and `pending` list them",
                )),
            },
        }
    }

    /// Writes a line of JSON for each item, or one table. Items beyond the longest list are counted on the other output.
    fn list<T>(
        &mut self,
        options: &Options,
        heads: &[&str],
        all: u64,
        items: &[T],
        row: impl Fn(&T) -> (Value, Vec<String>),
    ) -> Result<(), Failure> {
        let mut table = Table::new(heads);
        for item in items {
            let (json, cells) = row(item);
            match options.is_json {
                true => self.json(&json)?,
                false => table.add(cells),
            }
        }
        match (options.is_json, items) {
            (true, _) => {}
            (false, []) => self.show("none\n")?,
            (false, _) => self.show(&table.to_string())?,
        }
        match all.saturating_sub(items.len() as u64) {
            0 => {}
            more => self.say(&format!("and {more} more")),
        }
        Ok(())
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

/// Opens an existing outbox: an inspection must not create one.
fn open(file: &Path) -> Result<Outbox, Failure> {
    let refused = |why: &str| Failure::Refused(format!("no outbox: {} {why}", file.display()));
    if !file.exists() {
        return Err(refused("is not there; --file says where it is"));
    }
    // The library would make an outbox of it. One that another process creates now has a log beside it.
    let log =
        file.with_file_name(format!("{}-wal", file.file_name().unwrap_or_default().display()));
    if fs::metadata(file).is_ok_and(|found| found.is_file() && found.len() == 0) && !log.exists() {
        return Err(refused("is empty; --file says where the outbox is"));
    }
    Ok(Outbox::open(file)?)
}

fn unknown(id: &str, what: &str) -> Failure {
    Failure::Refused(format!("nothing was changed: `{id}` is no {what}"))
}

fn status(file: &Path, stats: &Stats, pending: &[PendingRecord]) -> Table {
    let mut table = Table::new(&["outbox", &file.display().to_string()]);
    let mut add = |name: &str, value: String| table.add(vec![name.to_owned(), value]);
    add("pending", stats.pending.to_string());
    add("  of them held", stats.held.to_string());
    if let Some(oldest) = pending.iter().map(|record| record.accepted_at).min() {
        add("  oldest accepted", rows::local(oldest));
    }
    add("dead letters", stats.dead.to_string());
    if let Some(error) = &stats.storage_error {
        add("trouble", error.clone());
    }
    table
}

fn status_json(file: &Path, stats: &Stats) -> Value {
    let set_aside: Vec<_> = stats.set_aside.iter().map(|path| path.to_string_lossy()).collect();
    json!({
        "file": file.to_string_lossy(), "pending": stats.pending, "held": stats.held, "dead": stats.dead,
        "storageError": stats.storage_error, "setAside": set_aside,
    })
}
