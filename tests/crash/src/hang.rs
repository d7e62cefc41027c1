//! A process that ends while its service hangs: in time, and with nothing lost.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use turnwire::outbox::{Durability, Outcome, Record, Sink};

use crate::journal::{self, Journal};
use crate::kill::writer;
use crate::verdict::judge;
use crate::writer::{enqueue, outbox, wait_for};

const RECORDS: usize = 200;

/// The most processes of which one has to be gone in time: a pause of the machine delays others.
const MOST: usize = 5;

#[derive(Args, Clone, Debug)]
pub(crate) struct Options {
    /// The deadline of the end, in milliseconds.
    #[arg(long, default_value_t = 500)]
    deadline: u64,
    /// Tolerance for the end of the process, in milliseconds.
    #[arg(long, default_value_t = 100)]
    slack: u64,
    /// Directory of the process; set when this program starts itself.
    #[arg(long, hide = true)]
    within: Option<PathBuf>,
    /// Makes the sink block its thread.
    #[arg(long, hide = true)]
    blocks: bool,
}

/// A sink that never answers.
struct Hangs {
    blocks: bool,
}

#[turnwire::async_trait]
impl Sink for Hangs {
    async fn deliver(&self, _record: &Record) -> Outcome {
        if self.blocks {
            std::thread::sleep(Duration::from_secs(3600));
        }
        std::future::pending().await
    }
}

/// Ends a process whose sink waits forever, then one whose sink blocks its thread forever.
pub(crate) fn run(options: &Options) -> Result<()> {
    if let Some(directory) = &options.within {
        return hang(directory, options);
    }
    let limit = Duration::from_millis(options.deadline + options.slack);
    for blocks in [false, true] {
        let mut took = Vec::new();
        while took.last().is_none_or(|took| *took > limit) {
            ensure!(took.len() < MOST, "the processes were gone only after {took:?}");
            took.push(end(options, blocks)?);
        }
    }
    Ok(())
}

/// Ends a process, and lets the next one deliver its records; returns the time that the end took.
fn end(options: &Options, blocks: bool) -> Result<Duration> {
    let scratch = tempfile::tempdir()?;
    let mut process = Command::new(std::env::current_exe()?)
        .args(["hang", "--deadline", &options.deadline.to_string(), "--within"])
        .arg(scratch.path())
        .args(blocks.then_some("--blocks"))
        .stdout(Stdio::piped())
        .spawn()?;
    // It prints a line when its end begins.
    let output = process.stdout.take().context("no output")?;
    BufReader::new(output).read_line(&mut String::new())?;
    let began = Instant::now();
    let status = process.wait()?;
    let took = began.elapsed();
    let last = writer(scratch.path(), "last", 0)?.status()?;
    let verdict = judge(&journal::read(scratch.path())?);
    let how = if blocks { "blocks its thread" } else { "waits" };
    println!(
        "a sink that {how}: gone {} ms after the end began, deadline {} ms\n{verdict}",
        took.as_millis(),
        options.deadline
    );
    if !status.success() || !last.success() || !verdict.is_good() {
        bail!("{status}, {last}; see {}", scratch.keep().display());
    }
    ensure!(verdict.delivered == RECORDS, "the next process delivered {}", verdict.delivered);
    Ok(took)
}

fn hang(directory: &Path, options: &Options) -> Result<()> {
    let journal = Journal::open(directory, "first")?;
    let outbox =
        outbox(directory, Durability::Os).sink(Hangs { blocks: options.blocks }).start()?;
    for n in 0..RECORDS {
        enqueue(&outbox, &journal, "first", n, 20)?;
    }
    println!("the end begins");
    let deadline = Duration::from_millis(options.deadline);
    let report = wait_for(outbox.shutdown(deadline))?;
    ensure!(report.pending == RECORDS as u64, "{report:?}");
    Ok(())
}
