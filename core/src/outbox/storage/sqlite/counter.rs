//! The statements about the counters of the file.

use rusqlite::{Connection, Result};

use crate::outbox::storage::rows::Counts;

pub(super) fn counts(connection: &Connection) -> Result<Counts> {
    let sql = "SELECT accepted, delivered, dead, pending, held, discarded, last_seq FROM counter";
    connection.prepare_cached(sql)?.query_row([], |row| {
        Ok(Counts {
            accepted: row.get(0)?,
            delivered: row.get(1)?,
            dead: row.get(2)?,
            pending: row.get(3)?,
            held: row.get(4)?,
            discarded: row.get(5)?,
            last_seq: row.get(6)?,
        })
    })
}

/// Adds to the counters.
pub(super) fn count(connection: &Connection, change: &str) -> Result<()> {
    connection.prepare_cached(&format!("UPDATE counter SET {change}"))?.execute([]).map(drop)
}

/// Adds records that were delivered and discarded elsewhere.
pub(super) fn count_done(
    connection: &Connection,
    (delivered, discarded): (u64, u64),
) -> Result<()> {
    let sql = "UPDATE counter SET accepted = accepted + ?1 + ?2, delivered = delivered + ?1,
               discarded = discarded + ?2";
    connection.prepare_cached(sql)?.execute([delivered, discarded]).map(drop)
}

/// A size as SQLite's integer.
pub(super) fn number(of: usize) -> i64 {
    of.try_into().unwrap_or(i64::MAX)
}
