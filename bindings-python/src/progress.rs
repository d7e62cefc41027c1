//! A reply as it grows: chunks go in as JSON, and what they change comes out as JSON.

use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use turnwire::bridge;

use crate::error::exception;

/// A reply as it grows. The format of what it gives is described in core, at `turnwire::bridge::Progress`.
#[pyclass(frozen, weakref, module = "turnwire._core")]
#[derive(Default)]
pub(crate) struct Progress {
    /// It is locked by none but threads that hold the interpreter, and for no longer than it takes to add a chunk: so
    /// no fork finds it locked.
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

    /// Adds a chunk, and gives what it changes.
    fn add(&self, py: Python<'_>, chunk: &str) -> PyResult<String> {
        self.lock().add(chunk).map_err(|error| exception(py, &error))
    }

    /// The reply as far as it has come.
    fn reply(&self) -> PyResult<String> {
        serde_json::to_string(self.lock().reply()).map_err(|e| PyValueError::new_err(e.to_string()))
    }
}
