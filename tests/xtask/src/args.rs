//! The command line: words in, a [`Command`] out.

use std::ffi::OsString;

use lexopt::prelude::{Long, Short, Value, ValueExt};

use crate::nats::{self, ProofOptions};
use crate::suites::{self, Suite};
use crate::system::{self, FaultOptions, SystemOptions};

/// A command of the person who runs it.
#[derive(Debug)]
pub(crate) enum Command {
    /// List the commands.
    Help,
    /// List the suites.
    ListSuites,
    /// Run these suites, in this order.
    Test(Vec<&'static Suite>),
    /// Run this suite with its output passed through.
    Suite(&'static Suite),
    /// Serve the real model until stopped.
    LocalLlm(LocalLlmOptions),
    /// Run the whole system until stopped.
    System(SystemOptions),
    /// Make faults on the whole system.
    Faults(FaultOptions),
    /// Prove the outbox over NATS.
    Proof(ProofOptions),
    /// Run the benchmarks.
    Bench(BenchOptions),
    /// Attack the client and the outbox.
    Attack {
        /// Duration for each kind of input.
        seconds: u64,
    },
    /// Fuzz the SSE decoder.
    Fuzz {
        /// Duration.
        seconds: u64,
    },
}

/// Options of `local-llm`.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct LocalLlmOptions {
    /// The port on 127.0.0.1; a free one by default.
    pub(crate) port: Option<u16>,
    /// Stop when standard input ends, for a parent program that may itself be killed.
    pub(crate) until_stdin_closes: bool,
}

/// Options of `bench`.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct BenchOptions {
    /// The benches to run; all of them if empty.
    pub(crate) names: Vec<String>,
    /// The words after `--`, for the benches themselves.
    pub(crate) passed_through: Vec<OsString>,
}

const DEFAULT_FUZZ_SECONDS: u64 = 60;
const DEFAULT_ATTACK_SECONDS: u64 = 60;

/// Reads the words after `cargo xtask`.
///
/// # Errors
/// Names the invalid word, and the valid ones.
pub(crate) fn parse(
    words: impl IntoIterator<Item = OsString, IntoIter: 'static>,
) -> Result<Command, lexopt::Error> {
    let mut parser = lexopt::Parser::from_args(words);
    match parser.next()? {
        None | Some(Long("help") | Short('h')) => Ok(Command::Help),
        Some(Value(name)) => match name.string()?.as_str() {
            "help" => Ok(Command::Help),
            "test" => parse_test(&mut parser),
            "suite" => {
                let suite = suites::find(&parser.value()?.string()?)?;
                parser.next()?.map_or(Ok(Command::Suite(suite)), |more| Err(more.unexpected()))
            }
            "local-llm" => parse_local_llm(&mut parser),
            "system" => system::parse(&mut parser),
            "faults" => system::parse_faults(&mut parser),
            "proof" => nats::parse_proof(&mut parser),
            "bench" => parse_bench(&mut parser),
            "attack" => {
                parse_seconds(&mut parser, DEFAULT_ATTACK_SECONDS, |seconds| Command::Attack {
                    seconds,
                })
            }
            "fuzz" => {
                parse_seconds(&mut parser, DEFAULT_FUZZ_SECONDS, |seconds| Command::Fuzz { seconds })
            }
            other => Err(format!(
                "there is no command `{other}`; the commands are: test, suite, local-llm, system, faults, proof, bench, attack, fuzz, help"
            )
            .into()),
        },
        Some(other) => Err(other.unexpected()),
    }
}

fn parse_test(parser: &mut lexopt::Parser) -> Result<Command, lexopt::Error> {
    let mut chosen: Vec<&'static Suite> = Vec::new();
    let mut list = false;
    while let Some(argument) = parser.next()? {
        match argument {
            Long("list") => list = true,
            Long("help") | Short('h') => return Ok(Command::Help),
            Value(name) => {
                let suite = suites::find(&name.string()?)?;
                if !chosen.iter().any(|already| already.name == suite.name) {
                    chosen.push(suite);
                }
            }
            other => return Err(other.unexpected()),
        }
    }
    Ok(match (list, chosen.is_empty()) {
        (true, _) => Command::ListSuites,
        (false, true) => Command::Test(suites::ALL.iter().collect()),
        (false, false) => Command::Test(chosen),
    })
}

fn parse_local_llm(parser: &mut lexopt::Parser) -> Result<Command, lexopt::Error> {
    let mut options = LocalLlmOptions::default();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("port") => options.port = Some(parser.value()?.parse()?),
            Long("until-stdin-closes") => options.until_stdin_closes = true,
            Long("help") | Short('h') => return Ok(Command::Help),
            other => return Err(other.unexpected()),
        }
    }
    Ok(Command::LocalLlm(options))
}

fn parse_bench(parser: &mut lexopt::Parser) -> Result<Command, lexopt::Error> {
    let mut options = BenchOptions::default();
    // Raw arguments, because lexopt itself would consume the `--`.
    let mut words = parser.raw_args()?;
    while let Some(word) = words.next() {
        if word == "--" {
            options.passed_through = words.collect();
            break;
        }
        match word.string()? {
            help if help == "--help" || help == "-h" => return Ok(Command::Help),
            option if option.starts_with('-') => {
                return Err(
                    format!("options for the benches go after `--`: `bench -- {option}`").into()
                );
            }
            name => options.names.push(name),
        }
    }
    Ok(Command::Bench(options))
}

/// The number of seconds of `fuzz` and `attack`, or a request for help.
fn parse_seconds(
    parser: &mut lexopt::Parser,
    default: u64,
    command: fn(u64) -> Command,
) -> Result<Command, lexopt::Error> {
    let mut seconds = None;
    while let Some(argument) = parser.next()? {
        match argument {
            Long("help") | Short('h') => return Ok(Command::Help),
            Value(number) if seconds.is_none() => seconds = Some(number.parse()?),
            other => return Err(other.unexpected()),
        }
    }
    Ok(command(seconds.unwrap_or(default)))
}

/// The text of `cargo xtask help`.
pub(crate) fn help() -> String {
    let listing: String = suites::listing().lines().map(|line| format!("  {line}\n")).collect();
    format!(
        "\
The commands of the repository: cargo xtask <command>

  test [suite …]         run every suite, or those named; installs what they need
  test --list            say which suites there are
  suite <name>           run one suite without a report, its output in colour
  local-llm [--port N]   serve a small real model on 127.0.0.1, with OpenAI's wire
      --until-stdin-closes   stop when standard input ends
  system                 run the whole system on 127.0.0.1: model, speech, store, chat service and page
      --fake-llm             an echo in place of the real model
      --data DIR             the folder of its files, target/system if not said
      --port N               the port of the page, a free one if not said
      --nats                 two chat services, and a NATS broker and two couriers between them and the store
  faults [name …]        kill, fill and cut parts of the whole system during turns, and look for lost messages
      --seeds 1,2,3          the runs: other numbers are other moments
      --nats                 on the system with a broker and couriers, which are killed too
  proof nats             many records over NATS, with faults and killed processes: a table of what is lost, wrong or repeated
      --records N --seeds 1,2,3   the size and the number of the runs
  bench [name …] [-- …]  run the benchmarks; what follows `--` goes to them
  attack [seconds]       random and hostile input for the client, that long of each kind ({DEFAULT_ATTACK_SECONDS} if not said),
                         and then killed processes, forks and full disks for the outbox
  fuzz [seconds]         fuzz the SSE decoder ({DEFAULT_FUZZ_SECONDS} seconds if not said)
  help                   this page

Suites:
{listing}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Command, String> {
        let words: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
        parse(words).map_err(|error| error.to_string())
    }

    fn suites_of(line: &str) -> Vec<&'static str> {
        match parsed(line) {
            Ok(Command::Test(suites)) => suites.iter().map(|suite| suite.name).collect(),
            other => panic!("`{line}` gave {other:?}"),
        }
    }

    #[test]
    fn test_without_names_runs_every_suite() {
        let all: Vec<_> = suites::ALL.iter().map(|suite| suite.name).collect();
        assert_eq!(suites_of("test"), all);
    }

    #[test]
    fn test_runs_the_named_suites_in_the_order_given_and_each_once() {
        assert_eq!(suites_of("test unit fmt unit"), ["unit", "fmt"]);
        assert!(matches!(parsed("suite unit"), Ok(Command::Suite(suite)) if suite.name == "unit"));
        assert!(parsed("suite").is_err() && parsed("suite unit fmt").is_err());
    }

    #[test]
    fn an_unknown_suite_is_refused_with_the_names_there_are() {
        let error = parsed("test fmt units").unwrap_err();
        assert!(error.contains("`units`"), "{error}");
        for suite in suites::ALL {
            assert!(error.contains(suite.name), "{error}");
        }
    }

    #[test]
    fn an_unknown_command_is_refused_with_the_names_there_are() {
        let error = parsed("tset").unwrap_err();
        assert!(error.contains("`tset`") && error.contains("local-llm"), "{error}");
    }

    #[test]
    fn help_and_listing_are_found_however_they_are_asked_for() {
        for line in ["", "help", "--help", "-h", "test --help", "bench -h", "fuzz --help"] {
            assert!(matches!(parsed(line), Ok(Command::Help)), "{line}");
        }
        assert!(matches!(parsed("test --list"), Ok(Command::ListSuites)));
    }

    #[test]
    fn local_llm_takes_a_port_or_finds_one() {
        let options = |line| match parsed(line) {
            Ok(Command::LocalLlm(options)) => options,
            other => panic!("`{line}` gave {other:?}"),
        };
        assert_eq!(options("local-llm"), LocalLlmOptions::default());
        for line in ["local-llm --port 8080", "local-llm --port=8080"] {
            assert_eq!(options(line).port, Some(8080));
        }
        assert!(options("local-llm --until-stdin-closes").until_stdin_closes);
        assert!(parsed("local-llm --port 99999").is_err());
    }

    #[test]
    fn bench_separates_names_from_what_goes_to_the_benches() {
        match parsed("bench sse turn -- --quick sse") {
            Ok(Command::Bench(options)) => {
                assert_eq!(options.names, ["sse", "turn"]);
                assert_eq!(options.passed_through, ["--quick", "sse"]);
            }
            other => panic!("{other:?}"),
        }
        assert!(parsed("bench --quick").unwrap_err().contains("`bench -- --quick`"));
    }

    #[test]
    fn attack_and_fuzz_take_a_number_of_seconds_and_nothing_else() {
        assert!(matches!(
            parsed("attack"),
            Ok(Command::Attack { seconds: DEFAULT_ATTACK_SECONDS })
        ));
        assert!(matches!(parsed("attack 5"), Ok(Command::Attack { seconds: 5 })));
        assert!(matches!(parsed("fuzz"), Ok(Command::Fuzz { seconds: DEFAULT_FUZZ_SECONDS })));
        assert!(matches!(parsed("fuzz 5"), Ok(Command::Fuzz { seconds: 5 })));
        assert!(parsed("fuzz soon").is_err());
        assert!(parsed("fuzz 5 6").is_err());
    }
}
