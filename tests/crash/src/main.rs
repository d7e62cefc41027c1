//! Kills processes that use an outbox, and checks the result.
//!
//! ```sh
//! cargo run --release -p turnwire-crash -- kill       # kill -9 at random, four processes on one file
//! cargo run --release -p turnwire-crash -- sweep      # kill at each write, and let each write fail, in turn
//! cargo run --release -p turnwire-crash -- fork       # fork with records queued, and in the middle of calls
//! cargo run --release -p turnwire-crash -- announced  # forks that are announced, in the middle of calls
//! cargo run --release -p turnwire-crash -- inherit    # fork with each client in use, and use it in both processes
//! cargo run --release -p turnwire-crash -- host -- …  # kill -9 a program of another language amid its turns
//! cargo run --release -p turnwire-crash -- hang       # end while the service hangs
//! cargo run --release -p turnwire-crash -- opening    # kill -9 while turns open new workspaces
//! cargo run --release -p turnwire-crash -- full       # a disk that is full, and one that is read-only
//! cargo run --release -p turnwire-crash -- store      # kill -9 at random, four processes on one embedded store
//! cargo run --release -p turnwire-crash -- share      # one process stopped, two names of the file, lock files removed
//! cargo run --release -p turnwire-crash -- stop       # stop turns of another process
//! ```
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line program prints for its user"
)]

mod announced;
mod fork;
mod full;
mod hang;
mod host;
mod inherit;
mod journal;
mod kill;
mod opening;
mod share;
mod stop;
mod store;
mod sweep;
mod verdict;
mod writer;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(about = "Kills processes that use an outbox, and checks the result")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Kills processes that share one file at random moments, and starts others in their place.
    Kill(kill::Options),
    /// Runs one process under strace repeatedly: killed at its first write or sync of the file, at its second,
    /// and so on; then with each of them failing with a full disk or an I/O error.
    Sweep(sweep::Options),
    /// Forks while records are queued and other threads use the outbox; both processes continue to use it.
    Fork(fork::Options),
    /// Forks while other threads use two files; as the forks are announced, every child can use both.
    Announced(announced::Options),
    /// Uses each client in a process, its forked child, and the process again; at several moments.
    Inherit(inherit::Options),
    /// Ends a process whose service hangs; the next one delivers.
    Hang(hang::Options),
    /// Kills processes of another language whose turns queue messages.
    Host(host::Options),
    /// Kills processes whose turns open new workspaces; the next one continues.
    Opening(opening::Options),
    /// Fills the disk of an outbox and makes it read-only, and then frees space again.
    Full(full::Options),
    /// Stops a process in the middle of a write, opens the file under two names, and removes the lock files.
    Share(share::Options),
    /// Kills processes that save to one embedded store at random moments.
    Store(store::Options),
    /// Stops turns of another process that shares the file, on a busy machine.
    Stop(stop::Options),
    /// One process that enqueues and delivers records; the other commands start it.
    #[command(hide = true)]
    Write(writer::Options),
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Kill(options) => kill::run(&options),
        Command::Sweep(options) => sweep::run(&options),
        Command::Fork(options) => fork::run(&options),
        Command::Announced(options) => announced::run(&options),
        Command::Inherit(options) => inherit::run(&options),
        Command::Hang(options) => hang::run(&options),
        Command::Host(options) => host::run(&options),
        Command::Opening(options) => opening::run(&options),
        Command::Full(options) => full::run(&options),
        Command::Share(options) => share::run(&options),
        Command::Store(options) => store::run(&options),
        Command::Stop(options) => stop::run(&options),
        Command::Write(options) => writer::run(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Path of a run's outbox.
fn outbox_in(directory: &std::path::Path) -> PathBuf {
    directory.join("outbox.db")
}
