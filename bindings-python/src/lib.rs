//! The extension module `turnwire._core`: core's calls and streams as Python objects.
//!
//! It is thin: every method is one call of core's bridge, [`wait`] does all waiting, and errors become exceptions in one table of
//! the Python package. No rule of a call is decided here.

mod bell;
mod call;
mod chat;
mod error;
mod extra;
mod fork;
mod host;
mod items;
mod log;
#[cfg(feature = "nats")]
mod nats;
#[cfg(not(feature = "nats"))]
mod no_nats;
mod outbox;
mod seconds;
mod service;
mod shutdown;
mod speech;
mod store;
mod stream;
mod testing;
mod text;
mod trace;
mod turn;
mod wait;
mod web;
mod whole;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use turnwire::bridge::settings;
use turnwire::{ChatRequest, ErrorKind, bridge};

#[cfg(not(feature = "nats"))]
use crate::no_nats as nats;
use crate::text::Text;

#[pymodule]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    let codes = ErrorKind::ALL.iter().map(|kind| kind.code());
    module.add("ERROR_CODES", PyTuple::new(py, codes.collect::<Vec<_>>())?)?;
    module.add("SETTINGS", named(py, settings::objects())?)?;
    module.add("EVENT_FIELDS", bridge::event_fields())?;
    module.add("TURN_REQUEST_FIELDS", PyTuple::new(py, bridge::turn_request_fields())?)?;
    module.add("STORED_FIELDS", named(py, bridge::stored_fields())?)?;
    module.add("PRESETS", PyTuple::new(py, settings::PRESETS)?)?;
    module.add("REQUEST_FIELDS", PyTuple::new(py, ChatRequest::FIELDS)?)?;
    module.add_class::<chat::Client>()?;
    module.add_class::<call::Call>()?;
    module.add_class::<stream::Stream>()?;
    module.add_class::<bell::Bell>()?;
    module.add_class::<chat::Chunk>()?;
    module.add_class::<chat::Choice>()?;
    module.add_class::<chat::Delta>()?;
    module.add_class::<chat::ToolCall>()?;
    module.add_class::<chat::Function>()?;
    module.add_class::<chat::Progress>()?;
    module.add("RECORD_FIELDS", named(py, bridge::record_fields())?)?;
    module.add_class::<outbox::Outbox>()?;
    module.add_class::<nats::NatsSink>()?;
    module.add_class::<nats::Courier>()?;
    module.add_class::<trace::Trace>()?;
    module.add_class::<turn::Turns>()?;
    module.add_class::<turn::Turn>()?;
    module.add("WEB_HEADERS", PyTuple::new(py, turnwire::web::HEADERS)?)?;
    module.add_class::<web::ChatRoutes>()?;
    module.add_class::<web::WebCall>()?;
    module.add_class::<web::WebReply>()?;
    module.add_class::<store::Store>()?;
    module.add_class::<store::ChatStore>()?;
    module.add_class::<store::SqliteStore>()?;
    module.add_class::<service::ChatService>()?;
    module.add_class::<speech::Speaker>()?;
    module.add_class::<speech::Speech>()?;
    module.add_class::<speech::TextFeed>()?;
    module.add_class::<speech::SentenceCutter>()?;
    module.add_function(wrap_pyfunction!(store::message_from_user, module)?)?;
    module.add_function(wrap_pyfunction!(store::message_reply_to, module)?)?;
    module.add_function(wrap_pyfunction!(preset, module)?)?;
    module.add_class::<host::Answer>()?;
    module.add_class::<host::AudioWriter>()?;
    module.add_class::<testing::FakeService>()?;
    module.add_function(wrap_pyfunction!(turn::timeline_text, module)?)?;
    module.add_function(wrap_pyfunction!(turn::timeline_svg, module)?)?;
    module.add_function(wrap_pyfunction!(chat::with_environment, module)?)?;
    module.add_function(wrap_pyfunction!(outbox::flush_dropped, module)?)?;
    module.add_function(wrap_pyfunction!(outbox::outbox_command, module)?)?;
    module.add_function(wrap_pyfunction!(trace::end_traces, module)?)?;
    module.add_function(wrap_pyfunction!(log::keep_logs, module)?)?;
    module.add_function(wrap_pyfunction!(log::drain_logs, module)?)?;
    shutdown::register(module)
}

/// The names of the fields of each object.
fn named<'py>(
    py: Python<'py>,
    objects: Vec<(&'static str, &'static [&'static str])>,
) -> PyResult<Bound<'py, PyDict>> {
    let named = PyDict::new(py);
    for (name, fields) in objects {
        named.set_item(name, PyTuple::new(py, fields)?)?;
    }
    Ok(named)
}

/// The prompts of the preset with this name, as JSON; `None` if there is none.
#[pyfunction]
fn preset(name: Text<'_>) -> PyResult<Option<String>> {
    let prompts = settings::preset(&name).as_ref().map(serde_json::to_string).transpose();
    prompts.map_err(|e| PyValueError::new_err(e.to_string()))
}
