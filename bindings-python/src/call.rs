//! A running call, and its answer as a Python object.

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};
use turnwire::bridge::{self, Answer, Body, Context, IntoAnswer, Taken, Waiting};

use crate::bell::Bell;
use crate::error::exception;
use crate::stream::Stream;
use crate::web::WebReply;
use crate::{log, wait};

/// A running call. Dropping it ends the call.
#[pyclass(frozen, module = "turnwire._core")]
pub(crate) struct Call(bridge::Call);

impl Call {
    /// Wraps a call, or raises the error that kept it from starting.
    pub(crate) fn new(py: Python<'_>, call: turnwire::Result<bridge::Call>) -> PyResult<Self> {
        call.map(Call).map_err(|error| exception(py, &error))
    }

    /// Starts a call whose questions to functions of the program are asked on behalf of this caller.
    pub(crate) fn asked_by<T: IntoAnswer>(
        py: Python<'_>,
        caller: Option<&Context>,
        call: impl Future<Output = turnwire::Result<T>> + Send + 'static,
    ) -> PyResult<Self> {
        let start = || bridge::call(call);
        Call::new(
            py,
            match caller {
                Some(caller) => caller.scope(start),
                None => start(),
            },
        )
    }
}

#[pymethods]
impl Call {
    /// The answer, or `None` while there is none: JSON with the response's headers, bytes (with the headers, if
    /// there was a response), a stream, the reply to a request of a page, or `()` for no result.
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

    /// Waits for the answer, and returns it.
    fn wait<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        loop {
            if let Some(result) = slf.get().take(slf.py())? {
                return Ok(result);
            }
            wait::until_filled(slf.as_any(), &slf.get().0)?;
        }
    }

    /// Calls `callback` once, from any thread, as soon as there is an answer.
    fn wake(&self, callback: Py<PyAny>) {
        wait::wake(&self.0, callback);
    }

    /// Makes `future` due once, as soon as there is an answer.
    fn ring(&self, bell: &Bound<'_, Bell>, future: Py<PyAny>) {
        wait::ring(&self.0, bell.get(), future);
    }

    /// Wakes all that wait, though nothing may have arrived.
    fn wake_all(&self) {
        self.0.wake_all();
    }

    /// Ends the call and closes its connection.
    fn close(&self) {
        self.0.cancel();
    }
}

/// Converts an answer to a Python object.
fn object(py: Python<'_>, answer: Answer) -> PyResult<Bound<'_, PyAny>> {
    let has_head = answer.head.is_some();
    let headers = answer.head.map(|head| bridge::headers_in_utf8(head.headers)).unwrap_or_default();
    let stream = match answer.body {
        Body::Json(json) => return Ok((json, headers).into_pyobject(py)?.into_any()),
        Body::Bytes(bytes) => {
            let bytes = PyBytes::new(py, &bytes).into_any();
            return Ok(if has_head {
                (bytes, headers).into_pyobject(py)?.into_any()
            } else {
                bytes
            });
        }
        Body::Chunks(stream) => {
            Stream::new(stream.chunks().map_err(|e| exception(py, &e))?, headers)
        }
        Body::Events(events) => Stream::new(events, headers),
        Body::Audio(pieces) => Stream::new(pieces, headers),
        Body::Web(reply) => return Ok(WebReply::new(py, reply)?.into_any()),
        // No result, and kinds that this version does not know. `None` would mean that there is no answer yet.
        _ => return Ok(PyTuple::empty(py).into_any()),
    };
    Ok(Bound::new(py, stream)?.into_any())
}
