//! A full disk and a read-only one, on a small file system of this program.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use turnwire::outbox::{Durability, Outcome, Record, Sink};
use turnwire::{ErrorKind, Outbox};

use crate::journal::{self, Journal};
use crate::outbox_in;
use crate::verdict::judge;
use crate::writer::{Noting, enqueue, finish, outbox};

const NAME: &str = "first";
const CONVERSATIONS: usize = 4;

#[derive(Args, Clone, Debug)]
pub(crate) struct Options {
    /// Directory of the process in its own namespaces; set when this program starts itself.
    #[arg(long, hide = true)]
    within: Option<PathBuf>,
}

/// A sink that is unreachable up to some moment.
struct Gated(Arc<AtomicBool>, Noting);

#[turnwire::async_trait]
impl Sink for Gated {
    async fn deliver(&self, record: &Record) -> Outcome {
        if self.0.load(Ordering::SeqCst) {
            return self.1.deliver(record).await;
        }
        Outcome::unavailable("not reached yet")
    }
}

/// Runs in its own namespaces, where it may mount file systems.
pub(crate) fn run(options: &Options) -> Result<()> {
    if let Some(directory) = &options.within {
        return fill(directory);
    }
    let scratch = tempfile::tempdir()?;
    let status = Command::new("unshare")
        .arg("--user")
        .args(["--map-root-user", "--mount", "--"])
        .arg(std::env::current_exe()?)
        .args(["full", "--within"])
        .arg(scratch.path())
        .status()
        .context("running unshare")?;
    let verdict = judge(&journal::read(scratch.path())?);
    println!("a disk that was full, then read-only\n{verdict}");
    if !status.success() || !verdict.is_good() {
        bail!("{status}; see {}", scratch.keep().display());
    }
    ensure!(verdict.in_memory > 0, "the disk was never full");
    ensure!(verdict.delivered == verdict.durable + verdict.in_memory, "records were lost");
    Ok(())
}

fn fill(directory: &Path) -> Result<()> {
    let disk = directory.join("disk");
    std::fs::create_dir(&disk)?;
    mount(&disk, &["-t", "tmpfs", "-o", "size=16m", "tmpfs"])?;
    let journal = Journal::open(directory, NAME)?;
    let is_reached = Arc::new(AtomicBool::new(false));
    let sink = Noting { journal: journal.clone(), failing: 0, slowness: 100 };
    let outbox = outbox(&disk, Durability::Os).sink(Gated(is_reached.clone(), sink)).start()?;
    let mut n = 0;
    let mut next = || -> Result<bool> {
        n += 1;
        Ok(enqueue(&outbox, &journal, NAME, n, CONVERSATIONS)?.durable)
    };
    for _ in 0..50 {
        ensure!(next()?, "there is space, but a record is not durable");
    }

    let ballast = disk.join("ballast");
    // Until no space is left.
    ensure!(std::fs::write(&ballast, vec![0; 128 << 20]).is_err(), "the disk takes everything");
    let mut in_memory = 0;
    for _ in 0..2000 {
        in_memory += usize::from(!next()?);
    }
    let stats = outbox.stats();
    ensure!(in_memory > 0 && stats.storage_error.is_some(), "{in_memory} in memory; {stats:?}");
    balance(&outbox)?;
    std::fs::remove_file(&ballast)?;
    recover(&outbox, &mut next)?;

    read_only(directory, &disk)?;
    is_reached.store(true, Ordering::SeqCst);
    finish(&outbox, Duration::from_secs(60))?;
    ensure!(outbox_in(&disk).exists(), "the file is gone");
    Ok(())
}

/// The same disk through a read-only mount.
fn read_only(directory: &Path, disk: &Path) -> Result<()> {
    let seen = directory.join("read-only");
    std::fs::create_dir(&seen)?;
    mount(&seen, &["--bind", &disk.display().to_string()])?;
    mount(&seen, &["-o", "remount,bind,ro"])?;
    for path in [seen.join("another/outbox.db"), outbox_in(&seen)] {
        let refusal = Outbox::open(&path).err();
        let refusal = refusal.with_context(|| format!("{} was opened", path.display()))?;
        let line = refusal.to_string();
        ensure!(refusal.kind() == ErrorKind::Storage && line.contains("Read-only"), "{line}");
    }
    Ok(())
}

/// Waits until records are durable again, and none is in memory only.
fn recover(outbox: &Outbox, next: &mut impl FnMut() -> Result<bool>) -> Result<()> {
    let by = Instant::now() + Duration::from_secs(60);
    while !next()? || outbox.stats().not_durable > 0 {
        ensure!(Instant::now() < by, "not durable again: {:?}", outbox.stats());
        std::thread::sleep(Duration::from_millis(20));
    }
    balance(outbox)
}

fn balance(outbox: &Outbox) -> Result<()> {
    let stats = outbox.stats();
    let gone = stats.delivered + stats.dead + stats.discarded;
    ensure!(stats.accepted + stats.recovered == gone + stats.pending, "{stats:?}");
    Ok(())
}

fn mount(at: &Path, arguments: &[&str]) -> Result<()> {
    let status = Command::new("mount").args(arguments).arg(at).status().context("running mount")?;
    ensure!(status.success(), "mount {arguments:?}: {status}");
    Ok(())
}
