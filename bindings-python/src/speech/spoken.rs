//! Texts that are spoken sentence by sentence.

use std::path::PathBuf;

use pyo3::prelude::*;
use turnwire::bridge::settings::{self, Names};
use turnwire::bridge::{self, Context};

use super::feed::TextFeed;
use super::speaker::Speaker;
use crate::call::Call;
use crate::error::exception;
use crate::stream::Stream;
use crate::text::Text;

/// Speaks texts sentence by sentence.
#[pyclass(frozen, module = "turnwire._core")]
pub(crate) struct Speech(turnwire::Speech);

#[pymethods]
impl Speech {
    /// `settings` are JSON.
    #[new]
    fn new(py: Python<'_>, speaker: &Speaker, settings: Text<'_>) -> PyResult<Self> {
        let speech = settings::speech(speaker.shared(), &settings, Names::Snake);
        speech.map(Speech).map_err(|error| exception(py, &error))
    }

    /// The pieces of a speech, and the feed of its text. A speaker that is a Python function gets `caller`.
    fn speak(&self, py: Python<'_>, caller: Py<PyAny>) -> PyResult<(Stream, TextFeed)> {
        let (feed, text) = bridge::TextFeed::new();
        let pieces = bridge::speak(&self.0, text, Some(Context::new(caller)));
        let pieces = pieces.map_err(|error| exception(py, &error))?;
        Ok((Stream::new(pieces, Vec::new()), TextFeed::new(feed)))
    }

    /// The bytes of a speech as one file, and the feed of its text.
    fn joined(&self, py: Python<'_>, caller: Py<PyAny>) -> PyResult<(Stream, TextFeed)> {
        let (feed, text) = bridge::TextFeed::new();
        let bytes = bridge::speak_joined(&self.0, text, Some(Context::new(caller)));
        let bytes = bytes.map_err(|error| exception(py, &error))?;
        Ok((Stream::new(bytes, Vec::new()), TextFeed::new(feed)))
    }

    /// Writes a speech into a file: the call, and the feed of the text.
    fn write_file(
        &self,
        py: Python<'_>,
        path: PathBuf,
        caller: Py<PyAny>,
    ) -> PyResult<(Call, TextFeed)> {
        let (feed, text) = bridge::TextFeed::new();
        let context = Context::new(caller);
        let call = bridge::speak_into_file(&self.0, text, path, Some(&context));
        Ok((Call::new(py, call)?, TextFeed::new(feed)))
    }
}
