//! The statements about dead letters.

use rusqlite::{CachedStatement, Connection, OptionalExtension, Result, Row, params};

use super::counter::{count, counts, number};
use super::openings;
use super::records::is_known;
use crate::outbox::state::AttemptState;
use crate::outbox::storage::rows::DeadRow;

const DEAD: &str =
    "id, conversation, user, payload, accepted_at, attempts, died_at, reason, opening, seq";

pub(super) fn dead(connection: &Connection, limit: usize) -> Result<Vec<DeadRow>> {
    let mut rows: CachedStatement<'_> =
        connection.prepare_cached(&format!("SELECT {DEAD} FROM dead ORDER BY seq LIMIT ?1"))?;
    rows.query_map([number(limit)], dead_row)?.collect()
}

/// Removes a dead letter and returns it.
pub(super) fn take_dead(connection: &Connection, id: &str) -> Result<Option<DeadRow>> {
    let sql = format!("DELETE FROM dead WHERE id = ?1 RETURNING {DEAD}");
    let taken = connection.prepare_cached(&sql)?.query_row([id], dead_row).optional()?;
    if taken.is_some() {
        count(connection, "dead = dead - 1")?;
    }
    Ok(taken)
}

pub(super) fn dead_row(row: &Row<'_>) -> Result<DeadRow> {
    Ok(DeadRow {
        id: row.get(0)?,
        conversation: row.get(1)?,
        user: row.get(2)?,
        payload: row.get(3)?,
        attempt: AttemptState {
            accepted_at: row.get(4)?,
            failures: row.get(5)?,
            ..AttemptState::default()
        },
        died_at: row.get(6)?,
        reason: row.get(7)?,
        opening: openings::read(row, 8)?,
    })
}

/// Inserts and counts a dead letter, unless its id is known.
pub(super) fn insert_dead(connection: &Connection, row: &DeadRow) -> Result<()> {
    if is_known(connection, &row.id)? {
        return Ok(());
    }
    count(connection, "accepted = accepted + 1, last_seq = last_seq + 1")?;
    let seq = counts(connection)?.last_seq;
    insert_letter(connection, seq, row)
}

/// Inserts a dead letter that has already been counted as accepted.
pub(super) fn insert_letter(connection: &Connection, seq: u64, row: &DeadRow) -> Result<()> {
    let sql = "INSERT INTO dead (seq, id, conversation, user, payload, accepted_at, died_at, attempts, reason,
               opening) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    let DeadRow { id, conversation, user, payload, attempt, died_at, reason, opening } = row;
    let AttemptState { accepted_at, failures, .. } = attempt;
    connection.prepare_cached(sql)?.execute(params![
        seq,
        id,
        conversation,
        user,
        payload,
        accepted_at,
        died_at,
        failures,
        reason,
        openings::json(opening.as_ref())
    ])?;
    count(connection, "dead = dead + 1")
}
