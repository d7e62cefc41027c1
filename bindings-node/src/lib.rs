//! The native part of the npm package `turnwire`: calls go in as JSON, batches of chunks come out as JSON.
//!
//! The public API (promises, streams, error classes) is TypeScript, in `ts/`. The native part connects core's bridge to
//! JavaScript, on its thread, and has no rules of its own.

mod call;
mod client;
mod extra;
pub mod handed;
mod host;
mod json;
pub mod logs;
#[cfg(feature = "nats")]
pub mod nats;
#[cfg(not(feature = "nats"))]
pub mod no_nats;
pub mod options;
pub mod outbox;
mod progress;
mod reading;
mod running;
mod runs;
mod service;
mod speech;
pub mod store;
pub mod testing;
pub mod trace;
pub mod turn;
mod turns;
mod waker;
pub mod web;

use std::collections::HashMap;

use napi_derive::napi;
use turnwire::bridge::settings::{self, Names};
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

/// The names of the request headers that `admit` reads, in lower case.
#[napi]
pub fn web_headers() -> Vec<&'static str> {
    turnwire::web::HEADERS.to_vec()
}

/// The objects of stores, each with the names of its fields.
#[napi]
pub fn stored_fields() -> HashMap<String, Vec<String>> {
    shown(bridge::stored_fields())
}

/// The names of the presets.
#[napi]
pub fn presets() -> Vec<&'static str> {
    settings::PRESETS.to_vec()
}

/// The prompts of the preset with this name, as JSON; `null` if there is none.
#[napi]
pub fn preset(name: String) -> napi::Result<Option<String>> {
    let prompts = settings::preset(&name).as_ref().map(serde_json::to_string).transpose();
    prompts.map_err(|e| napi::Error::from_reason(e.to_string()))
}

/// All fields of a turn's request.
#[napi]
pub fn turn_request_fields() -> Vec<&'static str> {
    bridge::turn_request_fields().to_vec()
}

/// The kinds of records of an outbox, each with the names of its fields.
#[napi]
pub fn record_fields() -> HashMap<String, Vec<String>> {
    shown(bridge::record_fields())
}

/// The types of a turn's events, each with the names of its fields.
#[napi]
pub fn event_fields() -> HashMap<String, Vec<String>> {
    let fields = bridge::event_fields().into_iter();
    fields.map(|(kind, names)| (kind, names.into_iter().collect())).collect()
}

/// The objects of settings, each with the names of its fields.
#[napi]
pub fn settings_fields() -> HashMap<String, Vec<String>> {
    shown(settings::objects())
}

fn shown(objects: Vec<(&'static str, &'static [&'static str])>) -> HashMap<String, Vec<String>> {
    let shown = |names: &[&str]| names.iter().map(|name| Names::Camel.shown(name)).collect();
    objects.into_iter().map(|(object, names)| (object.to_owned(), shown(names))).collect()
}

/// The settings of a client, as JSON, completed from these variables of the environment.
#[napi]
pub fn with_environment(
    settings: String,
    variables: HashMap<String, String>,
) -> napi::Result<String> {
    settings::with_environment(&settings, Names::Camel, |name| variables.get(name).cloned())
        .map_err(|error| json::thrown(&error))
}

/// The chart of a timeline for a terminal.
#[napi]
pub fn timeline_text(json: String) -> napi::Result<String> {
    bridge::timeline_text(&json).map_err(|error| json::thrown(&error))
}

/// The picture of a timeline, as SVG, with a note below its title.
#[napi]
pub fn timeline_svg(json: String, note: String) -> napi::Result<String> {
    bridge::timeline_svg(&json, &note).map_err(|error| json::thrown(&error))
}
