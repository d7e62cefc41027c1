//! Records from a host on their way into an outbox.

use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{Call, call, on_blocking_thread};
use super::settings::{Names, Subject, fields_of, read};
use super::stored::store_message;
use crate::credentials::Tokens;
use crate::error::{Error, ErrorKind, Result};
use crate::outbox::{Entrance, Outbox, Receipt, Record, WhenFull, flush_lingering};

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

/// A record of a message, for an outbox whose sink is a store.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MessageFields {
    /// The message's workspace, which may be left out.
    conversation: Option<String>,
    /// The message's id, which may be left out.
    id: Option<String>,
    /// A message with the names of the host language, which are not the store's.
    message: Value,
    user_id: Option<String>,
    access_token: Option<String>,
    refresh_token: Option<String>,
}

/// The kinds of records and the names of their fields, for comparison with a language's declarations.
pub fn record_fields() -> Vec<(&'static str, &'static [&'static str])> {
    vec![("record", fields_of::<RecordFields>()), ("message", fields_of::<MessageFields>())]
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

/// Returns true while a record waits for its delivery.
pub fn is_waiting(outbox: &Outbox) -> bool {
    outbox.is_waiting()
}

/// Leaves the records of a file to the next outbox that opens it, once the host has dropped this one: the store asks a function
/// that ends with the host's thread. In memory they are delivered as far as that goes without the function.
pub fn leave_when_dropped(outbox: &Outbox) {
    outbox.leave_when_dropped();
}

/// Waits until the outboxes that outlive their host objects have delivered what is due, at most this long.
///
/// # Errors
///
/// `config` when no thread can be started.
pub fn flush_dropped(limit: Duration) -> Result<Call> {
    call(async move {
        flush_lingering(limit).await;
        Ok(())
    })
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

/// Reads a record of either kind. Errors never quote a value, which may be a token or a user's text.
fn record(json: &str, names: Names, operation: &'static str) -> Result<Record> {
    let (error, whole, part) = (ErrorKind::InvalidRequest, "the record", "field");
    let subject = Subject { error, operation, whole, part, is_flat: false };
    names.check_integers(json).map_err(|why| Error::new(error, operation, why))?;
    let is_message = crate::json::from_str::<KindOfRecord>(json).is_ok();
    let (record, user, access, refresh) = if is_message {
        let given: MessageFields = read(json, names, subject)?;
        let message = store_message(&given.message.to_string(), names)?;
        let (conversation, id) = (&message.workspace_id, &message.id);
        if given.conversation.is_some_and(|given| given != *conversation)
            || given.id.is_some_and(|given| given != *id)
        {
            let why = "the record of a message has its workspace as conversation, and its id";
            return Err(Error::new(error, operation, why));
        }
        let record = Record::new(conversation, id, json!(message));
        (record, given.user_id, given.access_token, given.refresh_token)
    } else {
        let given: RecordFields = read(json, names, subject)?;
        let record = Record::new(given.conversation, given.id, given.payload);
        (record, given.user_id, given.access_token, given.refresh_token)
    };
    let tokens =
        names.pair_of_tokens(access, refresh).map_err(|why| Error::new(error, operation, why))?;
    let record = match user {
        Some(user) => record.user(user),
        None => record,
    };
    Ok(match tokens {
        Some((access, refresh)) => record.tokens(Tokens::new(access, refresh)),
        None => record,
    })
}

/// Matches the record of a message.
#[derive(Deserialize)]
struct KindOfRecord {
    #[serde(rename = "message")]
    _message: serde::de::IgnoredAny,
}
