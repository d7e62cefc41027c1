//! The statements about running turns.

use rusqlite::{Connection, Result, params};

use crate::outbox::state::Millis;
use crate::outbox::storage::rows::{RunningTurnRows, TurnChanges};

/// The time in milliseconds for which a request to stop waits for the row of its turn.
const REQUEST_WAITS: Millis = 10_000;

/// Writes the changes of a process.
pub(super) fn write(
    connection: &Connection,
    changes: &TurnChanges,
    me: i64,
    now: Millis,
) -> Result<()> {
    let sql = "DELETE FROM turn WHERE process IS NULL AND asked_at NOT BETWEEN ?1 AND ?2";
    let (from, to) = (now.saturating_sub(REQUEST_WAITS), now.saturating_add(REQUEST_WAITS));
    connection.prepare_cached(sql)?.execute(params![from, to])?;
    let sql = "INSERT INTO turn (id, process, is_stopped) VALUES (?1, ?2, 0)
               ON CONFLICT (id) DO UPDATE SET process = ?2";
    let mut insert = connection.prepare_cached(sql)?;
    for id in &changes.started {
        insert.execute(params![id, me])?;
    }
    let mut delete = connection.prepare_cached("DELETE FROM turn WHERE id = ?1")?;
    for id in &changes.ended {
        delete.execute([id])?;
    }
    changes.stopped.iter().try_for_each(|id| stop(connection, id, now).map(drop))
}

/// The rows of a process.
pub(super) fn of(connection: &Connection, me: i64) -> Result<RunningTurnRows> {
    let sql = "SELECT count(*) FROM turn WHERE process = ?1";
    let rows = connection.prepare_cached(sql)?.query_row([me], |row| row.get(0))?;
    let sql = "SELECT id FROM turn WHERE process = ?1 AND is_stopped = 1";
    let mut stopped = connection.prepare_cached(sql)?;
    let stopped = stopped.query_map([me], |row| row.get(0))?.collect::<Result<_>>()?;
    Ok(RunningTurnRows { rows, stopped })
}

/// Asks for the end of a turn; `false` if it has no row yet.
pub(super) fn stop(connection: &Connection, id: &str, now: Millis) -> Result<bool> {
    let sql = "UPDATE turn SET is_stopped = 1 WHERE id = ?1 AND process IS NOT NULL";
    if connection.prepare_cached(sql)?.execute([id])? > 0 {
        return Ok(true);
    }
    let sql = "INSERT INTO turn (id, is_stopped, asked_at) VALUES (?1, 1, ?2)
               ON CONFLICT (id) DO UPDATE SET asked_at = ?2";
    connection.prepare_cached(sql)?.execute(params![id, now])?;
    Ok(false)
}

/// Removes the turns of a process that has ended.
pub(super) fn end_of(connection: &Connection, process: i64) -> Result<()> {
    let sql = "DELETE FROM turn WHERE process = ?1";
    connection.prepare_cached(sql)?.execute([process]).map(drop)
}
