//! One row: a process that uses a client, forks at a moment, and continues.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, alarm, fork};
use tokio::runtime::Runtime;
use turnwire::ErrorKind;

use super::Place;
use super::clients::{Client, Reading, find};

/// The conversation of work that never ends.
pub(super) const HUNG: &str = "hung";

/// Time limit of a process in seconds, after which a signal ends it.
const LIMIT: u32 = 120;

/// The same for a child, so that its parent reports it.
const LIMIT_OF_CHILD: u32 = 90;

/// Time limit of a child's `flush` and `shutdown` together, far below their deadline.
const LEAVING: Duration = Duration::from_secs(20);

/// The moment of a fork.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    /// Between calls; the child forks again.
    Idle,
    /// During a stream.
    Stream,
    /// While other threads are inside calls.
    Busy,
    /// During background work that never ends.
    Unfinished,
}

pub(super) const MOMENTS: [Moment; 4] =
    [Moment::Idle, Moment::Stream, Moment::Busy, Moment::Unfinished];

impl Moment {
    pub(super) fn name(self) -> &'static str {
        match self {
            Moment::Idle => "idle",
            Moment::Stream => "stream",
            Moment::Busy => "busy",
            Moment::Unfinished => "unfinished",
        }
    }

    pub(super) fn named(name: &str) -> Result<Self> {
        let found = MOMENTS.into_iter().find(|moment| moment.name() == name);
        found.with_context(|| format!("there is no moment {name:?}"))
    }

    /// The processes that must have sent requests.
    pub(super) fn processes(self, forks: usize) -> Vec<String> {
        let children = match self {
            Moment::Busy => forks,
            // The child has a child.
            Moment::Idle => 2,
            Moment::Stream | Moment::Unfinished => 1,
        };
        let children = (0..children).map(|n| format!("child{n}e"));
        children.chain(["parent0e", "parent1e"].map(str::to_owned)).collect()
    }
}

/// Runs a row in this process, which was started for it.
pub(super) fn run(name: &str, moment: Moment, forks: usize, place: &Place) -> Result<()> {
    alarm::set(LIMIT);
    let runtime = runtime()?;
    let mut used = Some(find(name)?.open(place)?);
    let client = || used.as_deref().context("the parent keeps its client");
    client()?.call(runtime, "parent0e").context("the parent's first call")?;
    if moment == Moment::Busy {
        return busy(client()?, runtime, forks);
    }
    let mut reading = match moment {
        Moment::Stream => Some(client()?.begin(runtime, "parent2e")?),
        _ => None,
    };
    if let Some(reading) = &mut reading {
        ensure!(reading.next(runtime)?, "the stream ended before the fork");
    }
    if moment == Moment::Unfinished {
        client()?.hang(runtime)?;
        // The model's service answers its second call never: that has to be this one, and not the child's.
        if client()?.hangs_at_the_model() {
            until_asked(&place.llm).context("the call that is never answered")?;
        }
    }
    in_child(|| {
        let runtime = self::runtime()?;
        if let Some(mut reading) = reading.take() {
            refused(&mut *reading, runtime)?;
        }
        let own = used.take().context("the child has a client")?;
        own.call(runtime, "child0e").context("the child's call")?;
        if moment == Moment::Idle {
            in_child(|| {
                let runtime = self::runtime()?;
                own.call(runtime, "child1e").context("the grandchild's call")?;
                leave(&*own, runtime)
            })?;
        }
        leave(&*own, runtime)
    })?;
    let client = used.as_deref().context("the parent keeps its client")?;
    if let Some(reading) = &mut reading {
        while reading.next(runtime).context("the parent's stream after the fork")? {}
    }
    client.call(runtime, "parent1e").context("the parent's call after the fork")?;
    match moment {
        Moment::Unfinished => Ok(()),
        _ => leave(client, runtime),
    }
}

/// Waits until the fake at this URL has the request of the work that never ends.
fn until_asked(llm: &str) -> Result<()> {
    let host = llm.trim_start_matches("http://").split('/').next().unwrap_or_default();
    loop {
        let mut fake = TcpStream::connect(host)?;
        write!(fake, "GET /_fake/requests HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        fake.read_to_string(&mut answer)?;
        if answer.contains(HUNG) {
            return Ok(());
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// Forks while two threads are inside calls.
fn busy(client: &dyn Client, runtime: &'static Runtime, forks: usize) -> Result<()> {
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let threads = [(); 2].map(|()| {
            scope.spawn(|| -> Result<()> {
                while !is_over.load(Ordering::SeqCst) {
                    client.call(runtime, "parent1e")?;
                }
                Ok(())
            })
        });
        let forked = (0..forks).try_for_each(|n| {
            in_child(|| {
                let runtime = self::runtime()?;
                client.call(runtime, &format!("child{n}e")).context("the child's call")?;
                leave(client, runtime)
            })
        });
        is_over.store(true, Ordering::SeqCst);
        for thread in threads {
            let Ok(called) = thread.join() else { bail!("a thread of the parent panicked") };
            called.context("a call of the parent beside the forks")?;
        }
        forked
    })?;
    leave(client, runtime)
}

/// Runs `work` in a forked child and waits for its end. In the parent, `work` is dropped without a call.
fn in_child(work: impl FnOnce() -> Result<()>) -> Result<()> {
    // SAFETY: the child does what servers' forked workers do: it allocates, locks and starts threads. glibc allows
    // that in a child of a process with threads, and it is what this run is about.
    match unsafe { fork() }? {
        ForkResult::Child => {
            alarm::set(LIMIT_OF_CHILD);
            let done = work();
            if let Err(error) = &done {
                eprintln!("in the child: {error:#}");
            }
            std::process::exit(i32::from(done.is_err()))
        }
        ForkResult::Parent { child } => match waitpid(child, None)? {
            WaitStatus::Exited(_, 0) => Ok(()),
            WaitStatus::Signaled(_, Signal::SIGALRM, _) => bail!("the child hung"),
            ended => bail!("the child ended as {ended:?}"),
        },
    }
}

/// The parent's stream returns `forked` in the child, at once, and is dropped there.
fn refused(reading: &mut dyn Reading, runtime: &'static Runtime) -> Result<()> {
    // Chunks that were read before the fork are in memory.
    for _ in 0..64 {
        match reading.next(runtime) {
            Ok(true) => {}
            Ok(false) => bail!("the parent's stream ended well in the child"),
            Err(error) => {
                ensure!(
                    error.kind() == ErrorKind::Forked,
                    "the parent's stream in the child: {error}"
                );
                return Ok(());
            }
        }
    }
    bail!("the child reads its parent's stream")
}

/// Flushes and shuts down, without waiting for the work of another process.
fn leave(client: &dyn Client, runtime: &'static Runtime) -> Result<()> {
    let began = Instant::now();
    client.leave(runtime).context("flush and shutdown")?;
    let took = began.elapsed();
    ensure!(took < LEAVING, "flush and shutdown took {took:?}");
    Ok(())
}

/// A runtime of this process, which is never dropped: its threads and sockets are its own.
fn runtime() -> Result<&'static Runtime> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    Ok(Box::leak(Box::new(runtime)))
}
