//! The answer of a Python function to core.

use std::sync::mpsc::Sender;
use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::prelude::*;
use turnwire::bridge::HostReply;

use super::audio::AudioWriter;
use super::failure;
use crate::shutdown;
use crate::text::{OwnedText, Text};

/// The answer that core waits for. Dropping it unanswered is an error.
#[pyclass(frozen, module = "turnwire._core")]
pub(crate) struct Answer {
    /// `None` once answered. It is locked only by threads that hold the interpreter, and never while Python code runs.
    reply: Mutex<Option<HostReply>>,
    /// Dropped when core's thread need not wait any more.
    thread: Mutex<Option<Sender<()>>>,
}

impl Answer {
    pub(super) fn new(reply: HostReply, thread: Sender<()>) -> Self {
        Answer { reply: Mutex::new(Some(reply)), thread: Mutex::new(Some(thread)) }
    }

    fn lock(&self) -> MutexGuard<'_, Option<HostReply>> {
        self.reply.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Option<HostReply> {
        self.lock().take()
    }
}

#[pymethods]
impl Answer {
    /// Answers with JSON. Only the first answer or failure counts.
    fn set(&self, json: Text<'_>) {
        if let Some(reply) = self.take() {
            reply.answer_json(&json);
        }
    }

    /// Answers with audio, which is written piece by piece; `None` if the question is not one for audio, or answered.
    fn audio(&self, media_type: Option<OwnedText>) -> Option<AudioWriter> {
        self.take()?.audio(media_type.map(String::from)).map(AudioWriter::new)
    }

    /// Fails with the exception that the function raised.
    fn fail(&self, exception: Bound<'_, PyAny>) -> PyResult<()> {
        let failure = failure(exception)?;
        if let Some(reply) = self.take() {
            reply.fail(failure);
        }
        Ok(())
    }

    /// Frees core's thread, which else waits for the end of this object: the function runs on no thread.
    fn leave_thread(&self) {
        self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Calls `callback` once if core gives the question up before it is answered: from any thread, or at once.
    fn on_abandoned(&self, callback: Py<PyAny>) {
        // Outside the lock, as the callback may run at once.
        let Some(reply) = self.take() else { return };
        reply.on_abandoned(move || {
            shutdown::attach(|py| {
                if let Err(error) = callback.call0(py) {
                    error.write_unraisable(py, Some(callback.bind(py)));
                }
            });
        });
        *self.lock() = Some(reply);
    }
}
