//! Records and dead letters as rows of a table and as JSON.

use std::time::SystemTime;

use jiff::{Timestamp, ZonedDateTime};
use serde_json::{Value, json};

use crate::outbox::{DeadLetter, PendingRecord};

/// The columns of [`pending`].
pub(super) const PENDING: [&str; 6] =
    ["id", "conversation", "state", "tries", "accepted", "reason"];

/// The columns of [`dead`].
pub(super) const DEAD: [&str; 6] =
    ["id", "conversation", "tries", "accepted", "given up", "reason"];

pub(super) fn pending(record: &PendingRecord) -> (Value, Vec<String>) {
    let PendingRecord { id, conversation, attempts, accepted_at, reason, .. } = record;
    let state = record.state.as_str();
    let json = json!({
        "id": id, "conversation": conversation, "userId": record.user, "state": state, "attempts": attempts,
        "acceptedAt": utc(*accepted_at), "reason": reason,
    });
    let cells = vec![
        id.clone(),
        conversation.clone(),
        state.to_owned(),
        attempts.to_string(),
        local(*accepted_at),
        reason.clone().unwrap_or_default(),
    ];
    (json, cells)
}

pub(super) fn dead(letter: &DeadLetter) -> (Value, Vec<String>) {
    let DeadLetter { id, conversation, attempts, accepted_at, died_at, reason, .. } = letter;
    let json = json!({
        "id": id, "conversation": conversation, "userId": letter.user, "payload": letter.payload,
        "attempts": attempts, "reason": reason, "acceptedAt": utc(*accepted_at), "diedAt": utc(*died_at),
    });
    let cells = vec![
        id.clone(),
        conversation.clone(),
        attempts.to_string(),
        local(*accepted_at),
        local(*died_at),
        reason.clone(),
    ];
    (json, cells)
}

fn utc(time: SystemTime) -> Option<String> {
    Timestamp::try_from(time).ok().map(|time| time.to_string())
}

/// A counter of a place.
pub(super) fn counter(name: &str, number: u64) -> Vec<String> {
    vec![name.to_owned(), number.to_string()]
}

/// The time at which the oldest record was accepted.
pub(super) fn oldest(accepted_at: SystemTime) -> Vec<String> {
    vec!["  oldest accepted".to_owned(), local(accepted_at)]
}

/// The time in the time zone of this machine.
fn local(time: SystemTime) -> String {
    ZonedDateTime::try_from(time)
        .map_or_else(|_| "?".to_owned(), |time| time.strftime("%Y-%m-%d %H:%M:%S").to_string())
}
