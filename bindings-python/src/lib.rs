//! The extension module `turnwire._core`: core's calls and streams as Python objects.
//!
//! It is thin: every method is one call of core's bridge, [`wait`] does all waiting, and errors become exceptions in one table of
//! the Python package. No rule of a call is decided here.

mod bell;
mod call;
mod chat;
mod error;
mod fork;
mod items;
mod log;
mod seconds;
mod shutdown;
mod stream;
mod turn;
mod wait;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use turnwire::{ChatRequest, ErrorKind, bridge};

#[pymodule]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    let codes = ErrorKind::ALL.iter().map(|kind| kind.code());
    module.add("ERROR_CODES", PyTuple::new(py, codes.collect::<Vec<_>>())?)?;
    module.add("SETTINGS", settings(py)?)?;
    module.add("EVENT_FIELDS", bridge::event_fields())?;
    module.add("TURN_REQUEST_FIELDS", PyTuple::new(py, bridge::turn_request_fields())?)?;
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
    module.add_class::<turn::Turns>()?;
    module.add_class::<turn::Turn>()?;
    module.add_class::<turn::Answer>()?;
    module.add_function(wrap_pyfunction!(chat::with_environment, module)?)?;
    module.add_function(wrap_pyfunction!(log::keep_logs, module)?)?;
    module.add_function(wrap_pyfunction!(log::drain_logs, module)?)?;
    shutdown::register(module)
}

/// The names of the settings of each object.
fn settings(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let objects = PyDict::new(py);
    for (name, fields) in bridge::settings::objects() {
        objects.set_item(name, PyTuple::new(py, fields)?)?;
    }
    Ok(objects)
}
