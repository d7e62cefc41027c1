//! The commands of the repository, run as `cargo xtask <command>`: tests, a real local model,
//! the whole system, benchmarks, attacks, fuzzing.
//!
//! Every command prints the command lines that it runs, so that each can be repeated by hand.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line program speaks to the person who runs it"
)]

mod args;
mod attack;
mod bench;
mod debian;
mod excerpt;
mod failures;
mod fuzz;
mod languages;
mod local_llm;
mod log;
mod model_server;
mod nats;
mod repo;
mod service;
mod step;
mod store_server;
mod suites;
mod system;
mod test;
mod tools;
mod venv;

use std::process::ExitCode;

use crate::args::Command;
use crate::repo::Repo;

/// The exit code that shells expect after wrong arguments.
const USAGE_ERROR: u8 = 2;

fn main() -> ExitCode {
    let command = match args::parse(std::env::args_os().skip(1)) {
        Ok(command) => command,
        Err(error) => {
            eprintln!("error: {error}\n`cargo xtask help` says what there is.");
            return ExitCode::from(USAGE_ERROR);
        }
    };
    match run(command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<ExitCode> {
    let repo = Repo::locate()?;
    match command {
        Command::Help => print!("{}", args::help()),
        Command::ListSuites => print!("{}", suites::listing()),
        Command::Test(suites) => return test::run(&repo, &suites),
        Command::Suite(suite) => (suite.run)(&repo)?,
        Command::LocalLlm(options) => local_llm::run(&repo, &options)?,
        Command::System(options) => match system::run(&repo, &options)? {},
        Command::Faults(options) => system::faults(&repo, &options)?,
        Command::Proof(options) => nats::prove(&repo, &options)?,
        Command::Bench(options) => bench::run(&repo, &options)?,
        Command::Attack { seconds } => attack::run(&repo, seconds)?,
        Command::Fuzz { seconds } => fuzz::run(&repo, seconds)?,
    }
    Ok(ExitCode::SUCCESS)
}
