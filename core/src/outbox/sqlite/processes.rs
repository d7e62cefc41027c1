//! The statements about processes, and what becomes of their claims.

use rusqlite::{Connection, Result, params};

use super::openings;
use super::records::{ANYBODY, schedule};

pub(super) fn others(connection: &Connection, me: i64) -> Result<Vec<(i64, String)>> {
    let mut rows = connection.prepare_cached("SELECT no, name FROM process WHERE no <> ?1")?;
    rows.query_map([me], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

/// Writes a process down, under the number that it had before, if it had one.
pub(super) fn add(connection: &Connection, before: i64, name: &str) -> Result<i64> {
    let sql = "INSERT INTO process (no, name) VALUES (?1, ?2) RETURNING no";
    let before = (before != ANYBODY).then_some(before);
    connection.prepare_cached(sql)?.query_row(params![before, name], |row| row.get(0))
}

/// Whether the process stands in the file: another one may have taken it for dead.
pub(super) fn is_known(connection: &Connection, me: i64, name: &str) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM process WHERE no = ?1 AND name = ?2)";
    connection.prepare_cached(sql)?.query_row(params![me, name], |row| row.get(0))
}

/// Claims a conversation that this process is still sending, unless another one has it by now.
pub(super) fn claim_again(connection: &Connection, name: &str, me: i64) -> Result<()> {
    let sql = "UPDATE conversation SET lease = ?2, due_at = NULL WHERE name = ?1 AND lease IS NULL";
    connection.prepare_cached(sql)?.execute(params![name, me]).map(drop)
}

/// Ends a process's claims, and makes its records everybody's.
pub(super) fn bury(connection: &Connection, no: i64) -> Result<()> {
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
