//! Inherited handles: the use of SQLite in a forked child.
//!
//! SQLite records for each open file which locks the process holds, and reuses them without asking the system. A child
//! inherits this record, but not the locks. So it acquires, explicitly and for its whole life, the two locks that
//! SQLite assumes because of the parent's open connections. A fork in the middle of a call cannot be repaired: SQLite's
//! own mutexes may stay locked for ever. Then the child does not use SQLite at all.

use std::fs::OpenOptions;
use std::path::Path;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use super::locks::{Range, lock};
use crate::error::Result;
use crate::process::PerProcess;

/// The number of threads inside SQLite, in this process or, right after a fork, in the parent at that moment.
static INSIDE: AtomicUsize = AtomicUsize::new(0);
/// The process that first used SQLite.
static FIRST: AtomicU32 = AtomicU32::new(0);
static INHERITED: PerProcess<Inherited> = PerProcess::new();

/// The byte ranges of SQLite's file format: `SHARED_FIRST` and `SHARED_SIZE` of the database, and the "dead man switch"
/// of its wal-index.
const SHARED: Range = Range { start: 0x4000_0002, len: 510 };
const DEAD_MAN_SWITCH: Range = Range { start: 128, len: 1 };

/// The state of SQLite that this process inherited from its parent.
#[derive(Clone, Copy, Debug)]
struct Inherited {
    is_forked: bool,
    /// True if no call was running when the parent forked.
    is_usable: bool,
}

/// A running call of SQLite.
pub(crate) struct SqliteCall(());

/// Begins a call of SQLite; `None` if this process must not use it.
pub(crate) fn call() -> Option<SqliteCall> {
    let is_usable = inherited().is_ok_and(|inherited| inherited.is_usable);
    is_usable.then(|| {
        INSIDE.fetch_add(1, Ordering::SeqCst);
        SqliteCall(())
    })
}

impl Drop for SqliteCall {
    fn drop(&mut self) {
        INSIDE.fetch_sub(1, Ordering::SeqCst);
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
        Ok(Inherited { is_forked, is_usable: INSIDE.load(Ordering::SeqCst) == 0 })
    })
}
