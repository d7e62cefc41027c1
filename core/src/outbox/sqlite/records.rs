//! The statements: each does one thing inside its caller's transaction.

use rusqlite::{Connection, OptionalExtension, Result, Row, params};

use super::openings;

use crate::outbox::backend::{Counts, Entry, Fresh, PendingRow};
use crate::outbox::report::PendingState;
use crate::outbox::state::{Millis, Trial};

/// Nobody's records: everybody may deliver them.
pub(super) const ANYBODY: i64 = 0;

const ENTRY: &str = "seq, id, conversation, user, payload, accepted_at, attempts, strikes, mark, opening, is_held, due_at, owner";

/// A pending record with what decides whether it can be sent.
pub(super) struct Head {
    pub(super) entry: Entry,
    pub(super) is_held: bool,
    pub(super) due_at: Millis,
    pub(super) owner: i64,
}

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

pub(super) fn count_done(
    connection: &Connection,
    (delivered, discarded): (u64, u64),
) -> Result<()> {
    let sql = "UPDATE counter SET accepted = accepted + ?1 + ?2, delivered = delivered + ?1,
               discarded = discarded + ?2";
    connection.prepare_cached(sql)?.execute([delivered, discarded]).map(drop)
}

/// Takes a record; `false` when its id is known.
pub(super) fn insert(
    connection: &Connection,
    fresh: &Fresh,
    owner: i64,
    accepted_at: Millis,
    due_at: Millis,
) -> Result<bool> {
    if is_known(connection, &fresh.id)? {
        return Ok(false);
    }
    let fresh = &*openings::resolved(connection, fresh)?;
    let held = u8::from(fresh.is_held);
    // Without RETURNING, here and below: it makes a table of its own, which costs more than all else.
    let seq = counts(connection)?.last_seq + 1;
    let sql = "UPDATE counter SET accepted = accepted + 1, pending = pending + 1, held = held + ?1,
               last_seq = ?2";
    connection.prepare_cached(sql)?.execute(params![held, seq])?;
    let sql =
        "INSERT INTO record (seq, id, conversation, user, payload, owner, is_held, accepted_at,
               due_at, attempts, strikes, mark, opening)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";
    let Fresh { id, conversation, user, payload, trial, .. } = fresh;
    let Trial { attempts, strikes, mark, .. } = trial;
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
        attempts,
        strikes,
        mark,
        openings::json(fresh.opening.as_ref())
    ])?;
    let sql = "INSERT INTO conversation (name, owner, due_at) VALUES (?1, ?2, ?3)
               ON CONFLICT DO NOTHING";
    let due_at = (!fresh.is_held).then_some(due_at);
    connection.prepare_cached(sql)?.execute(params![conversation, owner, due_at])?;
    Ok(true)
}

pub(super) fn is_known(connection: &Connection, id: &str) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM record WHERE id = ?1)
               OR EXISTS (SELECT 1 FROM delivered WHERE id = ?1)
               OR EXISTS (SELECT 1 FROM dead WHERE id = ?1)";
    connection.prepare_cached(sql)?.query_row([id], |row| row.get(0))
}

pub(super) fn has_conversation(connection: &Connection, name: &str) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM conversation WHERE name = ?1)";
    connection.prepare_cached(sql)?.query_row([name], |row| row.get(0))
}

/// The first pending record of a conversation behind `seq`.
pub(super) fn first_after(connection: &Connection, name: &str, seq: u64) -> Result<Option<Head>> {
    let sql = format!(
        "SELECT {ENTRY} FROM record WHERE conversation = ?1 AND seq > ?2 ORDER BY seq LIMIT 1"
    );
    connection.prepare_cached(&sql)?.query_row(params![name, seq], head).optional()
}

/// A held record.
pub(super) fn held(connection: &Connection, id: &str) -> Result<Option<Head>> {
    let sql = format!("SELECT {ENTRY} FROM record WHERE id = ?1 AND is_held");
    connection.prepare_cached(&sql)?.query_row([id], head).optional()
}

/// The conversation of a pending record.
pub(super) fn conversation_of(connection: &Connection, id: &str) -> Result<Option<String>> {
    let sql = "SELECT conversation FROM record WHERE id = ?1";
    connection.prepare_cached(sql)?.query_row([id], |row| row.get(0)).optional()
}

/// Fills a held record in and queues it.
pub(super) fn fill_in(
    connection: &Connection,
    seq: u64,
    fresh: &Fresh,
    owner: i64,
    now: Millis,
) -> Result<()> {
    let sql =
        "UPDATE record SET conversation = ?2, user = ?3, payload = ?4, owner = ?5, is_held = 0,
               due_at = ?6, opening = ?7 WHERE seq = ?1";
    let Fresh { conversation, user, payload, .. } = fresh;
    connection.prepare_cached(sql)?.execute(params![
        seq,
        conversation,
        user,
        payload,
        owner,
        now,
        openings::json(fresh.opening.as_ref())
    ])?;
    let sql = "INSERT INTO conversation (name, owner) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    connection.prepare_cached(sql)?.execute(params![conversation, owner])?;
    count(connection, "held = held - 1")
}

/// Ends the claim of a conversation, or leaves it without one: its first record says when it is due. Without records
/// it goes.
pub(super) fn schedule(connection: &Connection, name: &str) -> Result<()> {
    match first_after(connection, name, 0)? {
        None => {
            let sql = "DELETE FROM conversation WHERE name = ?1";
            connection.prepare_cached(sql)?.execute([name])?;
        }
        Some(Head { is_held, due_at, owner, .. }) => {
            let sql =
                "UPDATE conversation SET lease = NULL, due_at = ?2, owner = ?3 WHERE name = ?1";
            let due_at = (!is_held).then_some(due_at);
            connection.prepare_cached(sql)?.execute(params![name, due_at, owner])?;
        }
    }
    Ok(())
}

/// As [`schedule`], unless somebody has the conversation claimed.
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

/// Whether this process has the conversation claimed: another may have buried it.
pub(super) fn is_mine(connection: &Connection, name: &str, me: i64) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM conversation WHERE name = ?1 AND lease = ?2)";
    connection.prepare_cached(sql)?.query_row(params![name, me], |row| row.get(0))
}

/// The owners of waiting conversations that this process may serve: itself, nobody, and the dead.
pub(super) fn claimable_owners(connection: &Connection, me: i64) -> Result<Vec<i64>> {
    let mut owners = Vec::new();
    // From one owner to the next by the index: there are few, and may be many conversations.
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

/// The conversations of an owner whose time lies between two others, the earliest first.
pub(super) fn due(
    connection: &Connection,
    owner: i64,
    (from, to): (i64, i64),
    limit: usize,
) -> Result<Vec<String>> {
    let sql = "SELECT name FROM conversation WHERE owner = ?1 AND due_at BETWEEN ?2 AND ?3
               ORDER BY due_at LIMIT ?4";
    let mut rows = connection.prepare_cached(sql)?;
    rows.query_map(params![owner, from, to, number(limit)], |row| row.get(0))?.collect()
}

/// The earliest and the latest time of an owner's waiting conversations, each from an end of the index.
pub(super) fn due_times(connection: &Connection, owner: i64) -> Result<Option<[Millis; 2]>> {
    let sql = "SELECT
               (SELECT min(due_at) FROM conversation WHERE owner = ?1 AND due_at IS NOT NULL),
               (SELECT max(due_at) FROM conversation WHERE owner = ?1 AND due_at IS NOT NULL)";
    connection.prepare_cached(sql)?.query_row([owner], |row| {
        let (first, last): (Option<Millis>, Option<Millis>) = (row.get(0)?, row.get(1)?);
        Ok(first.zip(last).map(|(first, last)| [first, last]))
    })
}

/// Puts a pending record off; `false` when it is not pending any more.
pub(super) fn put_off(
    connection: &Connection,
    entry: &Entry,
    trial: &Trial,
    due_at: Millis,
    needs_token: bool,
    reason: &str,
) -> Result<bool> {
    // One that needs a token is anybody's: whoever gets one may go on with it.
    let sql =
        "UPDATE record SET attempts = ?2, strikes = ?3, mark = ?4, due_at = ?5, needs_token = ?6,
               reason = ?7, opening = ?8, owner = CASE WHEN ?6 THEN 0 ELSE owner END WHERE id = ?1";
    let Trial { attempts, strikes, mark, .. } = trial;
    let changed = connection.prepare_cached(sql)?.execute(params![
        entry.id,
        attempts,
        strikes,
        mark,
        due_at,
        needs_token,
        reason,
        openings::json(entry.opening.as_ref())
    ])?;
    Ok(changed == 1)
}

/// Takes a pending record out; `None` when it is not pending any more.
///
/// By its id, not by its number: a file that took the place of a damaged one has numbers of its own.
pub(super) fn remove(connection: &Connection, id: &str) -> Result<Option<Head>> {
    let sql = format!("SELECT {ENTRY} FROM record WHERE id = ?1");
    let found = connection.prepare_cached(&sql)?.query_row([id], head).optional()?;
    if let Some(head) = &found {
        let sql = "DELETE FROM record WHERE seq = ?1";
        connection.prepare_cached(sql)?.execute([head.entry.seq])?;
        let held = u8::from(head.is_held);
        let sql = "UPDATE counter SET pending = pending - 1, held = held - ?1";
        connection.prepare_cached(sql)?.execute([held])?;
    }
    Ok(found)
}

/// Remembers a delivered id, with the name of the conversation that its record has opened, and forgets the oldest.
pub(super) fn remember(
    connection: &Connection,
    id: &str,
    opened: Option<&str>,
    remembered: usize,
) -> Result<()> {
    let sql = "INSERT INTO delivered (id, conversation) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    connection.prepare_cached(sql)?.execute(params![id, opened])?;
    let sql = "DELETE FROM delivered WHERE seq IN (SELECT seq FROM delivered
               WHERE seq <= (SELECT max(seq) FROM delivered) - ?1 ORDER BY seq LIMIT 8)";
    connection.prepare_cached(sql)?.execute([number(remembered)]).map(drop)
}

/// Lets the records of this user or conversation that wait for tokens try at once, by this process.
pub(super) fn wake_for_tokens(
    connection: &Connection,
    fresh: &Fresh,
    me: i64,
    now: Millis,
) -> Result<()> {
    for (index, column, value) in [
        ("record_tokenless_conversation", "conversation", Some(&fresh.conversation)),
        ("record_tokenless_user", "user", fresh.user.as_ref()),
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

/// Whether a record waits, taken no later than `seq`, that this process may have to deliver.
pub(super) fn is_waiting(connection: &Connection, seq: u64, me: i64) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM record WHERE seq <= ?1 AND NOT is_held AND
               (owner IN (0, ?2) OR NOT EXISTS (SELECT 1 FROM process WHERE no = owner)))";
    connection.prepare_cached(sql)?.query_row(params![seq, me], |row| row.get(0))
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
            trial: trial(row, 4)?,
            state,
            reason: row.get(8)?,
        })
    })?
    .collect()
}

/// A number of things as SQLite has it.
pub(super) fn number(of: usize) -> i64 {
    of.try_into().unwrap_or(i64::MAX)
}

fn trial(row: &Row<'_>, at: usize) -> Result<Trial> {
    Ok(Trial {
        accepted_at: row.get(at)?,
        attempts: row.get(at + 1)?,
        strikes: row.get(at + 2)?,
        mark: row.get(at + 3)?,
    })
}

fn head(row: &Row<'_>) -> Result<Head> {
    let entry = Entry {
        seq: row.get(0)?,
        id: row.get(1)?,
        conversation: row.get(2)?,
        user: row.get(3)?,
        payload: row.get(4)?,
        trial: trial(row, 5)?,
        opening: openings::read(row, 9)?,
    };
    Ok(Head { entry, is_held: row.get(10)?, due_at: row.get(11)?, owner: row.get(12)? })
}
