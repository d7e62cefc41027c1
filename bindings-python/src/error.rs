//! Core's errors as exceptions. Which class a code becomes stands in the Python package's table.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// The exception that tells what `error` tells.
pub(crate) fn exception(py: Python<'_>, error: &turnwire::Error) -> PyErr {
    match make(py, error) {
        Ok(exception) => PyErr::from_value(exception),
        Err(failure) => failure,
    }
}

fn make<'py>(py: Python<'py>, error: &turnwire::Error) -> PyResult<Bound<'py, PyAny>> {
    let facts = PyDict::new(py);
    facts.set_item("error_code", error.code())?;
    facts.set_item("text", error.to_string())?;
    facts.set_item("message", error.message())?;
    facts.set_item("operation", error.operation())?;
    facts.set_item("retryable", error.is_retryable())?;
    facts.set_item("retry_after", error.retry_after().map(|wait| wait.as_secs_f64()))?;
    facts.set_item("attempts", error.attempts())?;
    facts.set_item("partial", error.partial())?;
    facts.set_item("request_id", error.request_id())?;
    facts.set_item("status", error.status())?;
    facts.set_item("headers", error.headers().map(headers))?;
    facts.set_item("body", error.body())?;
    let api = error.api().and_then(|api| serde_json::to_string(api.fields()).ok());
    facts.set_item("api", api)?;
    let table = py.import(intern!(py, "turnwire._exceptions"))?;
    table.call_method1(intern!(py, "from_core"), (facts,))
}

/// The headers of a response as pairs of text, in their order.
pub(crate) fn headers<M, N, V>(map: M) -> Vec<(String, String)>
where
    M: IntoIterator<Item = (N, V)>,
    N: AsRef<str>,
    V: AsRef<[u8]>,
{
    let text = |value: V| String::from_utf8_lossy(value.as_ref()).into_owned();
    map.into_iter().map(|(name, value)| (name.as_ref().to_owned(), text(value))).collect()
}
