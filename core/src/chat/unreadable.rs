//! JSON that is neither a chunk nor a reply, and its conversion to an error.

use std::fmt::Display;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::budget::{self, Budgeted};
use crate::error::reports_error;
use crate::error::{Error, ErrorKind};
use crate::http::Context;

/// The reason that JSON is neither a chunk nor a reply.
#[derive(Debug)]
pub(super) enum Unreadable {
    /// An error that the service reports, and the text that accompanies it.
    Reported(Value, String),
    /// JSON of something else, or text that was never JSON.
    NoReply,
    /// Damaged JSON.
    Garbled(String),
    /// JSON of another form than a chunk or a reply.
    Malformed(String),
}

impl Unreadable {
    /// The error of a call that this ends; `what` names the expected content, `text` is the received one.
    pub(super) fn into_error(self, context: &Context, what: &str, text: &str) -> Error {
        let error = |kind, why: &dyn Display| {
            let excerpt = context.excerpt(text.as_bytes());
            context.error(kind, format!("expected a {what}, {why}: {excerpt}"))
        };
        match self {
            Unreadable::Reported(reported, beside) => {
                let error = context.api_error(&reported);
                if beside.is_empty() { error } else { error.with_partial(beside) }
            }
            Unreadable::NoReply if text.trim().is_empty() => {
                let message = format!("expected a {what}, got an empty body");
                context.error(ErrorKind::UnexpectedReply, message)
            }
            Unreadable::NoReply => error(ErrorKind::UnexpectedReply, &"got something else"),
            Unreadable::Garbled(why) => {
                error(ErrorKind::Garbled, &format_args!("got damaged JSON ({why})"))
            }
            Unreadable::Malformed(why) => {
                error(ErrorKind::Decode, &format_args!("got JSON of another form ({why})"))
            }
        }
    }

    /// A reply that the service abandoned without a reason; `text` is the part that it sent with that.
    pub(super) fn abandoned(text: String) -> Self {
        let why = "the service ended the reply early (finish_reason \"error\") and gave no reason";
        Unreadable::Reported(why.into(), text)
    }

    /// The reason for a failure to parse JSON.
    pub(super) fn from_failure(json: &str, error: &serde_json::Error) -> Self {
        // JSON that is nested too deep for the parser is still JSON.
        match is_json(json) {
            true => Unreadable::Malformed(error.to_string()),
            false => Unreadable::Garbled(error.to_string()),
        }
    }
}

/// Returns true if a finish reason means that the service abandoned the reply.
pub(super) fn is_abandoned(reason: &str) -> bool {
    reason.eq_ignore_ascii_case("error")
}

/// Returns true if a text is JSON of any depth.
pub(super) fn is_json(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// The JSON of an event or a reply if it reports an error. Anything after its first value is ignored.
pub(super) fn reported_error(json: &str) -> Option<Value> {
    let mut reader = serde_json::Deserializer::from_str(json);
    let Budgeted(reported) =
        budget::within(json.len(), || Budgeted::deserialize(&mut reader)).ok()?;
    reports_error(&reported).then_some(reported)
}
