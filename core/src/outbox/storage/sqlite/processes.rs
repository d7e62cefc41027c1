//! The statements about processes, and about the records and claims that they leave behind.

use rusqlite::{Connection, Result, params};

use super::claims::{schedule, schedule_unclaimed};
use super::counter::count;
use super::schema::ANYBODY;
use super::turns;

pub(super) fn others(connection: &Connection, me: i64) -> Result<Vec<(i64, String)>> {
    let mut rows = connection.prepare_cached("SELECT no, name FROM process WHERE no <> ?1")?;
    rows.query_map([me], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

/// Registers a process, under its former number if it had one.
pub(super) fn add(connection: &Connection, before: i64, name: &str) -> Result<i64> {
    let sql = "INSERT INTO process (no, name) VALUES (?1, ?2) RETURNING no";
    let before = (before != ANYBODY).then_some(before);
    connection.prepare_cached(sql)?.query_row(params![before, name], |row| row.get(0))
}

/// Returns true if the process is registered: another one may have considered it dead.
pub(super) fn is_known(connection: &Connection, me: i64, name: &str) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM process WHERE no = ?1 AND name = ?2)";
    connection.prepare_cached(sql)?.query_row(params![me, name], |row| row.get(0))
}

/// Claims a conversation that this process is still sending, unless another process has claimed it meanwhile.
pub(super) fn claim_again(connection: &Connection, name: &str, me: i64) -> Result<()> {
    let sql = "UPDATE conversation SET lease = ?2, due_at = NULL WHERE name = ?1 AND lease IS NULL";
    connection.prepare_cached(sql)?.execute(params![name, me]).map(drop)
}

/// Removes a process: its claims end, and any process may deliver its records.
pub(super) fn end(connection: &Connection, no: i64) -> Result<()> {
    connection.prepare_cached("DELETE FROM process WHERE no = ?1")?.execute([no])?;
    turns::end_of(connection, no)?;
    release_held(connection, no)?;
    end_claims(connection, no)
}

/// Releases the held records of a process that has ended, if they have a plan for their conversation.
fn release_held(connection: &Connection, owner: i64) -> Result<()> {
    let sql = "SELECT seq, conversation FROM record INDEXED BY record_unopened
               WHERE owner = ?1 AND is_held AND opening IS NOT NULL";
    let mut held = connection.prepare_cached(sql)?;
    let held = held.query_map([owner], |row| Ok((row.get(0)?, row.get(1)?)))?;
    for (seq, name) in held.collect::<Result<Vec<(i64, String)>>>()? {
        let sql = "UPDATE record SET is_held = 0 WHERE seq = ?1";
        connection.prepare_cached(sql)?.execute([seq])?;
        count(connection, "held = held - 1")?;
        schedule_unclaimed(connection, &name)?;
    }
    Ok(())
}

/// Ends all claims of a process.
pub(super) fn end_claims(connection: &Connection, no: i64) -> Result<()> {
    let mut claimed =
        connection.prepare_cached("SELECT name FROM conversation WHERE lease = ?1")?;
    let names: Vec<String> = claimed.query_map([no], |row| row.get(0))?.collect::<Result<_>>()?;
    names.iter().try_for_each(|name| schedule(connection, name))
}
