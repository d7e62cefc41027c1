//! The name of a conversation that has got its place.

use rusqlite::{Connection, Result};

use super::{claims, counter, openings, records};
use crate::outbox::opening::Opening;
use crate::outbox::storage::rows::ClaimedRecord;

/// Renames a conversation that this process has claimed, and claims it under the new name; `None` where it cannot.
pub(super) fn open(
    connection: &Connection,
    claimed: &ClaimedRecord,
    name: &str,
    opening: &Opening,
    me: i64,
) -> Result<Option<ClaimedRecord>> {
    let from = claimed.conversation.as_str();
    let is_pending = records::conversation_of(connection, &claimed.id)?.is_some();
    if !is_pending || !claims::is_mine(connection, from, me)? {
        return Ok(None);
    }
    // This process was taken for dead, and its answer comes too late: another conversation may have adopted the place.
    if openings::is_put_in_doubt(connection, claimed)? {
        claims::schedule(connection, from)?;
        return Ok(None);
    }
    openings::rename(connection, from, name, &claimed.id, opening)?;
    let first = records::first_after(connection, name, 0)?;
    let is_first = first.as_ref().is_some_and(|head| head.record.id == claimed.id);
    if claims::is_claimed(connection, name)? {
        return Ok(None);
    }
    if !is_first {
        claims::schedule(connection, name)?;
        return Ok(None);
    }
    claims::claim(connection, name, me)?;
    let delivered = counter::counts(connection)?.delivered;
    Ok(first.map(|head| records::marked(head.record, delivered)))
}
