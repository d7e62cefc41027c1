//! The text of a speech on its way to core.

use pyo3::prelude::*;
use turnwire::bridge::{self, Feed, Waiting};

use crate::bell::Bell;
use crate::error::exception;
use crate::host::failure;
use crate::text::TextPiece;
use crate::wait;

/// The text of a speech. Dropping it ends the text.
#[pyclass(frozen, module = "turnwire._core")]
pub(crate) struct TextFeed(bridge::TextFeed);

impl TextFeed {
    pub(super) fn new(feed: bridge::TextFeed) -> Self {
        TextFeed(feed)
    }

    fn append(&self, py: Python<'_>, piece: TextPiece<'_>) -> PyResult<Feed> {
        self.0.push(piece.0).map_err(|error| exception(py, &error))
    }
}

#[pymethods]
impl TextFeed {
    /// Appends text. The result is `open`, `full` (wait before the next piece) or `closed` (nobody reads it any more).
    fn push(&self, py: Python<'_>, text: TextPiece<'_>) -> PyResult<&'static str> {
        Ok(match self.append(py, text)? {
            Feed::Open => "open",
            Feed::Full => "full",
            Feed::Closed => "closed",
        })
    }

    /// Appends text, and waits while the feed is full. False once nobody reads it any more.
    fn write(slf: &Bound<'_, Self>, text: TextPiece<'_>) -> PyResult<bool> {
        let feed = slf.get().append(slf.py(), text)?;
        if feed == Feed::Full {
            wait::until_filled(slf.as_any(), &slf.get().0)?;
        }
        Ok(feed != Feed::Closed)
    }

    /// Ends the text.
    fn end(&self) {
        self.0.end();
    }

    /// Ends the text with the exception that its source raised.
    fn fail(&self, raised: Bound<'_, PyAny>) -> PyResult<()> {
        self.0.fail(failure(raised)?);
        Ok(())
    }

    /// Calls `callback` once, from any thread, as soon as there is room or nobody reads the text any more.
    fn wake(&self, callback: Py<PyAny>) {
        wait::wake(&self.0, callback);
    }

    /// Makes `future` due once, as soon as there is room or nobody reads the text any more.
    fn ring(&self, bell: &Bound<'_, Bell>, future: Py<PyAny>) {
        wait::ring(&self.0, bell.get(), future);
    }

    /// Wakes all that wait, though nothing may have arrived.
    fn wake_all(&self) {
        self.0.wake_all();
    }

    /// Ends the text.
    fn close(&self) {
        self.0.cancel();
    }
}
