//! The fake services of `turnwire.testing`.

use std::process;
use std::sync::{Mutex, PoisonError};

use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::prelude::*;
use turnwire_fakes::{Fake, FakeStore};

/// A fake service on a thread of its own. Dropping it closes the port and every connection.
#[pyclass(frozen, module = "turnwire._core")]
pub(crate) struct FakeService {
    /// `None` once it is closed.
    fake: Mutex<Option<Fake>>,
    /// The process that has the thread.
    process: u32,
    /// `http://127.0.0.1:PORT`.
    #[pyo3(get)]
    url: String,
}

#[pymethods]
impl FakeService {
    /// `kind` is `llm` or `store`.
    #[new]
    fn new(py: Python<'_>, kind: &str) -> PyResult<Self> {
        let started = py.detach(|| match kind {
            "llm" => Some(Fake::spawn_thread()),
            "store" => Some(FakeStore::spawn_thread().map(Fake::from)),
            _ => None,
        });
        let started = started.ok_or_else(|| PyValueError::new_err("the kind is llm or store"))?;
        let failed = |error| PyOSError::new_err(format!("cannot start a fake service: {error}"));
        let fake = started.map_err(failed)?;
        let url = fake.url();
        Ok(FakeService { fake: Mutex::new(Some(fake)), process: process::id(), url })
    }

    /// Makes a control call: the JSON of its answer.
    fn control(&self, method: &str, call: &str, body: &str) -> PyResult<String> {
        let fake = self.fake.lock().unwrap_or_else(PoisonError::into_inner);
        let fake =
            fake.as_ref().ok_or_else(|| PyValueError::new_err("the fake service is closed"))?;
        fake.control(method, call, body).map_err(PyValueError::new_err)
    }

    /// Closes the port and every connection.
    fn close(&self, py: Python<'_>) {
        py.detach(|| self.stop());
    }
}

impl FakeService {
    fn stop(&self) {
        let fake = self.fake.lock().unwrap_or_else(PoisonError::into_inner).take();
        if process::id() != self.process {
            // A forked child does not have the thread, for whose end it would wait.
            std::mem::forget(fake);
        }
    }
}

impl Drop for FakeService {
    fn drop(&mut self) {
        self.stop();
    }
}
