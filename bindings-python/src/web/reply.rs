//! The reply to a request.

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use turnwire::Bytes;
use turnwire::bridge::{self, WebBody};

use crate::turn::Turn;

/// The reply to a request.
#[pyclass(frozen, module = "turnwire._core")]
pub(crate) struct WebReply {
    #[pyo3(get)]
    status: u16,
    /// Pairs, without `Content-Length`.
    #[pyo3(get)]
    headers: Vec<(&'static str, String)>,
    /// The whole body; empty if the body is a turn.
    #[pyo3(get)]
    body: Py<PyBytes>,
    /// The turn that is the body, to be sent on `wire`.
    #[pyo3(get)]
    turn: Option<Py<Turn>>,
    /// `sse`, `ui` or `text`, for a turn.
    #[pyo3(get)]
    wire: Option<&'static str>,
}

impl WebReply {
    pub(crate) fn new(py: Python<'_>, reply: bridge::WebReply) -> PyResult<Bound<'_, Self>> {
        let bridge::WebReply { status, headers, body } = reply;
        let (body, turn, wire) = match body {
            WebBody::Nothing => (Bytes::new(), None, None),
            WebBody::Whole(bytes) => (bytes, None, None),
            WebBody::Turn(turn, wire) => {
                (Bytes::new(), Some(Py::new(py, Turn::new(*turn))?), Some(wire.name()))
            }
        };
        let body = PyBytes::new(py, &body).unbind();
        Bound::new(py, WebReply { status, headers, body, turn, wire })
    }
}
