//! The native part of the npm package `turnwire`: calls go in as JSON, batches of chunks come out as JSON.
//!
//! The public API (promises, streams, error classes) is TypeScript, in `ts/`. The native part connects core's bridge to
//! JavaScript, on its thread, and has no rules of its own.

mod call;
mod client;
mod host;
mod json;
pub mod logs;
mod progress;
mod reading;
mod settings;
mod turn;
mod turns;
mod waker;

use napi_derive::napi;
use turnwire::{ChatRequest, ErrorKind, bridge};

/// All codes of errors.
#[napi]
pub fn error_codes() -> Vec<&'static str> {
    ErrorKind::ALL.iter().map(|kind| kind.code()).collect()
}

/// All fields of a request that core knows by name.
#[napi]
pub fn request_fields() -> Vec<&'static str> {
    ChatRequest::FIELDS.to_vec()
}

/// All fields of a turn's request.
#[napi]
pub fn turn_request_fields() -> Vec<&'static str> {
    bridge::TURN_REQUEST_FIELDS.to_vec()
}
