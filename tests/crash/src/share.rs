//! Processes that share one file under odd conditions: one is stopped, the file has two names, lock files vanish.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Child, Command};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use clap::Args;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;
use turnwire::outbox::Durability;

use crate::journal::{self, Event, Journal};
use crate::kill::writer;
use crate::outbox_in;
use crate::verdict::judge;
use crate::writer::{Noting, enqueue, finish, outbox};

/// Time limit of a step.
const PATIENCE: Duration = Duration::from_secs(60);
/// Duration of the removal of lock files.
const CLEANING: Duration = Duration::from_secs(2);

#[derive(Args, Clone, Debug)]
pub(crate) struct Options {
    /// Number of records that each process enqueues.
    #[arg(long, default_value_t = 1500)]
    records: usize,
}

type Scene = fn(&Path, &Options) -> Result<()>;

/// A process that does not outlive the run.
struct Owned(Child);

impl Owned {
    fn start(command: &mut Command) -> Result<Self> {
        Ok(Owned(command.spawn()?))
    }

    fn pid(&self) -> Result<Pid> {
        Ok(Pid::from_raw(self.0.id().try_into()?))
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs the three of them.
pub(crate) fn run(options: &Options) -> Result<()> {
    let scenes: [(&str, Scene); 3] = [
        ("a process that is stopped in the middle of a write", stopped),
        ("one file under two names", named_twice),
        ("signs of life that are cleaned away", cleaned),
    ];
    for (name, scene) in scenes {
        let scratch = tempfile::tempdir()?;
        let played = scene(scratch.path(), options);
        let verdict = judge(&journal::read(scratch.path())?);
        println!("{name}\n{verdict}");
        if played.is_err() || !verdict.is_good() {
            bail!("{name}: {played:?}; see {}", scratch.keep().display());
        }
    }
    Ok(())
}

fn stopped(directory: &Path, _options: &Options) -> Result<()> {
    let journal = Journal::open(directory, "other")?;
    let sink = Noting { journal: journal.clone(), failing: 0, slowness: 100 };
    let outbox = outbox(directory, Durability::Os).sink(sink).start()?;
    let child = Owned::start(writer(directory, "stopped", 1_000_000)?.arg("--fsync"))?;
    let pid = child.pid()?;
    sleep(Duration::from_millis(200));
    // Each in a separate conversation, of which the other process has no records.
    let mut number = 100;
    let mut next = || {
        number += 1;
        enqueue(&outbox, &journal, "other", number, usize::MAX)
    };

    let by = Instant::now() + PATIENCE;
    loop {
        kill(pid, Signal::SIGSTOP)?;
        waitpid(pid, Some(WaitPidFlag::WUNTRACED))?;
        if !next()?.durable {
            break;
        }
        kill(pid, Signal::SIGCONT)?;
        ensure!(Instant::now() < by, "it was never stopped in the middle of a write");
        sleep(Duration::from_micros(fastrand::u64(..2000)));
    }
    let mut waits = Vec::new();
    for _ in 0..50 {
        let began = Instant::now();
        ensure!(!next()?.durable, "durable in a file that another process holds");
        waits.push(began.elapsed());
    }
    // A pause of the machine lengthens a single one.
    let long = waits.iter().filter(|wait| **wait >= Duration::from_millis(500)).count();
    ensure!(long <= 2, "{long} callers waited: {waits:?}");
    until("records in memory are delivered", || {
        let lines = journal::read(directory)?;
        let is_own =
            |event| lines.iter().filter(|l| l.event == event && l.id.starts_with("other")).count();
        Ok(is_own(Event::Delivered) >= is_own(Event::InMemory))
    })?;
    let said = outbox.stats().storage_error.unwrap_or_default();
    ensure!(said.contains("another process has held the file"), "{said}");

    kill(pid, Signal::SIGCONT)?;
    until("records are durable again", || Ok(next()?.durable))?;
    drop(child);
    until("what the killed process left is delivered", || Ok(outbox.stats().pending == 0))?;
    finish(&outbox, PATIENCE)
}

fn named_twice(directory: &Path, options: &Options) -> Result<()> {
    let other = directory.join("other");
    fs::create_dir(&other)?;
    symlink(outbox_in(directory), outbox_in(&other))?;
    let names = [outbox_in(directory), outbox_in(&other), other.join("../outbox.db")];
    share(directory, options, &names, |_| Ok(()))?;
    ensure!(fs::read_dir(&other)?.count() == 1, "there is something beside the link");
    Ok(())
}

fn cleaned(directory: &Path, options: &Options) -> Result<()> {
    let signs = directory.join("outbox.db.processes");
    let mut last = Instant::now();
    share(directory, options, &vec![outbox_in(directory); 3], move |round| {
        if last.elapsed() < CLEANING {
            return Ok(());
        }
        last = Instant::now();
        if round % 2 == 0 {
            let _ = fs::remove_dir_all(&signs);
        } else {
            for sign in fs::read_dir(&signs).into_iter().flatten().flatten() {
                let _ = fs::remove_file(sign.path());
            }
        }
        Ok(())
    })
}

/// Starts a process for each of these names of the file, and disturbs them until all have ended.
fn share(
    directory: &Path,
    options: &Options,
    names: &[std::path::PathBuf],
    mut disturb: impl FnMut(usize) -> Result<()>,
) -> Result<()> {
    let mut processes = Vec::new();
    for (n, name) in names.iter().enumerate() {
        let mut command = writer(directory, &format!("w{n}"), options.records)?;
        command.args(["--slowness", "30000", "--failing", "1", "--shares", "--outbox"]).arg(name);
        processes.push(Owned::start(&mut command)?);
    }
    let mut round = 0;
    let by = Instant::now() + 4 * PATIENCE;
    while !processes.is_empty() {
        disturb(round)?;
        round += 1;
        ensure!(Instant::now() < by, "the processes do not end");
        let mut running = Vec::new();
        for mut process in processes {
            match process.0.try_wait()? {
                Some(status) => ensure!(status.success(), "{status}"),
                None => running.push(process),
            }
        }
        processes = running;
        sleep(Duration::from_millis(20));
    }
    let last = writer(directory, "last", 0)?.status()?;
    ensure!(last.success(), "the last process: {last}");
    let verdict = judge(&journal::read(directory)?);
    ensure!(verdict.repeated == 0, "{} were delivered twice", verdict.repeated);
    let taken = verdict.durable + verdict.in_memory;
    ensure!(verdict.delivered == taken, "{} of {taken} were delivered", verdict.delivered);
    Ok(())
}

fn until(aim: &str, mut holds: impl FnMut() -> Result<bool>) -> Result<()> {
    let by = Instant::now() + PATIENCE;
    while !holds()? {
        ensure!(Instant::now() < by, "not within {} s: {aim}", PATIENCE.as_secs());
        sleep(Duration::from_millis(20));
    }
    Ok(())
}
