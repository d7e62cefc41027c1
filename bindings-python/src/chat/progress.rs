//! A growing reply: chunks go in as JSON, and their changes come out as JSON.

use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use turnwire::bridge;

use crate::error::exception;
use crate::text::Text;

/// A growing reply. The format of its changes is described in core, at `turnwire::bridge::Progress`.
#[pyclass(frozen, weakref, module = "turnwire._core")]
#[derive(Default)]
pub(crate) struct Progress {
    /// Locked only by threads that hold the interpreter, while they add a chunk: no fork finds it locked.
    inner: Mutex<bridge::Progress>,
}

impl Progress {
    fn lock(&self) -> MutexGuard<'_, bridge::Progress> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[pymethods]
impl Progress {
    /// A reply that has not begun.
    #[new]
    fn new() -> Self {
        Self::default()
    }

    /// Adds a chunk, and returns its changes.
    fn add(&self, py: Python<'_>, chunk: Text<'_>) -> PyResult<String> {
        self.lock().add(&chunk).map_err(|error| exception(py, &error))
    }

    /// The reply so far.
    fn reply(&self) -> PyResult<String> {
        serde_json::to_string(self.lock().reply()).map_err(|e| PyValueError::new_err(e.to_string()))
    }
}
