//! JSON that gives no chunk and no reply, and the error that it becomes.

use serde_json::Value;

use crate::http::Context;
use crate::{Error, ErrorKind};

/// Why JSON gave no chunk, or no reply.
#[derive(Debug)]
pub(super) enum Unreadable {
    /// It is an error that the service reports.
    Error(Value),
    /// It is JSON of something else.
    NoReply,
    /// It is not the JSON of a chunk or a reply.
    Malformed(serde_json::Error),
}

impl Unreadable {
    /// The error of a call that this ends; `what` names what should have come.
    pub(super) fn into_error(self, context: &Context, what: &str, json: &[u8]) -> Error {
        match self {
            Unreadable::Error(error) => context.api_error(&error),
            Unreadable::NoReply => {
                let why = format!("JSON came that is no {what}: {}", context.excerpt(json));
                context.error(ErrorKind::UnexpectedReply, why)
            }
            Unreadable::Malformed(e) => {
                let why = format!("what came is no {what}: {e}: {}", context.excerpt(json));
                // The error itself would quote what came, unscrubbed: its text is in the message.
                context.error(ErrorKind::Decode, why)
            }
        }
    }
}

/// The error that an event's or a reply's JSON reports: `{"error": …}`, also in a list, or `{"object": "error", …}`
/// on some services.
pub(super) fn reported_error(json: &str) -> Option<Value> {
    let mut value: Value = serde_json::from_str(json).ok()?;
    if let Value::Array(items) = value {
        value = items.into_iter().next()?;
    }
    match value.get_mut("error").map(Value::take) {
        Some(Value::Null) | None => {
            value.get("object").is_some_and(|o| o == "error").then_some(value)
        }
        Some(error) => Some(error),
    }
}
