//! The arguments of the command.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

/// The text of `--help`.
pub(super) const HELP: &str = "\
Inspects an outbox's file: lists pending records and dead letters, and requeues a dead letter.
Processes that use the file may continue meanwhile.

Usage: outbox <command> [options]

Commands:
  status        Counts pending records and dead letters
  pending       Lists pending records, oldest first
  dead          Lists dead letters with their reasons
  requeue <id>  Requeues a dead letter, behind all other records of its conversation
  discard <id>  Deletes a dead letter or a pending record

Options:
  --file <file>  The outbox's file [default: var/outbox.db]
  --json         Show JSON, one object per line, instead of tables
  -h, --help     Show this help
";

const COMMANDS: &str = "status, pending, dead, requeue, discard";

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

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Options {
    pub(super) file: PathBuf,
    /// JSON instead of tables.
    pub(super) is_json: bool,
}

impl Arguments {
    /// Reads arguments; options may stand anywhere, up to a `--`.
    pub(super) fn read(given: impl IntoIterator<Item = OsString>) -> Result<Self, String> {
        let mut options = Options { file: "var/outbox.db".into(), is_json: false };
        let mut words = Vec::new();
        let mut given = given.into_iter();
        let mut are_options_over = false;
        while let Some(argument) = given.next() {
            let text = argument.to_str();
            match text {
                _ if are_options_over => words.push(argument),
                Some("--") => are_options_over = true,
                Some("-h" | "--help") => return Ok(Arguments::Help),
                Some("--json") => options.is_json = true,
                Some("--file") => options.file = given.next().ok_or("--file needs a path")?.into(),
                Some(option) if option.starts_with('-') && option != "-" => {
                    match option.strip_prefix("--file=") {
                        Some(file) => options.file = file.into(),
                        None => {
                            let known = "there are --file and --json";
                            return Err(format!("{option} is no option; {known}"));
                        }
                    }
                }
                _ => words.push(argument),
            }
        }
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
        Arguments::read(words.iter().map(OsString::from))
    }

    fn run(action: Action, file: &str, is_json: bool) -> Result<Arguments, String> {
        Ok(Arguments::Run(action, Options { file: file.into(), is_json }))
    }

    #[test]
    fn options_stand_anywhere_and_end_at_two_dashes() {
        assert_eq!(read(&["status"]), run(Action::Status, "var/outbox.db", false));
        assert_eq!(read(&["--json", "dead", "--file", "-"]), run(Action::Dead, "-", true));
        assert_eq!(read(&["--file=a=b", "pending"]), run(Action::Pending, "a=b", false));
        let requeue = |id: &str| Action::Requeue(id.to_owned());
        assert_eq!(read(&["requeue", "a", "--json"]), run(requeue("a"), "var/outbox.db", true));
        assert_eq!(read(&["requeue", "--", "--a"]), run(requeue("--a"), "var/outbox.db", false));
        for words in [&["-h"][..], &["status", "--help"]] {
            assert_eq!(read(words), Ok(Arguments::Help));
        }
    }

    #[test]
    fn wrong_usage_is_named() {
        for (words, why) in [
            (&[][..], "a command is missing; there are status, pending, dead, requeue, discard"),
            (&["list"], "`list` is no command; there are status, pending, dead, requeue, discard"),
            (&["status", "--files"], "--files is no option; there are --file and --json"),
            (&["status", "--file"], "--file needs a path"),
            (&["requeue", "--json"], "requeue needs the id of a record"),
            (&["discard", "a", "b"], "`b` is an argument too many"),
        ] {
            assert_eq!(read(words), Err(why.to_owned()));
        }
    }
}
