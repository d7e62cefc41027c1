//! A call that is under way.

use pyo3::prelude::*;
use turnwire::bridge::{self, Pull, Taken};
use turnwire::chat::ModelList;
use turnwire::{ChatReply, ChatStream};

use crate::error::{exception, headers};
use crate::stream::Chunks;
use crate::{log, wait};

/// What is waited for.
enum Kind {
    Reply(Pull<Vec<ChatReply>>),
    Stream(Pull<Vec<ChatStream>>),
    Models(Pull<Vec<ModelList>>),
}

/// A call that is under way. Dropping it ends the call.
#[pyclass(frozen, module = "turnwire._core")]
pub(crate) struct Call(Kind);

/// Does the same with the pull of each kind.
macro_rules! with_pull {
    ($call:expr, $pull:ident => $body:expr) => {
        match &$call.0 {
            Kind::Reply($pull) => $body,
            Kind::Stream($pull) => $body,
            Kind::Models($pull) => $body,
        }
    };
}

impl Call {
    pub(crate) fn reply(pull: Pull<Vec<ChatReply>>) -> Self {
        Call(Kind::Reply(pull))
    }

    pub(crate) fn stream(pull: Pull<Vec<ChatStream>>) -> Self {
        Call(Kind::Stream(pull))
    }

    pub(crate) fn models(pull: Pull<Vec<ModelList>>) -> Self {
        Call(Kind::Models(pull))
    }
}

#[pymethods]
impl Call {
    /// The result, or `None` as long as there is none: a reply's JSON with the response's headers, or chunks.
    fn take<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        log::drain_logs(py)?;
        let result = match &self.0 {
            Kind::Reply(pull) => take(py, pull)?.map(|reply| {
                (reply.raw().unwrap_or_default(), headers(reply.headers())).into_pyobject(py)
            }),
            Kind::Models(pull) => {
                take(py, pull)?.map(|list| (list.raw(), headers(list.headers())).into_pyobject(py))
            }
            Kind::Stream(pull) => {
                return take(py, pull)?
                    .map(|stream| {
                        let headers = headers(stream.headers());
                        let chunks =
                            bridge::Client::chunks(stream).map_err(|e| exception(py, &e))?;
                        Ok(Bound::new(py, Chunks::new(chunks, headers))?.into_any())
                    })
                    .transpose();
            }
        };
        Ok(result.transpose()?.map(Bound::into_any))
    }

    /// Waits for the result, and gives it.
    fn wait<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        loop {
            if let Some(result) = slf.get().take(slf.py())? {
                return Ok(result);
            }
            with_pull!(slf.get(), pull => wait::until_filled(slf.as_any(), pull)?);
        }
    }

    /// Calls `callback` once, from any thread, as soon as there is a result.
    fn wake(&self, callback: Py<PyAny>) {
        with_pull!(self, pull => wait::wake(pull, callback));
    }

    /// Ends the call and closes its connection.
    fn close(&self) {
        with_pull!(self, pull => pull.cancel());
    }
}

/// The pull's one item, if it is there.
fn take<T: Send + 'static>(py: Python<'_>, pull: &Pull<Vec<T>>) -> PyResult<Option<T>> {
    match pull.take() {
        Taken::Items(items) => Ok(items.into_iter().next()),
        Taken::Nothing => Ok(None),
        Taken::Failed(error) => Err(exception(py, &error)),
        Taken::End => {
            let why = "the call was cancelled, or its result was taken before";
            Err(pyo3::exceptions::PyRuntimeError::new_err(why))
        }
    }
}
