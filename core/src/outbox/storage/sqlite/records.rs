//! The statements about pending and delivered records. Each does one thing inside its caller's transaction.

use rusqlite::{Connection, OptionalExtension, Result, Row, params};

use super::counter::{count, counts, number};
use super::openings;
use crate::outbox::record::PendingState;
use crate::outbox::state::{AttemptState, Millis};
use crate::outbox::storage::passing::{Passing, Queued, Step};
use crate::outbox::storage::rows::{
    ClaimedRecord, DeliveredRow, NewRecord, PendingRow, RecordUser, Tier,
};

const COLUMNS: &str = "seq, id, conversation, user, payload, accepted_at, attempts, strikes, mark, opening, is_held, due_at, owner, needs_token";

/// A pending record, and the columns that determine if it can be sent.
pub(super) struct PendingHead {
    pub(super) record: ClaimedRecord,
    pub(super) is_held: bool,
    pub(super) due_at: Millis,
    pub(super) owner: i64,
    pub(super) needs_token: bool,
}

/// Inserts a record; `false` if its id is known.
pub(super) fn insert(
    connection: &Connection,
    record: &NewRecord,
    owner: i64,
    accepted_at: Millis,
    due_at: Millis,
) -> Result<bool> {
    if is_known(connection, &record.id)? {
        return Ok(false);
    }
    let record = &*openings::resolved(connection, record)?;
    let held = u8::from(record.is_held);
    // Without RETURNING, here and below: it builds a temporary table, which costs more than the rest of the statement.
    let seq = counts(connection)?.last_seq + 1;
    let sql = "UPDATE counter SET accepted = accepted + 1, pending = pending + 1, held = held + ?1,
               last_seq = ?2";
    connection.prepare_cached(sql)?.execute(params![held, seq])?;
    let sql =
        "INSERT INTO record (seq, id, conversation, user, payload, owner, is_held, accepted_at,
               due_at, attempts, strikes, mark, opening)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";
    let NewRecord { id, conversation, user, payload, attempt, .. } = record;
    let AttemptState { failures, strikes, mark, .. } = attempt;
    connection.prepare_cached(sql)?.execute(params![
        seq,
        id,
        conversation,
        user,
        payload,
        owner,
        held,
        accepted_at,
        due_at,
        failures,
        strikes,
        mark,
        openings::json(record.opening.as_ref())
    ])?;
    let sql = "INSERT INTO conversation (name, owner, due_at) VALUES (?1, ?2, ?3)
               ON CONFLICT DO NOTHING";
    let due_at = (!record.is_held).then_some(due_at);
    connection.prepare_cached(sql)?.execute(params![conversation, owner, due_at])?;
    Ok(true)
}

pub(super) fn is_known(connection: &Connection, id: &str) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM record WHERE id = ?1)
               OR EXISTS (SELECT 1 FROM delivered WHERE id = ?1)
               OR EXISTS (SELECT 1 FROM dead WHERE id = ?1)";
    connection.prepare_cached(sql)?.query_row([id], |row| row.get(0))
}

/// The user of a pending, delivered or dead record.
pub(super) fn user_of(connection: &Connection, id: &str) -> Result<RecordUser> {
    let sql = "SELECT user FROM record WHERE id = ?1
               UNION ALL SELECT user FROM delivered WHERE id = ?1 AND conversation IS NOT NULL
               UNION ALL SELECT user FROM dead WHERE id = ?1";
    let user = connection.prepare_cached(sql)?.query_row([id], |row| row.get(0)).optional()?;
    Ok(user.map_or(RecordUser::Unknown, RecordUser::Known))
}

pub(super) fn has_conversation(connection: &Connection, name: &str) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM conversation WHERE name = ?1)";
    connection.prepare_cached(sql)?.query_row([name], |row| row.get(0))
}

/// The first pending record of a conversation after `seq`.
pub(super) fn first_after(
    connection: &Connection,
    name: &str,
    seq: u64,
) -> Result<Option<PendingHead>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM record WHERE conversation = ?1 AND seq > ?2 ORDER BY seq LIMIT 1"
    );
    connection.prepare_cached(&sql)?.query_row(params![name, seq], head).optional()
}

/// The next record of a conversation after `seq`; those that wait for the tokens of other users are passed.
pub(super) fn next(
    connection: &Connection,
    name: &str,
    seq: u64,
    is_due: impl Fn(Millis) -> bool,
) -> Result<Option<PendingHead>> {
    let mut passing = Passing::after(seq);
    let mut last = 0;
    // One nearly always: a row more costs a step of the index.
    while let Some(head) = first_after(connection, name, last)? {
        last = head.record.seq;
        let step = passing.step(&Queued {
            seq: last,
            user: head.record.user.as_deref(),
            needs_token: head.needs_token,
            is_due: is_due(head.due_at),
            opening: head.record.opening.as_ref(),
        });
        match step {
            Step::Take => return Ok(Some(head).filter(|head| !head.is_held && is_due(head.due_at))),
            Step::Stop => return Ok(None),
            Step::Pass => {}
        }
    }
    Ok(None)
}

/// A held record.
pub(super) fn held(connection: &Connection, id: &str) -> Result<Option<PendingHead>> {
    let sql = format!("SELECT {COLUMNS} FROM record WHERE id = ?1 AND is_held");
    connection.prepare_cached(&sql)?.query_row([id], head).optional()
}

/// The conversation of a pending record.
pub(super) fn conversation_of(connection: &Connection, id: &str) -> Result<Option<String>> {
    let sql = "SELECT conversation FROM record WHERE id = ?1";
    connection.prepare_cached(sql)?.query_row([id], |row| row.get(0)).optional()
}

/// Replaces a held record and queues it.
pub(super) fn replace_held(
    connection: &Connection,
    seq: u64,
    record: &NewRecord,
    owner: i64,
    now: Millis,
) -> Result<()> {
    let sql =
        "UPDATE record SET conversation = ?2, user = ?3, payload = ?4, owner = ?5, is_held = 0,
               due_at = ?6, opening = ?7 WHERE seq = ?1";
    let NewRecord { conversation, user, payload, .. } = record;
    connection.prepare_cached(sql)?.execute(params![
        seq,
        conversation,
        user,
        payload,
        owner,
        now,
        openings::json(record.opening.as_ref())
    ])?;
    let sql = "INSERT INTO conversation (name, owner) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    connection.prepare_cached(sql)?.execute(params![conversation, owner])?;
    count(connection, "held = held - 1")
}

/// Postpones a pending record; `false` if it is not pending.
pub(super) fn postpone(
    connection: &Connection,
    claimed: &ClaimedRecord,
    attempt: &AttemptState,
    due_at: Millis,
    needs_token: bool,
    reason: &str,
) -> Result<bool> {
    // A record that needs a token belongs to any process: the one that gets a token may deliver it.
    let sql =
        "UPDATE record SET attempts = ?2, strikes = ?3, mark = ?4, due_at = ?5, needs_token = ?6,
               reason = ?7, opening = ?8, owner = CASE WHEN ?6 THEN 0 ELSE owner END WHERE id = ?1";
    let AttemptState { failures, strikes, mark, .. } = attempt;
    let changed = connection.prepare_cached(sql)?.execute(params![
        claimed.id,
        failures,
        strikes,
        mark,
        due_at,
        needs_token,
        reason,
        openings::json(claimed.opening.as_ref())
    ])?;
    Ok(changed == 1)
}

/// Makes a pending record due; returns its conversation.
pub(super) fn hasten(connection: &Connection, id: &str, now: Millis) -> Result<Option<String>> {
    let sql = "UPDATE record SET due_at = ?2 WHERE id = ?1";
    connection.prepare_cached(sql)?.execute(params![id, now])?;
    conversation_of(connection, id)
}

/// Removes a pending record; `None` if it is not pending.
///
/// It is found by its id, not by its number: a file that replaced a damaged one has its own numbers.
pub(super) fn remove(connection: &Connection, id: &str) -> Result<Option<PendingHead>> {
    let sql = format!("SELECT {COLUMNS} FROM record WHERE id = ?1");
    let found = connection.prepare_cached(&sql)?.query_row([id], head).optional()?;
    if let Some(head) = &found {
        let sql = "DELETE FROM record WHERE seq = ?1";
        connection.prepare_cached(sql)?.execute([head.record.seq])?;
        let held = u8::from(head.is_held);
        let sql = "UPDATE counter SET pending = pending - 1, held = held - ?1";
        connection.prepare_cached(sql)?.execute([held])?;
    }
    Ok(found)
}

/// Remembers a delivered record, and forgets the oldest.
pub(super) fn remember(
    connection: &Connection,
    row: &DeliveredRow,
    remembered: usize,
) -> Result<()> {
    let sql =
        "INSERT INTO delivered (id, conversation, user) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
    connection.prepare_cached(sql)?.execute(params![row.id, row.conversation, row.user])?;
    let sql = "DELETE FROM delivered WHERE seq IN (SELECT seq FROM delivered
               WHERE seq <= (SELECT max(seq) FROM delivered) - ?1 ORDER BY seq LIMIT 8)";
    connection.prepare_cached(sql)?.execute([number(remembered)]).map(drop)
}

/// The payloads of a user's latest pending records in a conversation, in order.
pub(super) fn undelivered(
    connection: &Connection,
    conversation: &str,
    user: &str,
    limit: usize,
) -> Result<Vec<String>> {
    let sql = "SELECT payload FROM record WHERE conversation = ?1 AND user = ?2 ORDER BY seq DESC LIMIT ?3";
    let mut rows = connection.prepare_cached(sql)?;
    let rows = rows.query_map(params![conversation, user, number(limit)], |row| row.get(0))?;
    let mut payloads = rows.collect::<Result<Vec<String>>>()?;
    payloads.reverse();
    Ok(payloads)
}

pub(super) fn pending(connection: &Connection, limit: usize) -> Result<Vec<PendingRow>> {
    let sql = "SELECT record.seq, id, conversation, user, accepted_at, attempts, strikes, mark, reason,
               is_held, needs_token, lease IS NOT NULL AND seq =
                 (SELECT min(seq) FROM record AS other WHERE other.conversation = record.conversation)
               FROM record LEFT JOIN conversation ON name = conversation ORDER BY seq LIMIT ?1";
    let mut rows = connection.prepare_cached(sql)?;
    rows.query_map([number(limit)], |row| {
        let state = match (row.get(9)?, row.get(11)?, row.get(10)?) {
            (true, _, _) => PendingState::Held,
            (_, true, _) => PendingState::Sending,
            (_, _, true) => PendingState::NeedsToken,
            _ => PendingState::Queued,
        };
        Ok(PendingRow {
            seq: row.get(0)?,
            id: row.get(1)?,
            conversation: row.get(2)?,
            user: row.get(3)?,
            attempt: attempt(row, 4)?,
            state,
            reason: row.get(8)?,
        })
    })?
    .collect()
}

fn attempt(row: &Row<'_>, at: usize) -> Result<AttemptState> {
    Ok(AttemptState {
        accepted_at: row.get(at)?,
        failures: row.get(at + 1)?,
        strikes: row.get(at + 2)?,
        mark: row.get(at + 3)?,
    })
}

fn head(row: &Row<'_>) -> Result<PendingHead> {
    let record = ClaimedRecord {
        seq: row.get(0)?,
        id: row.get(1)?,
        conversation: row.get(2)?,
        user: row.get(3)?,
        payload: row.get(4)?,
        attempt: attempt(row, 5)?,
        opening: openings::read(row, 9)?,
        tier: Tier::File,
    };
    Ok(PendingHead {
        record,
        is_held: row.get(10)?,
        due_at: row.get(11)?,
        owner: row.get(12)?,
        needs_token: row.get(13)?,
    })
}

/// Marks a record on its first attempt with the number of records delivered before.
pub(super) fn marked(mut claimed: ClaimedRecord, delivered: u64) -> ClaimedRecord {
    if claimed.attempt.failures == 0 {
        claimed.attempt.mark = delivered;
    }
    claimed
}
