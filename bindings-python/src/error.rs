//! Core's errors as exceptions. Which class a code becomes stands in the Python package's table.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use turnwire::bridge::ErrorFacts;

/// The exception that tells what `error` tells.
pub(crate) fn exception(py: Python<'_>, error: &turnwire::Error) -> PyErr {
    match make(py, error.into()) {
        Ok(exception) => PyErr::from_value(exception),
        Err(failure) => failure,
    }
}

fn make(py: Python<'_>, error: ErrorFacts) -> PyResult<Bound<'_, PyAny>> {
    let facts = PyDict::new(py);
    facts.set_item("error_code", error.code)?;
    facts.set_item("text", error.line)?;
    facts.set_item("message", error.message)?;
    facts.set_item("operation", error.operation)?;
    facts.set_item("retryable", error.retryable)?;
    facts.set_item("retry_after", error.retry_after)?;
    facts.set_item("attempts", error.attempts)?;
    facts.set_item("partial", error.partial)?;
    facts.set_item("request_id", error.request_id)?;
    facts.set_item("status", error.status)?;
    facts.set_item("headers", error.headers)?;
    facts.set_item("body", error.body)?;
    let api = error.api.and_then(|api| serde_json::to_string(&api).ok());
    facts.set_item("api", api)?;
    let table = py.import(intern!(py, "turnwire._exceptions"))?;
    table.call_method1(intern!(py, "from_core"), (facts,))
}
