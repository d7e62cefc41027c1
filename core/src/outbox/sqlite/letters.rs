//! The statements about dead letters.

use rusqlite::{CachedStatement, Connection, OptionalExtension, Result, Row, params};

use super::openings;
use super::records::{count, counts, is_known, number};
use crate::outbox::backend::DeadRow;
use crate::outbox::state::Trial;

const DEAD: &str =
    "id, conversation, user, payload, accepted_at, attempts, died_at, reason, opening, seq";

pub(super) fn dead(connection: &Connection, limit: usize) -> Result<Vec<DeadRow>> {
    let mut rows: CachedStatement<'_> =
        connection.prepare_cached(&format!("SELECT {DEAD} FROM dead ORDER BY seq LIMIT ?1"))?;
    rows.query_map([number(limit)], dead_row)?.collect()
}

/// Takes a dead letter out.
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
        trial: Trial { accepted_at: row.get(4)?, attempts: row.get(5)?, ..Trial::default() },
        died_at: row.get(6)?,
        reason: row.get(7)?,
        opening: openings::read(row, 8)?,
    })
}

/// Lays a dead letter down, unless its id is known.
pub(super) fn insert_dead(connection: &Connection, row: &DeadRow) -> Result<()> {
    if is_known(connection, &row.id)? {
        return Ok(());
    }
    count(connection, "accepted = accepted + 1, last_seq = last_seq + 1")?;
    let seq = counts(connection)?.last_seq;
    lay_down(connection, seq, row)
}

pub(super) fn lay_down(connection: &Connection, seq: u64, row: &DeadRow) -> Result<()> {
    let sql = "INSERT INTO dead (seq, id, conversation, user, payload, accepted_at, died_at, attempts, reason,
               opening) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    let DeadRow { id, conversation, user, payload, trial, died_at, reason, opening } = row;
    let Trial { accepted_at, attempts, .. } = trial;
    connection.prepare_cached(sql)?.execute(params![
        seq,
        id,
        conversation,
        user,
        payload,
        accepted_at,
        died_at,
        attempts,
        reason,
        openings::json(opening.as_ref())
    ])?;
    count(connection, "dead = dead + 1")
}
