//! The statements about records that open their conversation, and about those that wait behind them.

use std::borrow::Cow;

use rusqlite::{Connection, OptionalExtension, Result, Row, params};

use super::schema::ANYBODY;
use crate::outbox::opening::{Opening, renamed};
use crate::outbox::storage::rows::{Ahead, CHAIN, ClaimedRecord, NewRecord};

/// The opening in its stored form.
pub(super) fn json(opening: Option<&Opening>) -> Option<String> {
    opening.map(Opening::to_json)
}

pub(super) fn read(row: &Row<'_>, at: usize) -> Result<Option<Opening>> {
    Ok(row.get::<_, Option<String>>(at)?.as_deref().map(Opening::from_json))
}

/// The record, moved to the conversation of the record that it waits behind.
pub(super) fn resolved<'a>(
    connection: &Connection,
    record: &'a NewRecord,
) -> Result<Cow<'a, NewRecord>> {
    match record.opening.as_ref().and_then(Opening::behind) {
        Some(id) => Ok(Cow::Owned(record.clone().behind(ahead(connection, id)?))),
        None => Ok(Cow::Borrowed(record)),
    }
}

/// The state of a record that another one waits behind.
pub(super) fn ahead(connection: &Connection, id: &str) -> Result<Ahead> {
    let mut id = id.to_owned();
    for _ in 0..CHAIN {
        match found(connection, &id)? {
            Found::Follows(other) => id = other,
            Found::Is(ahead) => return Ok(ahead),
        }
    }
    Ok(Ahead::Unknown)
}

/// The state of a record, or the record on which it depends.
enum Found {
    Is(Ahead),
    Follows(String),
}

fn found(connection: &Connection, id: &str) -> Result<Found> {
    let follows = |opening: Option<&Opening>| {
        opening.and_then(Opening::follows).map(|other| Found::Follows(other.to_owned()))
    };
    let sql = "SELECT conversation, opening FROM record WHERE id = ?1";
    let pending = connection.prepare_cached(sql)?.query_row([id], |row| {
        let opening = read(row, 1)?;
        let is = |name| Found::Is(Ahead::pending(id, name, opening.as_ref()));
        Ok(follows(opening.as_ref()).unwrap_or(is(row.get(0)?)))
    });
    if let Some(found) = pending.optional()? {
        return Ok(found);
    }
    let sql = "SELECT conversation FROM delivered WHERE id = ?1";
    let delivered = connection.prepare_cached(sql)?.query_row([id], |row| row.get(0));
    if let Some(Some(name)) = delivered.optional()? {
        return Ok(Found::Is(Ahead::In(name)));
    }
    let sql = "SELECT opening, reason, conversation FROM dead WHERE id = ?1";
    let dead = connection.prepare_cached(sql)?.query_row([id], |row| {
        let opening = read(row, 0)?;
        let is = match &opening {
            Some(opening) if opening.is_to_open() => Ahead::Dead(row.get(1)?),
            _ => Ahead::In(row.get(2)?),
        };
        Ok(follows(opening.as_ref()).unwrap_or(Found::Is(is)))
    });
    Ok(dead.optional()?.unwrap_or(Found::Is(Ahead::Unknown)))
}

/// Stores the state of the opening of a pending record; `false` if it is not pending.
pub(super) fn save(connection: &Connection, claimed: &ClaimedRecord) -> Result<bool> {
    let sql = "UPDATE record SET opening = ?2 WHERE id = ?1";
    let opening = json(claimed.opening.as_ref());
    Ok(connection.prepare_cached(sql)?.execute(params![claimed.id, opening])? == 1)
}

/// Returns true if another process has put the opening of a claimed record in doubt.
pub(super) fn is_put_in_doubt(connection: &Connection, claimed: &ClaimedRecord) -> Result<bool> {
    let sql = "SELECT opening FROM record WHERE id = ?1";
    let stored = connection.prepare_cached(sql)?.query_row([&claimed.id], |row| read(row, 0));
    let is_doubted = |opening: &Option<Opening>| opening.as_ref().is_some_and(Opening::is_doubted);
    Ok(stored.optional()?.is_some_and(|stored| is_doubted(&stored))
        && !is_doubted(&claimed.opening))
}

/// Returns true if a record that is pending, dead or delivered is in a conversation with this name.
pub(super) fn is_taken(connection: &Connection, name: &str) -> Result<bool> {
    // An index of the delivered ones would cost each delivery more than a rare search costs without.
    let sql = "SELECT EXISTS (SELECT 1 FROM conversation WHERE name = ?1)
        OR EXISTS (SELECT 1 FROM dead WHERE conversation = ?1)
        OR EXISTS (SELECT 1 FROM delivered WHERE conversation = ?1)";
    connection.prepare_cached(sql)?.query_row([name], |row| row.get(0))
}

/// Returns true if another record of the user has requested the place that this one opens, and has no answer yet.
pub(super) fn has_rival(
    connection: &Connection,
    claimed: &ClaimedRecord,
    opening: &Opening,
) -> Result<bool> {
    let Some(requested) = opening.rival() else { return Ok(false) };
    let sql = "SELECT EXISTS (SELECT 1 FROM record WHERE opening = ?1 AND user IS ?2 AND id <> ?3)";
    let its = params![requested.to_json(), claimed.user, claimed.id];
    connection.prepare_cached(sql)?.query_row(its, |row| row.get(0))
}

/// Renames a conversation. Of its records, only the one with this id has steps of the opening left.
pub(super) fn rename(
    connection: &Connection,
    from: &str,
    to: &str,
    id: &str,
    opening: &Opening,
) -> Result<()> {
    let sql = "SELECT seq, id, payload FROM record WHERE conversation = ?1";
    let mut rows = connection.prepare_cached(sql)?;
    let rows = rows.query_map([from], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    for (seq, row_id, payload) in rows.collect::<Result<Vec<(i64, String, String)>>>()? {
        let opening = (row_id == id).then(|| opening.to_json());
        let sql = "UPDATE record SET conversation = ?2, payload = ?3, opening = ?4 WHERE seq = ?1";
        let payload = renamed(&payload, from, to);
        connection.prepare_cached(sql)?.execute(params![seq, to, payload, opening])?;
    }
    connection.prepare_cached("DELETE FROM conversation WHERE name = ?1")?.execute([from])?;
    let sql = "INSERT INTO conversation (name, owner) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    connection.prepare_cached(sql)?.execute(params![to, ANYBODY]).map(drop)
}
