//! The statements about running turns.

use rusqlite::{Connection, OptionalExtension, Result, params};

use crate::outbox::state::Millis;
use crate::outbox::storage::rows::{RunningTurnRows, StopAsked, TurnChanges, UserTurn};

/// The time in milliseconds for which a request to stop waits for the row of its turn.
const REQUEST_WAITS: Millis = 10_000;

/// The most requests of a user that wait at a time: ids that no turn has must not fill the file.
const MOST_WAITING: i64 = 64;

/// Writes the changes of a process.
pub(super) fn write(
    connection: &Connection,
    changes: &TurnChanges,
    me: i64,
    now: Millis,
) -> Result<()> {
    forget_requests(connection, now)?;
    let sql = "INSERT INTO turn (id, process, user, is_stopped)
               VALUES (?1, ?2, ?3, EXISTS (SELECT 1 FROM turn_stop WHERE id = ?1 AND user IN ('', ?3)))
               ON CONFLICT (id) DO UPDATE SET process = ?2";
    let mut insert = connection.prepare_cached(sql)?;
    let mut answered = connection.prepare_cached("DELETE FROM turn_stop WHERE id = ?1")?;
    for UserTurn { id, user } in &changes.started {
        insert.execute(params![id, me, user])?;
        answered.execute([id])?;
    }
    let mut delete = connection.prepare_cached("DELETE FROM turn WHERE id = ?1")?;
    for id in &changes.ended {
        delete.execute([id])?;
    }
    changes.stopped.iter().try_for_each(|turn| stop(connection, turn, now).map(drop))
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

/// Asks for the end of a turn, unless it is another user's. Whose a turn is that has no row yet is seen when it gets one.
pub(super) fn stop(connection: &Connection, turn: &UserTurn, now: Millis) -> Result<StopAsked> {
    let UserTurn { id, user } = turn;
    let sql = "SELECT ?2 IS NULL OR user IS ?2 FROM turn WHERE id = ?1";
    let mut its = connection.prepare_cached(sql)?;
    match its.query_row(params![id, user], |row| row.get(0)).optional()? {
        Some(true) => {
            let sql = "UPDATE turn SET is_stopped = 1 WHERE id = ?1";
            connection.prepare_cached(sql)?.execute([id])?;
            Ok(StopAsked::Told)
        }
        Some(false) => Ok(StopAsked::OtherUser),
        None => {
            forget_requests(connection, now)?;
            let sql = "INSERT INTO turn_stop (id, user, asked_at) SELECT ?1, ?2, ?3
                       WHERE ?2 = '' OR (SELECT count(*) FROM turn_stop WHERE user = ?2 AND id <> ?1) < ?4
                       ON CONFLICT (id, user) DO UPDATE SET asked_at = ?3";
            let user = user.as_deref().unwrap_or_default();
            connection.prepare_cached(sql)?.execute(params![id, user, now, MOST_WAITING])?;
            Ok(StopAsked::Unknown)
        }
    }
}

/// Removes the requests to stop that have waited long enough.
fn forget_requests(connection: &Connection, now: Millis) -> Result<()> {
    let sql = "DELETE FROM turn_stop WHERE asked_at NOT BETWEEN ?1 AND ?2";
    let (from, to) = (now.saturating_sub(REQUEST_WAITS), now.saturating_add(REQUEST_WAITS));
    connection.prepare_cached(sql)?.execute(params![from, to]).map(drop)
}

/// Removes the turns of a process that has ended.
pub(super) fn end_of(connection: &Connection, process: i64) -> Result<()> {
    let sql = "DELETE FROM turn WHERE process = ?1";
    connection.prepare_cached(sql)?.execute([process]).map(drop)
}
