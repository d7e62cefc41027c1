//! The statements about the processes that use the file.

use rusqlite::{Connection, Result};

use super::openings;
use super::records::schedule;

pub(super) fn processes(connection: &Connection, me: i64) -> Result<Vec<(i64, String)>> {
    let mut rows = connection.prepare_cached("SELECT no, name FROM process WHERE no <> ?1")?;
    rows.query_map([me], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

pub(super) fn add_process(connection: &Connection, name: &str) -> Result<i64> {
    let sql = "INSERT INTO process (name) VALUES (?1) RETURNING no";
    connection.prepare_cached(sql)?.query_row([name], |row| row.get(0))
}

/// Ends a process's claims, and makes its records everybody's.
pub(super) fn bury_process(connection: &Connection, no: i64) -> Result<()> {
    connection.prepare_cached("DELETE FROM process WHERE no = ?1")?.execute([no])?;
    openings::release_of(connection, no)?;
    end_claims(connection, no)
}

/// Ends all claims of a process.
pub(super) fn end_claims(connection: &Connection, no: i64) -> Result<()> {
    let mut claimed =
        connection.prepare_cached("SELECT name FROM conversation WHERE lease = ?1")?;
    let names: Vec<String> = claimed.query_map([no], |row| row.get(0))?.collect::<Result<_>>()?;
    names.iter().try_for_each(|name| schedule(connection, name))
}
