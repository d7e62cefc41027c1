//! The write-ahead log: new pages are appended to it, and moved from there into the database (a checkpoint).
//!
//! It restarts only when all of it has been moved. With constant writers that never happens by itself, and the log
//! grows until a commit moves all of it, which takes a large part of a second.

use rusqlite::Connection;

use super::connect::PATIENCE;
use super::disk::Disk;
use super::settings::FileSettings;
use crate::sqlite::{FLAGS, Fault, call, fault, forked, wait_for_others};

/// The number of pages from which the log is moved: 4 MiB.
const LONG: u64 = 1024;
/// A number of pages that are moved in a moment.
const FEW: u64 = 64;
/// The rounds that move newly added pages, before writers have to wait for the rest.
const ROUNDS: usize = 6;

/// The length of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::outbox) struct Log {
    pub(in crate::outbox) pages: u64,
    /// The pages that have been moved.
    pub(in crate::outbox) moved: u64,
}

impl Log {
    /// Returns true if the log should be moved now.
    pub(in crate::outbox::storage) fn is_long(self) -> bool {
        self.pages >= LONG && self.moved < self.pages
    }
}

impl Disk {
    /// The current length of the log.
    pub(in crate::outbox) fn log(&mut self) -> Result<Log, Fault> {
        self.read(|connection| run(connection, "NOOP"))
    }

    /// Moves the log into the database, on a separate connection. Writers wait only for its last few pages.
    pub(in crate::outbox) fn move_log(settings: &FileSettings) -> Result<(), Fault> {
        let Some(_call) = call() else { return Err(forked()) };
        let act = || -> rusqlite::Result<()> {
            let mut connection = Connection::open_with_flags(&settings.path, FLAGS)?;
            wait_for_others(&mut connection, PATIENCE)?;
            let mut seen = 0;
            for _ in 0..ROUNDS {
                let pages = run(&connection, "PASSIVE")?.pages;
                if pages.saturating_sub(seen) <= FEW {
                    break;
                }
                seen = pages;
            }
            run(&connection, "FULL").map(drop)
        };
        act().map_err(fault)
    }
}

/// Runs a checkpoint in this mode, and returns the length of the log afterwards. A checkpoint that another process is
/// running is not an error.
fn run(connection: &Connection, mode: &str) -> rusqlite::Result<Log> {
    let mut statement = connection.prepare_cached(&format!("PRAGMA wal_checkpoint({mode})"))?;
    statement.query_row([], |row| {
        // The numbers are -1 if there is no log, or it cannot be read now.
        let number = |value: i64| value.try_into().unwrap_or(0);
        Ok(Log { pages: number(row.get(1)?), moved: number(row.get(2)?) })
    })
}
