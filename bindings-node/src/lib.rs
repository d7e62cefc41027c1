//! The native part of the npm package `turnwire`: calls go in as JSON, batches of chunks come out as JSON.
//!
//! All that a program sees (promises, streams, errors as classes) is TypeScript, in `ts/`. What is here hands
//! over from core's bridge to JavaScript, on its thread, and decides nothing.

mod call;
mod client;
mod json;
pub mod logs;
mod progress;
mod settings;
mod waker;

use napi_derive::napi;
use turnwire::{ChatRequest, ErrorKind};

/// Every code that an error can have.
#[napi]
pub fn error_codes() -> Vec<&'static str> {
    ErrorKind::ALL.iter().map(|kind| kind.code()).collect()
}

/// Every field of a request that core knows by name.
#[napi]
pub fn request_fields() -> Vec<&'static str> {
    ChatRequest::FIELDS.to_vec()
}
