//! The chunks of a stream, one after another.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::prelude::*;
use turnwire::bridge::{self, Batch, Taken, Waiting};

use crate::chunk::Chunk;
use crate::error::exception;
use crate::{log, wait};

/// The chunks of a stream. Dropping it ends the stream and closes its connection.
#[pyclass(frozen, weakref, module = "turnwire._core")]
pub(crate) struct Chunks {
    chunks: bridge::Chunks,
    /// Chunks that were taken from the queue. It is locked by none but threads that hold the interpreter, and
    /// for no longer than it takes to make a string: so no fork finds it locked.
    ready: Mutex<Batch>,
    ended: AtomicBool,
    #[pyo3(get)]
    headers: Vec<(String, String)>,
}

impl Chunks {
    pub(crate) fn new(chunks: bridge::Chunks, headers: Vec<(String, String)>) -> Self {
        let ready = Mutex::new(Batch::default());
        Chunks { chunks, ready, ended: AtomicBool::new(false), headers }
    }

    fn ready(&self) -> MutexGuard<'_, Batch> {
        self.ready.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[pymethods]
impl Chunks {
    /// The next chunk; `None` when there is none yet, and when the stream has `ended`.
    fn take(&self, py: Python<'_>) -> PyResult<Option<Chunk>> {
        if let Some(piece) = self.ready().take_first() {
            return Ok(Some(Chunk::new(py, piece)));
        }
        if self.ended() {
            return Ok(None);
        }
        match self.chunks.pull().take() {
            Taken::Items(mut items) => {
                let first = items.take_first().map(|piece| Chunk::new(py, piece));
                *self.ready() = items;
                Ok(first)
            }
            Taken::Nothing => Ok(None),
            Taken::End => {
                self.ended.store(true, Ordering::Release);
                log::drain_logs(py)?;
                Ok(None)
            }
            Taken::Failed(error) => {
                self.ended.store(true, Ordering::Release);
                log::drain_logs(py)?;
                Err(exception(py, &error))
            }
        }
    }

    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __next__(slf: &Bound<'_, Self>) -> PyResult<Option<Chunk>> {
        let this = slf.get();
        loop {
            if let Some(chunk) = this.take(slf.py())? {
                return Ok(Some(chunk));
            }
            if this.ended() {
                return Ok(None);
            }
            wait::until_filled(slf.as_any(), this.chunks.pull())?;
        }
    }

    /// Whether the stream is at its end.
    #[getter]
    fn ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    /// Calls `callback` once, from any thread, as soon as there is something to take.
    fn wake(&self, callback: Py<PyAny>) {
        wait::wake(self.chunks.pull(), callback);
    }

    /// Ends the stream and closes its connection.
    fn close(&self) {
        self.ended.store(true, Ordering::Release);
        self.chunks.pull().cancel();
        *self.ready() = Batch::default();
    }

    /// The JSON of the whole reply; `None` unless the stream was read to a good end.
    fn reply(&self) -> PyResult<Option<String>> {
        let json = self.chunks.reply().map(serde_json::to_string).transpose();
        json.map_err(|e| pyo3::exceptions::PyValueError::new_err(e.to_string()))
    }
}
