//! A running turn.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use turnwire::bridge;
use turnwire::event::Wire;

use crate::error::exception;
use crate::stream::Stream;

/// A running turn. It is read once, as events or as bytes. Dropping it unread, or its stream, means that the reader has gone.
#[pyclass(frozen, weakref, module = "turnwire._core")]
pub(crate) struct Turn(bridge::Turn);

impl Turn {
    pub(crate) fn new(turn: bridge::Turn) -> Self {
        Turn(turn)
    }
}

#[pymethods]
impl Turn {
    #[getter]
    fn id(&self) -> &str {
        self.0.id()
    }

    /// The id of the user's message.
    #[getter]
    fn message_id(&self) -> &str {
        self.0.message_id()
    }

    /// The id of the AI's message.
    #[getter]
    fn reply_id(&self) -> &str {
        self.0.reply_id()
    }

    /// Starts reading the turn as events.
    fn events(&self, py: Python<'_>) -> PyResult<Stream> {
        let events = self.0.events().map_err(|error| exception(py, &error))?;
        Ok(Stream::new(events, Vec::new()))
    }

    /// Starts reading the turn as the body of a response, on the wire with this name.
    fn bytes(&self, py: Python<'_>, wire: &str) -> PyResult<Stream> {
        let unknown = || PyValueError::new_err("the wire is none of sse, ui and text");
        let wire = Wire::named(wire).ok_or_else(unknown)?;
        let bytes = self.0.bytes(wire).map_err(|error| exception(py, &error))?;
        let headers =
            wire.headers().iter().map(|&(name, value)| (name.to_owned(), value.to_owned()));
        Ok(Stream::new(bytes, headers.collect()))
    }

    /// The timeline so far, as JSON.
    fn timeline(&self, py: Python<'_>) -> PyResult<String> {
        let timeline = self.0.timeline().map_err(|error| exception(py, &error))?;
        serde_json::to_string(&timeline).map_err(|e| PyValueError::new_err(e.to_string()))
    }

    /// Stops the turn: its reader gets the text so far, and its last event.
    fn stop(&self, py: Python<'_>) -> PyResult<()> {
        self.0.stop().map_err(|error| exception(py, &error))
    }

    /// Ends the turn now, as if its reader had gone.
    fn cancel(&self) {
        self.0.cancel();
    }
}
