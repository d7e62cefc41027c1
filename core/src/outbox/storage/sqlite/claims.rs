//! The statements about conversations: their due times and claims.

use rusqlite::{Connection, Result, Row, params};

use super::counter::number;
use super::records::{PendingHead, first_after};
use super::schema::ANYBODY;
use crate::outbox::state::{Choice, Millis};
use crate::outbox::storage::backend::CHOICE;
use crate::outbox::storage::rows::NewRecord;

/// Ends the claim of a conversation, if it has one, and makes it due when its first record is due. Removes a
/// conversation without records.
pub(super) fn schedule(connection: &Connection, name: &str) -> Result<()> {
    match first_after(connection, name, 0)? {
        None => {
            let sql = "DELETE FROM conversation WHERE name = ?1";
            connection.prepare_cached(sql)?.execute([name])?;
        }
        Some(PendingHead { is_held, due_at, owner, .. }) => {
            let sql =
                "UPDATE conversation SET lease = NULL, due_at = ?2, owner = ?3 WHERE name = ?1";
            let due_at = (!is_held).then_some(due_at);
            connection.prepare_cached(sql)?.execute(params![name, due_at, owner])?;
        }
    }
    Ok(())
}

/// [`schedule`], unless the conversation is claimed.
pub(super) fn schedule_unclaimed(connection: &Connection, name: &str) -> Result<()> {
    if is_claimed(connection, name)? { Ok(()) } else { schedule(connection, name) }
}

pub(super) fn is_claimed(connection: &Connection, name: &str) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM conversation WHERE name = ?1 AND lease IS NOT NULL)";
    connection.prepare_cached(sql)?.query_row([name], |row| row.get(0))
}

/// Claims a conversation for this process.
pub(super) fn claim(connection: &Connection, name: &str, me: i64) -> Result<()> {
    let sql = "UPDATE conversation SET lease = ?2, due_at = NULL WHERE name = ?1";
    connection.prepare_cached(sql)?.execute(params![name, me]).map(drop)
}

/// Returns true if this process has claimed the conversation: another one may have considered it dead.
pub(super) fn is_mine(connection: &Connection, name: &str, me: i64) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM conversation WHERE name = ?1 AND lease = ?2)";
    connection.prepare_cached(sql)?.query_row(params![name, me], |row| row.get(0))
}

/// The owners whose waiting conversations this process may deliver: itself, [`ANYBODY`], and dead processes.
pub(super) fn claimable_owners(connection: &Connection, me: i64) -> Result<Vec<i64>> {
    let mut owners = Vec::new();
    // Steps from owner to owner with the index: there are few owners, and maybe many conversations.
    let sql = "SELECT min(owner) FROM conversation WHERE owner > ?1 AND due_at IS NOT NULL";
    let mut next = connection.prepare_cached(sql)?;
    let mut last = i64::MIN;
    while let Some(owner) = next.query_row([last], |row| row.get::<_, Option<i64>>(0))? {
        if may_serve(connection, owner, me)? {
            owners.push(owner);
        }
        last = owner;
    }
    Ok(owners)
}

pub(super) fn may_serve(connection: &Connection, owner: i64, me: i64) -> Result<bool> {
    if owner == me || owner == ANYBODY {
        return Ok(true);
    }
    let sql = "SELECT NOT EXISTS (SELECT 1 FROM process WHERE no = ?1)";
    connection.prepare_cached(sql)?.query_row([owner], |row| row.get(0))
}

/// The conversations of an owner that are due between two times and begin with a chosen record, the earliest first.
pub(super) fn due(
    connection: &Connection,
    owner: i64,
    (from, to): (i64, i64),
    choice: Choice,
    limit: usize,
) -> Result<Vec<String>> {
    let due = "SELECT name, due_at FROM conversation WHERE owner = ?1 AND due_at BETWEEN ?2 AND ?3
               ORDER BY due_at LIMIT";
    let name = |row: &Row<'_>| row.get(0);
    if choice == Choice::Any {
        let mut rows = connection.prepare_cached(&format!("{due} ?4"))?;
        return rows.query_map(params![owner, from, to, number(limit)], name)?.collect();
    }
    let sql = format!(
        "SELECT name FROM ({due} {CHOICE}) AS due WHERE ?5 =
         (SELECT attempts > 0 FROM record WHERE conversation = due.name ORDER BY seq LIMIT 1)
         ORDER BY due_at LIMIT ?4"
    );
    let mut rows = connection.prepare_cached(&sql)?;
    let have_failed = choice == Choice::Failed;
    rows.query_map(params![owner, from, to, number(limit), have_failed], name)?.collect()
}

/// The earliest and the latest time of an owner's waiting conversations, each from one end of the index.
pub(super) fn due_times(connection: &Connection, owner: i64) -> Result<Option<[Millis; 2]>> {
    let sql = "SELECT
               (SELECT min(due_at) FROM conversation WHERE owner = ?1 AND due_at IS NOT NULL),
               (SELECT max(due_at) FROM conversation WHERE owner = ?1 AND due_at IS NOT NULL)";
    connection.prepare_cached(sql)?.query_row([owner], |row| {
        let (first, last): (Option<Millis>, Option<Millis>) = (row.get(0)?, row.get(1)?);
        Ok(first.zip(last).map(|(first, last)| [first, last]))
    })
}

/// Returns true if a record up to `seq` is pending that this process may have to deliver.
pub(super) fn is_waiting(connection: &Connection, seq: u64, me: i64) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM record WHERE seq <= ?1 AND NOT is_held AND
               (owner IN (0, ?2) OR NOT EXISTS (SELECT 1 FROM process WHERE no = owner)))";
    connection.prepare_cached(sql)?.query_row(params![seq, me], |row| row.get(0))
}

/// Queues the records of this user or conversation that wait for tokens, for this process.
pub(super) fn wake_for_tokens(
    connection: &Connection,
    record: &NewRecord,
    me: i64,
    now: Millis,
) -> Result<()> {
    for (index, column, value) in [
        ("record_tokenless_conversation", "conversation", Some(&record.conversation)),
        ("record_tokenless_user", "user", record.user.as_ref()),
    ] {
        let sql = format!(
            "SELECT seq, conversation FROM record INDEXED BY {index}
             WHERE needs_token AND {column} = ?1"
        );
        let mut waiting = connection.prepare_cached(&sql)?;
        let waiting = waiting.query_map([value], |row| Ok((row.get(0)?, row.get(1)?)))?;
        for (seq, name) in waiting.collect::<Result<Vec<(i64, String)>>>()? {
            let sql = "UPDATE record SET needs_token = 0, owner = ?2, due_at = ?3 WHERE seq = ?1";
            connection.prepare_cached(sql)?.execute(params![seq, me, now])?;
            schedule_unclaimed(connection, &name)?;
        }
    }
    Ok(())
}
