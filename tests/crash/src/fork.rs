//! A process that forks while records are queued, and while its other threads are in the middle of calls.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use clap::Args;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, fork};
use turnwire::Outbox;
use turnwire::outbox::Durability;

use crate::journal::{self, Journal};
use crate::kill::writer;
use crate::verdict::judge;
use crate::writer::{Noting, enqueue, finish, outbox, wait_for};

const CONVERSATIONS: usize = 4;
/// Number of records that a child enqueues.
const OF_A_CHILD: usize = 25;
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Args, Clone, Debug)]
pub(crate) struct Options {
    /// Number of forks.
    #[arg(long, default_value_t = 20)]
    forks: usize,
    /// Number of the parent's threads that enqueue records meanwhile.
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Directory of the forking process; set when this program starts itself.
    #[arg(long, hide = true)]
    within: Option<std::path::PathBuf>,
}

/// Forks with idle threads, then with busy ones, and checks both sides.
pub(crate) fn run(options: &Options) -> Result<()> {
    if let Some(directory) = &options.within {
        return parent(directory, options);
    }
    for threads in [0, options.threads] {
        let scratch = tempfile::tempdir()?;
        let status = Command::new(std::env::current_exe()?)
            .args(["fork", "--forks", &options.forks.to_string()])
            .args(["--threads", &threads.to_string(), "--within"])
            .arg(scratch.path())
            .status()?;
        let last = writer(scratch.path(), "last", 0)?.status()?;
        let verdict = judge(&journal::read(scratch.path())?);
        println!("{} forks while {threads} threads take records\n{verdict}", options.forks);
        if !status.success() || !last.success() || !verdict.is_good() || verdict.repeated > 0 {
            bail!("{status}, {last}; see {}", scratch.keep().display());
        }
    }
    Ok(())
}

fn parent(directory: &Path, options: &Options) -> Result<()> {
    let journal = Journal::open(directory, "first")?;
    let sink = Noting { journal: journal.clone(), failing: 0, slowness: 3000 };
    let outbox = outbox(directory, Durability::Os).sink(sink).start()?;
    let (number, is_over) = (AtomicUsize::new(0), AtomicBool::new(false));
    thread::scope(|scope| -> Result<()> {
        for thread in 0..options.threads {
            let (outbox, journal, number, is_over) = (&outbox, &journal, &number, &is_over);
            scope.spawn(move || -> Result<()> {
                // Separate conversations, as only one thread can define the order in one.
                let name = format!("thread{thread}");
                while !is_over.load(Ordering::SeqCst) {
                    let n = number.fetch_add(1, Ordering::SeqCst);
                    enqueue(outbox, journal, &name, n, CONVERSATIONS)?;
                    thread::sleep(Duration::from_micros(fastrand::u64(..2000)));
                }
                Ok(())
            });
        }
        let forked = (0..options.forks).try_for_each(|turn| {
            for n in 0..10 {
                enqueue(&outbox, &journal, &format!("parent{turn}"), n, CONVERSATIONS)?;
            }
            fork_once(&outbox, &journal, turn)
        });
        is_over.store(true, Ordering::SeqCst);
        forked
    })?;
    finish(&outbox, PATIENCE)
}

/// Forks one child, which continues with its inherited outbox, and waits for it.
fn fork_once(outbox: &Outbox, journal: &Journal, turn: usize) -> Result<()> {
    // SAFETY: the child does what servers' forked workers do: it allocates, locks and starts threads. glibc allows
    // that in a child of a process with threads, and it is what this run is about.
    match unsafe { fork() }? {
        ForkResult::Child => {
            let name = format!("child{turn}");
            let take = |n| enqueue(outbox, journal, &name, n, CONVERSATIONS).map(drop);
            let done = (0..OF_A_CHILD).try_for_each(take).and_then(|()| leave(outbox));
            if let Err(error) = &done {
                eprintln!("{name}: {error:#}: {:?}", outbox.stats());
            }
            std::process::exit(i32::from(done.is_err()))
        }
        ForkResult::Parent { child } => {
            let ended = waitpid(child, None)?;
            ensure!(matches!(ended, WaitStatus::Exited(_, 0)), "child {turn}: {ended:?}");
            Ok(())
        }
    }
}

/// A child's end: its own records are delivered, and its parent's stay with the parent.
fn leave(outbox: &Outbox) -> Result<()> {
    let began = Instant::now();
    let report = wait_for(outbox.shutdown(PATIENCE))?;
    ensure!(began.elapsed() < PATIENCE, "the child had to wait until its deadline");
    ensure!(report.dead == 0 && outbox.stats().not_durable == 0, "{report:?}");
    Ok(())
}
