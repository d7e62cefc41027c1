//! The arguments of the command.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::PathBuf;

/// The text of `--help`.
pub(super) const HELP: &str = "\
Inspects an outbox's file: lists pending records and dead letters, and requeues a dead letter.
Processes that use the file may continue meanwhile. With --nats it inspects the stream of a broker as well.

Usage: outbox <command> [options]

Commands:
  status        Counts pending records and dead letters
  pending       Lists pending records, oldest first
  dead          Lists dead letters with their reasons
  requeue <id>  Requeues a dead letter, behind all other records of its conversation
  discard <id>  Deletes a dead letter or a pending record; in a stream, a dead letter or a parked record

Options:
  --file <file>    The outbox's file [default: var/outbox.db]; may be given several times
  --nats <url>     The broker to which outboxes publish, such as nats://localhost:4222 [default: the
                   environment's TURNWIRE_NATS_URL, where a password shows in no list of processes]
  --stream <name>  The stream on the broker [default: turnwire]
  --creds <file>   The credentials file for the broker
  --ca <file>      Certificates that are trusted besides the system's
  --json           Show JSON, one object per line, instead of tables
  -h, --help       Show this help
";

/// The variable with the URL of the broker.
pub(super) const NATS_URL: &str = "TURNWIRE_NATS_URL";

const COMMANDS: &str = "status, pending, dead, requeue, discard";
const OPTIONS: &str = "--file, --nats, --stream, --creds, --ca and --json";

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Arguments {
    Help,
    Run(Action, Options),
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Action {
    Status,
    Pending,
    Dead,
    Requeue(String),
    Discard(String),
}

#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Options {
    /// Without any, and without a broker, the usual one.
    pub(super) files: Vec<PathBuf>,
    pub(super) broker: Option<Broker>,
    /// JSON instead of tables.
    pub(super) is_json: bool,
}

/// The broker to inspect.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Broker {
    pub(super) url: Url,
    pub(super) stream: Option<String>,
    pub(super) credentials: Option<PathBuf>,
    pub(super) ca: Option<PathBuf>,
}

/// A URL, which may have a password.
#[derive(PartialEq, Eq)]
pub(super) struct Url(pub(super) String);

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[url]")
    }
}

impl Arguments {
    /// Reads arguments; options may stand anywhere, up to a `--`. `nats` is the broker unless they name one.
    pub(super) fn read(
        given: impl IntoIterator<Item = OsString>,
        mut nats: Option<String>,
    ) -> Result<Self, String> {
        let (mut files, mut is_json) = (Vec::new(), false);
        let (mut stream, mut credentials, mut ca) = (None, None, None);
        let mut words = Vec::new();
        let mut given = given.into_iter();
        let mut are_options_over = false;
        while let Some(argument) = given.next() {
            let text = argument.to_str();
            match text {
                _ if are_options_over => words.push(argument),
                Some("--") => are_options_over = true,
                Some("-h" | "--help") => return Ok(Arguments::Help),
                Some("--json") => is_json = true,
                Some(option) if option.starts_with('-') && option != "-" => {
                    let (option, mut value) = match option.split_once('=') {
                        Some((option, value)) => (option, Some(OsString::from(value))),
                        None => (option, None),
                    };
                    let mut value = |what: &str| {
                        value
                            .take()
                            .or_else(|| given.next())
                            .ok_or_else(|| format!("{option} needs {what}"))
                    };
                    match option {
                        "--file" => files.push(value("a path")?.into()),
                        "--nats" => nats = Some(value("a URL")?.to_string_lossy().into_owned()),
                        "--stream" => {
                            stream = Some(value("a name")?.to_string_lossy().into_owned())
                        }
                        "--creds" => credentials = Some(value("a path")?.into()),
                        "--ca" => ca = Some(value("a path")?.into()),
                        // Without the value behind the `=`, which may be a secret.
                        _ => return Err(format!("{option} is no option; there are {OPTIONS}")),
                    }
                }
                _ => words.push(argument),
            }
        }
        let broker = match nats {
            Some(url) => Some(Broker { url: Url(url), stream, credentials, ca }),
            None if stream.is_some() || credentials.is_some() || ca.is_some() => {
                return Err(format!("--stream, --creds and --ca need --nats or {NATS_URL}"));
            }
            None => None,
        };
        let options = Options { files, broker, is_json };
        let mut words = words.iter().map(|word| word.as_os_str());
        let Some(command) = words.next() else {
            return Err(format!("a command is missing; there are {COMMANDS}"));
        };
        let action = action(&command.to_string_lossy(), &mut words)?;
        match words.next() {
            None => Ok(Arguments::Run(action, options)),
            Some(word) => Err(format!("`{}` is an argument too many", word.display())),
        }
    }
}

fn action<'a>(
    command: &str,
    words: &mut impl Iterator<Item = &'a OsStr>,
) -> Result<Action, String> {
    let mut id = || match words.next() {
        Some(id) => Ok(id.to_string_lossy().into_owned()),
        None => Err(format!("{command} needs the id of a record")),
    };
    Ok(match command {
        "status" => Action::Status,
        "pending" => Action::Pending,
        "dead" => Action::Dead,
        "requeue" => Action::Requeue(id()?),
        "discard" => Action::Discard(id()?),
        _ => return Err(format!("`{command}` is no command; there are {COMMANDS}")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> Result<Arguments, String> {
        Arguments::read(words.iter().map(OsString::from), None)
    }

    fn run(action: Action, file: Option<&str>, is_json: bool) -> Result<Arguments, String> {
        let files = file.map(PathBuf::from).into_iter().collect();
        Ok(Arguments::Run(action, Options { files, broker: None, is_json }))
    }

    #[test]
    fn options_stand_anywhere_and_end_at_two_dashes() {
        assert_eq!(read(&["status"]), run(Action::Status, None, false));
        assert_eq!(read(&["--json", "dead", "--file", "-"]), run(Action::Dead, Some("-"), true));
        assert_eq!(read(&["--file=a=b", "pending"]), run(Action::Pending, Some("a=b"), false));
        let requeue = |id: &str| Action::Requeue(id.to_owned());
        assert_eq!(read(&["requeue", "a", "--json"]), run(requeue("a"), None, true));
        assert_eq!(read(&["requeue", "--", "--a"]), run(requeue("--a"), None, false));
        for words in [&["-h"][..], &["status", "--help"]] {
            assert_eq!(read(words), Ok(Arguments::Help));
        }
    }

    #[test]
    fn a_broker_has_options_of_its_own_and_its_url_shows_nowhere() {
        let given = [
            "status",
            "--nats=nats://a:hunter2@b?c=d",
            "--stream",
            "s",
            "--file",
            "a",
            "--file",
            "b",
        ];
        let broker = Broker {
            url: Url("nats://a:hunter2@b?c=d".to_owned()),
            stream: Some("s".to_owned()),
            credentials: None,
            ca: None,
        };
        let files = vec!["a".into(), "b".into()];
        let expected = Options { files, broker: Some(broker), is_json: false };
        assert!(!format!("{expected:?}").contains("hunter2"));
        assert_eq!(read(&given), Ok(Arguments::Run(Action::Status, expected)));
    }

    #[test]
    fn the_environments_broker_is_used_unless_another_is_named() {
        let url = |words: &[&str]| {
            let read = Arguments::read(words.iter().map(OsString::from), Some("nats://e".into()));
            match read.unwrap() {
                Arguments::Run(_, options) => options.broker.unwrap().url.0,
                Arguments::Help => String::new(),
            }
        };
        assert_eq!(url(&["status", "--stream", "s"]), "nats://e");
        assert_eq!(url(&["status", "--nats", "nats://a"]), "nats://a");
    }

    #[test]
    fn wrong_usage_is_named() {
        for (words, why) in [
            (&[][..], "a command is missing; there are status, pending, dead, requeue, discard"),
            (&["list"], "`list` is no command; there are status, pending, dead, requeue, discard"),
            (
                &["status", "--files=secret"],
                "--files is no option; there are --file, --nats, --stream, --creds, --ca and --json",
            ),
            (&["status", "--nats"], "--nats needs a URL"),
            (
                &["status", "--stream", "s"],
                "--stream, --creds and --ca need --nats or TURNWIRE_NATS_URL",
            ),
            (&["status", "--file"], "--file needs a path"),
            (&["requeue", "--json"], "requeue needs the id of a record"),
            (&["discard", "a", "b"], "`b` is an argument too many"),
        ] {
            assert_eq!(read(words), Err(why.to_owned()));
        }
    }
}
