//! Core's errors as exceptions. The Python package's table maps each code to its class.

use pyo3::intern;
use pyo3::prelude::*;
use turnwire::Error;
use turnwire::bridge::ErrorFacts;

/// The exception for `error`.
pub(crate) fn exception(py: Python<'_>, error: &Error) -> PyErr {
    match make(py, &ErrorFacts::from(error)) {
        Ok(exception) => PyErr::from_value(exception),
        Err(failure) => failure,
    }
}

fn make<'py>(py: Python<'py>, facts: &ErrorFacts) -> PyResult<Bound<'py, PyAny>> {
    let table = py.import(intern!(py, "turnwire._exceptions"))?;
    table.call_method1(intern!(py, "from_core"), (facts.to_json(),))
}
