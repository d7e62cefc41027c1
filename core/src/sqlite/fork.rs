//! Inherited handles: the use of SQLite in a forked child.
//!
//! SQLite records for each open file which locks the process holds, and reuses them without asking the system. A child
//! inherits this record, but not the locks. So it acquires, explicitly and for its whole life, the two locks that
//! SQLite assumes because of the parent's open connections. A fork in the middle of a call cannot be repaired: SQLite's
//! own mutexes may stay locked for ever. Then the child does not use SQLite at all. Where forks are announced
//! ([`before`]), they wait for the calls instead, and new calls wait for them.

use std::fs::OpenOptions;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use super::gate::Gate;
use super::locks::{Range, lock};
use crate::error::Result;
use crate::process::PerProcess;

static GATE: Gate = Gate::new();
/// The process that first used SQLite.
static FIRST: AtomicU32 = AtomicU32::new(0);
static INHERITED: PerProcess<Inherited> = PerProcess::new();

/// The byte ranges of SQLite's file format: `SHARED_FIRST` and `SHARED_SIZE` of the database, and the "dead man switch"
/// of its wal-index.
const SHARED: Range = Range { start: 0x4000_0002, len: 510 };
const DEAD_MAN_SWITCH: Range = Range { start: 128, len: 1 };

/// The longest wait of a fork for the calls of SQLite that are running. Most take less than a millisecond, and those that
/// wait for the disk some milliseconds; one that waits for another process's write may take longer.
#[cfg(feature = "bridge")]
const BEFORE_FORK: Duration = Duration::from_secs(1);

/// The longest wait of a call for a fork. Copying the page tables of a large process takes a while.
const BEFORE_CALL: Duration = Duration::from_secs(10);

/// The state of SQLite that this process inherited from its parent.
#[derive(Clone, Copy, Debug)]
struct Inherited {
    is_forked: bool,
    /// True if no call was running when the parent forked.
    is_usable: bool,
}

/// Announces a fork: waits until no thread is in a call of SQLite, and holds new calls back until [`after`]. A call that
/// takes very long delays the fork for a second; then the child cannot use SQLite.
#[cfg(feature = "bridge")]
pub(crate) fn before() {
    if !GATE.close(BEFORE_FORK) {
        tracing::warn!("a fork in the middle of a call of SQLite: its child cannot use SQLite");
    }
}

/// Ends that in the parent. A child is never held back.
#[cfg(feature = "bridge")]
pub(crate) fn after() {
    GATE.open();
}

/// A running call of SQLite.
pub(crate) struct SqliteCall(());

/// Begins a call of SQLite; `None` if this process must not use it.
pub(crate) fn call() -> Option<SqliteCall> {
    let is_usable = inherited().is_ok_and(|inherited| inherited.is_usable);
    is_usable.then(|| {
        GATE.enter(BEFORE_CALL);
        SqliteCall(())
    })
}

impl Drop for SqliteCall {
    fn drop(&mut self) {
        GATE.leave();
    }
}

/// Acquires the locks that SQLite assumes it holds, if this process is a child of one that used it.
pub(crate) fn make_locks_true(database: &Path) -> std::io::Result<()> {
    if !inherited().is_ok_and(|inherited| inherited.is_forked) {
        return Ok(());
    }
    let mut shm = database.as_os_str().to_owned();
    shm.push("-shm");
    for (path, range) in [(database, SHARED), (Path::new(&shm), DEAD_MAN_SWITCH)] {
        match OpenOptions::new().read(true).write(true).open(path) {
            Ok(file) => {
                lock(&file, range, false)?;
                // Closing it would release this process's locks, including SQLite's own.
                std::mem::forget(file);
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn inherited() -> Result<Inherited> {
    INHERITED.get_or_try_make(|| {
        let process = std::process::id();
        let first = FIRST.compare_exchange(0, process, Ordering::SeqCst, Ordering::SeqCst);
        let is_forked = first.is_err_and(|first| first != process);
        Ok(Inherited { is_forked, is_usable: GATE.inside() == 0 })
    })
}
