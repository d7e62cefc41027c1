//! JSON for JavaScript: one string is far cheaper than the equivalent objects.

use std::error::Error as _;

use serde_json::{Value, json};
use turnwire::bridge::{ErrorFacts, Head};
use turnwire::{ChatReply, Error};

use crate::host::Raised;

/// The head of a stream's response.
pub(crate) fn head(head: Option<&Head>) -> String {
    json!({ "head": head }).to_string()
}

/// The head of a response, and its body as raw text, which is parsed on access.
pub(crate) fn whole(head: Option<&Head>, body: &str) -> String {
    format!(r#"{{"head":{},"text":{}}}"#, json!(head), Value::from(body))
}

/// The reply that core accumulated from a stream.
pub(crate) fn accumulated(reply: &ChatReply) -> serde_json::Result<String> {
    serde_json::to_string(reply)
}

/// The good end of a stream.
pub(crate) fn end() -> String {
    r#"{"end":true}"#.to_owned()
}

/// An error with all its facts, and the number of the exception that caused it, if a function of JavaScript raised one.
pub(crate) fn error(error: &Error) -> String {
    let facts = ErrorFacts::from(error).to_json();
    match raised(error) {
        Some(Raised(number)) => format!(r#"{{"error":{facts},"raised":{number}}}"#),
        None => format!(r#"{{"error":{facts}}}"#),
    }
}

fn raised(error: &Error) -> Option<&Raised> {
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(raised) = cause.downcast_ref() {
            return Some(raised);
        }
        source = cause.source();
    }
    None
}

/// An error to be thrown: JavaScript reads the JSON in its message.
pub(crate) fn thrown(cause: &Error) -> napi::Error {
    napi::Error::from_reason(error(cause))
}
