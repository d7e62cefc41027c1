//! A process that announces its forks, as a host language with hooks does: every child can use the files of its parent.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Args;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, alarm, fork};
use serde_json::json;
use tokio::runtime::Runtime;
use turnwire::conversation::StoreMessage;
use turnwire::outbox::{Durability, Outcome, Record, Sink};
use turnwire::{Outbox, SqliteStore, bridge};

use crate::writer::outbox;

const USER: &str = "user-of-the-run";
/// Time limit of a child in seconds, after which a signal ends it.
const LIMIT: u32 = 120;
/// Time limit of a record that was accepted in memory, below that of a child.
const DURABLE_WITHIN: Duration = Duration::from_secs(60);

#[derive(Args, Clone, Debug)]
pub(crate) struct Options {
    /// Number of forks.
    #[arg(long, default_value_t = 200)]
    forks: usize,
    /// Number of the parent's threads that use both files meanwhile.
    #[arg(long, default_value_t = 3)]
    threads: usize,
    /// Do not announce the forks, to see what that costs.
    #[arg(long)]
    silent: bool,
}

/// The files of the process.
struct Files {
    store: SqliteStore,
    outbox: Outbox,
    workspace: String,
}

/// A sink that accepts everything.
struct Nowhere;

#[turnwire::async_trait]
impl Sink for Nowhere {
    async fn deliver(&self, _: &Record) -> Outcome {
        Outcome::Delivered
    }
}

/// Forks while other threads are in the middle of calls of SQLite; each child must save, read, and enqueue durably.
pub(crate) fn run(options: &Options) -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let files = Files::open(scratch.path())?;
    let is_over = AtomicBool::new(false);
    let began = Instant::now();
    let saved = thread::scope(|scope| -> Result<usize> {
        let threads = (0..options.threads).map(|thread| {
            let (files, is_over) = (&files, &is_over);
            scope.spawn(move || {
                let (runtime, mut saved) = (runtime()?, 0);
                while !is_over.load(Ordering::SeqCst) {
                    files.use_both(&runtime, &format!("thread{thread}-{saved}"))?;
                    saved += 1;
                }
                Ok(saved)
            })
        });
        let threads: Vec<_> = threads.collect();
        let forked = (0..options.forks).try_for_each(|n| files.fork_once(n, !options.silent));
        is_over.store(true, Ordering::SeqCst);
        let join = |thread: thread::ScopedJoinHandle<'_, Result<usize>>| {
            thread.join().map_err(|_| anyhow::anyhow!("a thread panicked"))?
        };
        let saved = threads.into_iter().map(join).sum::<Result<usize>>();
        forked.and(saved)
    })?;
    let runtime = runtime()?;
    let found = runtime.block_on(files.store.history(USER, &files.workspace))?.len();
    ensure!(found == saved + options.forks, "{found} of {} are stored", saved + options.forks);
    println!(
        "{} announced forks in {:.1} s, while {} threads saved {saved} messages: all {found} are stored",
        options.forks,
        began.elapsed().as_secs_f64(),
        options.threads,
    );
    Ok(())
}

impl Files {
    fn open(directory: &Path) -> Result<Self> {
        let store = SqliteStore::open(directory.join("chat.db"))?;
        let outbox = outbox(directory, Durability::Os).sink(Nowhere).start()?;
        let workspace = runtime()?.block_on(store.create_workspace(USER, "all"))?.id;
        Ok(Files { store, outbox, workspace })
    }

    fn use_both(&self, runtime: &Runtime, id: &str) -> Result<()> {
        let mut message = StoreMessage::from_user(&self.workspace, USER, id, 1);
        id.clone_into(&mut message.id);
        runtime.block_on(self.store.save(USER, &message)).context("saving")?;
        let receipt = self.outbox.enqueue(Record::new("c", id, json!({})))?;
        // On a busy machine the file may be held by the other processes for longer than a caller waits; then the worker writes the
        // record a moment later.
        let by = Instant::now() + DURABLE_WITHIN;
        let mut is_durable = receipt.durable;
        while !is_durable {
            let stats = self.outbox.stats();
            is_durable = stats.not_durable == 0;
            ensure!(is_durable || Instant::now() < by, "the record is in memory only: {stats:?}");
            thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }

    /// Forks one child, which uses both files, and waits for it.
    fn fork_once(&self, n: usize, is_announced: bool) -> Result<()> {
        if is_announced {
            bridge::before_fork();
        }
        // SAFETY: the child does what servers' forked workers do: it allocates, locks and starts threads. glibc allows
        // that in a child of a process with threads, and it is what this run is about.
        let forked = unsafe { fork() };
        if is_announced && !matches!(forked, Ok(ForkResult::Child)) {
            bridge::after_fork();
        }
        match forked? {
            ForkResult::Child => {
                alarm::set(LIMIT);
                let done = self.in_child(&format!("child{n}"));
                if let Err(error) = &done {
                    eprintln!("child {n}: {error:#}");
                }
                std::process::exit(i32::from(done.is_err()))
            }
            ForkResult::Parent { child } => {
                let ended = waitpid(child, None)?;
                ensure!(matches!(ended, WaitStatus::Exited(_, 0)), "child {n}: {ended:?}");
                Ok(())
            }
        }
    }

    fn in_child(&self, id: &str) -> Result<()> {
        let runtime = runtime()?;
        self.use_both(&runtime, id)?;
        let history = runtime.block_on(self.store.history(USER, &self.workspace))?;
        ensure!(history.iter().any(|message| message.id == id), "its message is not there");
        // Its runtime has threads that may not end with it.
        std::mem::forget(runtime);
        Ok(())
    }
}

fn runtime() -> Result<Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}
