//! Core's errors as exceptions. The Python package's table maps each code to its class.

use std::error::Error as _;

use pyo3::intern;
use pyo3::prelude::*;
use turnwire::Error;
use turnwire::bridge::{ErrorFacts, headers_in_utf8};

/// The exception for `error`. A Python exception among its sources becomes its cause.
pub(crate) fn exception(py: Python<'_>, error: &Error) -> PyErr {
    let mut facts = ErrorFacts::from(error);
    facts.headers = facts.headers.map(headers_in_utf8);
    let exception = match make(py, &facts) {
        Ok(exception) => PyErr::from_value(exception),
        Err(failure) => return failure,
    };
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(raised) = cause.downcast_ref::<PyErr>() {
            exception.set_cause(py, Some(raised.clone_ref(py)));
            break;
        }
        source = cause.source();
    }
    exception
}

fn make<'py>(py: Python<'py>, facts: &ErrorFacts) -> PyResult<Bound<'py, PyAny>> {
    let table = py.import(intern!(py, "turnwire._exceptions"))?;
    table.call_method1(intern!(py, "from_core"), (facts.to_json(),))
}
