//! Kills processes that share one file at random moments.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::journal::{self, Event, Journal};
use crate::verdict::judge;

#[derive(Args, Clone, Debug)]
pub(crate) struct Options {
    /// Number of durable records to reach.
    #[arg(long, default_value_t = 50_000)]
    records: usize,
    /// Number of processes that share the file.
    #[arg(long, default_value_t = 4)]
    processes: usize,
    /// The longest life of a process, in milliseconds.
    #[arg(long, default_value_t = 1500)]
    life: u64,
    /// Seed of the random numbers, to repeat a run.
    #[arg(long)]
    seed: Option<u64>,
    /// Keep outbox and journal here; otherwise they are removed after the run, unless it fails.
    #[arg(long)]
    directory: Option<std::path::PathBuf>,
}

/// A process with the time of its kill.
struct Doomed {
    child: Child,
    dies_at: Instant,
}

impl Doomed {
    /// Kills it and waits for its end. It must not have ended before.
    fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        let status = self.child.wait()?;
        if status.code().is_some() {
            bail!("a process ended by itself: {status}");
        }
        Ok(())
    }
}

impl Drop for Doomed {
    fn drop(&mut self) {
        // A failing run must leave no process behind; the kill of a dead process may fail.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs until there are enough durable records, then lets one process deliver the rest, and checks the result.
pub(crate) fn run(options: &Options) -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let directory = options.directory.as_deref().unwrap_or(scratch.path());
    std::fs::create_dir_all(directory)?;
    let seed = options.seed.unwrap_or_else(|| fastrand::u64(..));
    let mut random = fastrand::Rng::with_seed(seed);
    // Created here, as it is read before any process may have opened it.
    Journal::open(directory, "kill")?;
    println!("{} processes on one file, seed {seed}", options.processes);

    let (begin, mut kills, mut started) = (Instant::now(), 0, 0);
    let mut start = |random: &mut fastrand::Rng| -> Result<Doomed> {
        started += 1;
        let child = writer(directory, &format!("w{started}"), 1_000_000)?.spawn()?;
        let life = Duration::from_millis(random.u64(1..=options.life));
        Ok(Doomed { child, dies_at: Instant::now() + life })
    };
    let mut processes =
        (0..options.processes).map(|_| start(&mut random)).collect::<Result<Vec<_>>>()?;
    loop {
        let now = Instant::now();
        for doomed in processes.iter_mut().filter(|doomed| doomed.dies_at <= now) {
            doomed.kill()?;
            kills += 1;
            *doomed = start(&mut random)?;
        }
        // Counting is slow, so not after every kill.
        if kills % 8 == 0 && durable(directory)? >= options.records {
            break;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    for mut doomed in processes {
        doomed.kill()?;
        kills += 1;
    }
    let took = begin.elapsed();
    let status = writer(directory, "last", 0)?.args(["--patience", "600"]).status()?;
    if !status.success() {
        bail!("what was left was not delivered: {status}");
    }
    let verdict = judge(&journal::read(directory)?);
    println!("  killed                   {kills:>8}   in {:.1} s\n{verdict}", took.as_secs_f64());
    if !verdict.is_good() {
        let kept = scratch.keep();
        bail!("records were lost or mistreated; see {}", kept.display());
    }
    Ok(())
}

/// A process that enqueues and delivers records.
pub(crate) fn writer(directory: &Path, name: &str, records: usize) -> Result<Command> {
    let mut command = Command::new(std::env::current_exe().context("finding this program")?);
    command.args(["write", "--name", name, "--records", &records.to_string(), "--directory"]);
    command.arg(directory).stdin(Stdio::null());
    Ok(command)
}

fn durable(directory: &Path) -> Result<usize> {
    let lines = journal::read(directory)?;
    Ok(lines.iter().filter(|line| line.event == Event::Durable).count())
}
