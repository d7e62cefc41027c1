//! The long form of the tests: many records through each server, with faults of the store, and processes and servers that
//! are killed. It prints one table, in which the first four numbers of each row must be zero; the
//! last ones count the faults, of which none may be missing.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints a table")]

use std::io::Write;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;
use turnwire_nats_tests::run::{Plan, Programs, Ran, crash, run};
use turnwire_nats_tests::{Broker, Program, Verdict};

/// The couriers that each run kills.
const COURIER_KILLS: usize = 10;
/// The publishers that each run kills.
const PUBLISHER_KILLS: usize = 3;

#[derive(Parser)]
struct Arguments {
    /// Number of records of each run.
    #[arg(long, default_value_t = 100_000)]
    records: usize,
    /// Numbers from which faults are drawn, with commas between: a run each.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 2, 3])]
    seeds: Vec<u64>,
}

/// The faults of a run besides those of the store.
#[derive(Clone, Copy)]
enum Faults {
    /// Couriers and publishers are killed.
    Processes,
    /// They are killed, and the server restarts twice in an orderly way.
    Restarts,
    /// They are killed, and so is the server, twice; it writes each message to the disk before it confirms it.
    Crashes,
}

impl Faults {
    fn title(self) -> &'static str {
        match self {
            Faults::Processes => "processes killed",
            Faults::Restarts => "and server restarted",
            Faults::Crashes => "and server killed, synced",
        }
    }
}

fn main() -> ExitCode {
    match prove(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            eprintln!("proof: a number that must be zero is not, or a fault was not there");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("proof: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn prove(arguments: &Arguments) -> Result<bool> {
    println!(
        "{} records, 3 publishers, 3 couriers, 64 partitions; 30 % of saves fail; {COURIER_KILLS} couriers and {PUBLISHER_KILLS} publishers are to be killed\n",
        arguments.records
    );
    println!(
        "{:10} {:26} {:>4} {:>6} {:>8} {:>14} {:>13} | {:>9} {:>6} {:>10} {:>6} {:>9} | {:>8} {:>10} {:>8}",
        "server",
        "faults",
        "seed",
        "lost",
        "wrong",
        "counted twice",
        "out of order",
        "repeated",
        "late",
        "uncounted",
        "s",
        "records/s",
        "couriers",
        "publishers",
        "restarts"
    );
    let mut is_good = true;
    for program in [Program::debian()?, Program::recent()?] {
        let crashes = program.can_sync_always()?.then_some(Faults::Crashes);
        for faults in [Faults::Processes, Faults::Restarts].into_iter().chain(crashes) {
            for seed in &arguments.seeds {
                let plan = Plan {
                    courier_kills: COURIER_KILLS,
                    publisher_kills: PUBLISHER_KILLS,
                    ..Plan::new(arguments.records, *seed)
                };
                let ran = one(&program, faults, &plan)?;
                print_row(&program.version()?, faults, *seed, &ran)?;
                is_good &= ran.verdict.is_good() && ran.has_faults_of(&plan);
            }
        }
    }
    Ok(is_good)
}

fn one(program: &Program, faults: Faults, plan: &Plan) -> Result<Ran> {
    let jetstream = match faults {
        Faults::Crashes => "sync_interval: always",
        Faults::Processes | Faults::Restarts => "",
    };
    let mut broker = Broker::with(program, jetstream, "")?;
    let url = broker.url();
    let mut disturb = || match faults {
        Faults::Processes => Ok(()),
        Faults::Restarts => broker.stop().and_then(|()| broker.restart()),
        Faults::Crashes => crash(&mut broker),
    };
    run(&programs()?, &url, plan, &mut disturb)
        .with_context(|| format!("{}, seed {}", faults.title(), plan.seed))
}

fn print_row(version: &str, faults: Faults, seed: u64, ran: &Ran) -> Result<()> {
    let Verdict { records, lost, wrong, counted_twice, out_of_order, .. } = ran.verdict;
    let Verdict { repeated, repeated_late, uncounted, .. } = ran.verdict;
    let seconds = ran.took.as_secs_f64();
    let restarts = match faults {
        Faults::Processes => 0,
        Faults::Restarts | Faults::Crashes => ran.disturbances,
    };
    println!(
        "{version:10} {:26} {seed:>4} {lost:>6} {wrong:>8} {counted_twice:>14} {out_of_order:>13} | \
         {:>9} {repeated_late:>6} {uncounted:>10} {seconds:>6.0} {:>9.0} | {:>8} {:>10} {restarts:>8}",
        faults.title(),
        repeated + repeated_late,
        records as f64 / seconds,
        ran.courier_kills,
        ran.publisher_kills,
    );
    Ok(std::io::stdout().flush()?)
}

/// The other programs, beside this one.
fn programs() -> Result<Programs> {
    let own = std::env::current_exe()?;
    Ok(Programs {
        publisher: own.with_file_name("publisher"),
        courier: own.with_file_name("courier"),
    })
}
