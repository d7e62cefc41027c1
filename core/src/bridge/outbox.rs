//! Records from a host on their way into an outbox.

use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::Value;

use super::answer::{Call, call, on_blocking_thread};
use super::settings::{Names, Subject, fields_of, read};
use crate::credentials::Tokens;
use crate::error::{Error, ErrorKind, Result};
use crate::outbox::{Entrance, Outbox, Receipt, Record, WhenFull};

/// The interval at which a full outbox is tried again.
const PAUSE: Duration = Duration::from_millis(10);

/// A record.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RecordFields {
    conversation: String,
    id: String,
    /// Any JSON.
    payload: Value,
    user_id: Option<String>,
    access_token: Option<String>,
    refresh_token: Option<String>,
}

/// The fields of a record. In JSON they have the names of the host language.
pub fn record_fields() -> &'static [&'static str] {
    fields_of::<RecordFields>()
}

/// [`Outbox::enqueue`] of a record in JSON. The call has ended when this returns, unless the outbox is full and its
/// settings allow to wait: the wait blocks no thread, so that a sink of the host can make room.
///
/// # Errors
///
/// `config` when no thread can be started. Errors of the record and of the outbox come from the call.
pub fn enqueue(outbox: &Outbox, record: &str, names: Names) -> Result<Call> {
    enter(outbox, record, names, Entrance::Enqueue)
}

/// [`Outbox::hold`] of a record in JSON, as [`enqueue`].
///
/// # Errors
///
/// As [`enqueue`].
pub fn hold(outbox: &Outbox, record: &str, names: Names) -> Result<Call> {
    enter(outbox, record, names, Entrance::Hold)
}

/// [`Outbox::release`] of a record in JSON, as [`enqueue`].
///
/// # Errors
///
/// As [`enqueue`].
pub fn release(outbox: &Outbox, record: &str, names: Names) -> Result<Call> {
    enter(outbox, record, names, Entrance::Release)
}

fn enter(outbox: &Outbox, json: &str, names: Names, entrance: Entrance) -> Result<Call> {
    let record = match record(json, names, entrance.operation()) {
        Ok(record) => record,
        Err(error) => return Ok(Call::ended(Err::<Receipt, _>(error))),
    };
    let WhenFull::Block(limit) = outbox.when_full() else {
        return Ok(Call::ended(outbox.enter(record, entrance, WhenFull::Reject)));
    };
    match outbox.enter(record.clone(), entrance, WhenFull::Reject) {
        Err(error) if error.kind() == ErrorKind::OutboxFull && !limit.is_zero() => {
            call(wait_for_capacity(outbox.clone(), record, entrance, limit))
        }
        ended => Ok(Call::ended(ended)),
    }
}

async fn wait_for_capacity(
    outbox: Outbox,
    record: Record,
    entrance: Entrance,
    limit: Duration,
) -> Result<Receipt> {
    let began = Instant::now();
    loop {
        tokio::time::sleep(PAUSE.min(limit.saturating_sub(began.elapsed()))).await;
        let (outbox, record) = (outbox.clone(), record.clone());
        let attempt = on_blocking_thread(move || outbox.enter(record, entrance, WhenFull::Reject));
        match attempt.await {
            Err(error) if error.kind() == ErrorKind::OutboxFull && began.elapsed() < limit => {}
            ended => return ended,
        }
    }
}

/// Reads a record. Errors never quote a value, which may be a token or a user's text.
fn record(json: &str, names: Names, operation: &'static str) -> Result<Record> {
    let (error, whole, part) = (ErrorKind::InvalidRequest, "the record", "field");
    let given: RecordFields = read(json, names, Subject { error, operation, whole, part })?;
    let mut record = Record::new(given.conversation, given.id, given.payload);
    if let Some(user) = given.user_id {
        record = record.user(user);
    }
    let tokens = names
        .pair_of_tokens(given.access_token, given.refresh_token)
        .map_err(|why| Error::new(error, operation, why))?;
    Ok(match tokens {
        Some((access, refresh)) => record.tokens(Tokens::new(access, refresh)),
        None => record,
    })
}
