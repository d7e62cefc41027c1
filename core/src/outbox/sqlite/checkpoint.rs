//! The log: new pages are written to its end, and moved from there into the database.
//!
//! It begins anew only when all of it has been moved. While there are writers without a pause that never happens by
//! itself, and the log grows until a commit moves all of it, which takes a large part of a second.

use rusqlite::Connection;

use super::open::{self, PATIENCE};
use super::{Disk, Settings, fault, fork, forked};
use crate::outbox::backend::Fault;

/// So few pages are moved in a moment.
const FEW: u64 = 64;
/// How often what has come meanwhile is moved, before writers wait for the rest.
const ROUNDS: usize = 6;

/// How long the log is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::outbox) struct Log {
    pub(in crate::outbox) pages: u64,
    /// As many of them have been moved.
    pub(in crate::outbox) moved: u64,
}

impl Disk {
    /// How long the log is now.
    pub(in crate::outbox) fn log(&mut self) -> Result<Log, Fault> {
        self.read(|connection| run(connection, "NOOP"))
    }

    /// Moves what the log holds into the database, on a connection of its own. Writers wait for the last few pages of it
    /// alone.
    pub(in crate::outbox) fn checkpoint(settings: &Settings) -> Result<(), Fault> {
        let Some(_call) = fork::call() else { return Err(forked()) };
        let act = || -> rusqlite::Result<()> {
            let mut connection = Connection::open_with_flags(&settings.path, open::FLAGS)?;
            open::wait_for_others(&mut connection, PATIENCE)?;
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

/// Runs a checkpoint of this mode; says how long the log is after it. One that another process is at is no error.
fn run(connection: &Connection, mode: &str) -> rusqlite::Result<Log> {
    let mut statement = connection.prepare_cached(&format!("PRAGMA wal_checkpoint({mode})"))?;
    statement.query_row([], |row| {
        // Where there is no log, or it cannot be looked at now, the numbers are -1.
        let number = |value: i64| value.try_into().unwrap_or(0);
        Ok(Log { pages: number(row.get(1)?), moved: number(row.get(2)?) })
    })
}
