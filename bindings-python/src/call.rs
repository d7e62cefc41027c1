//! A call that is under way.

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use turnwire::bridge::{self, Answer, Body, Taken, Waiting};

use crate::error::exception;
use crate::stream::Chunks;
use crate::{log, wait};

/// A call that is under way. Dropping it ends the call.
#[pyclass(frozen, module = "turnwire._core")]
pub(crate) struct Call(bridge::Call);

impl Call {
    pub(crate) fn new(call: bridge::Call) -> Self {
        Call(call)
    }
}

#[pymethods]
impl Call {
    /// The result, or `None` as long as there is none: a reply's JSON with the response's headers, or chunks.
    fn take<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        log::drain_logs(py)?;
        match self.0.take_answer() {
            Taken::Items(answer) => object(py, answer).map(Some),
            Taken::Nothing => Ok(None),
            Taken::Failed(error) => Err(exception(py, &error)),
            Taken::End => {
                let why = "the call was cancelled, or its result was taken before";
                Err(PyRuntimeError::new_err(why))
            }
        }
    }

    /// Waits for the result, and gives it.
    fn wait<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        loop {
            if let Some(result) = slf.get().take(slf.py())? {
                return Ok(result);
            }
            wait::until_filled(slf.as_any(), &slf.get().0)?;
        }
    }

    /// Calls `callback` once, from any thread, as soon as there is a result.
    fn wake(&self, callback: Py<PyAny>) {
        wait::wake(&self.0, callback);
    }

    /// Ends the call and closes its connection.
    fn close(&self) {
        self.0.cancel();
    }
}

/// An answer as Python reads it.
fn object(py: Python<'_>, answer: Answer) -> PyResult<Bound<'_, PyAny>> {
    let headers = answer.head.map(|head| head.headers).unwrap_or_default();
    match answer.body {
        Body::Json(json) => Ok((json, headers).into_pyobject(py)?.into_any()),
        Body::Chunks(stream) => {
            let chunks = stream.chunks().map_err(|e| exception(py, &e))?;
            Ok(Bound::new(py, Chunks::new(chunks, headers))?.into_any())
        }
        // No call of this client is answered so.
        _ => Ok(py.None().into_bound(py)),
    }
}
