//! Audio that a Python function makes.

use pyo3::prelude::*;
use turnwire::Bytes;
use turnwire::bridge;

use super::failure;
use crate::call::Call;

/// Writes the audio that answers a question. Dropping it before its end breaks the audio off.
#[pyclass(frozen, module = "turnwire._core")]
pub(crate) struct AudioWriter(bridge::AudioWriter);

impl AudioWriter {
    pub(super) fn new(writer: bridge::AudioWriter) -> Self {
        AudioWriter(writer)
    }
}

#[pymethods]
impl AudioWriter {
    /// Writes a piece. The call ends once there is room for it: with true, or with false if nobody listens any more.
    fn write(&self, py: Python<'_>, piece: &[u8]) -> PyResult<Call> {
        Call::new(py, self.0.write(Bytes::copy_from_slice(piece)))
    }

    /// Ends the audio.
    fn end(&self) {
        self.0.end();
    }

    /// Breaks the audio off with the exception that the function raised.
    fn fail(&self, exception: Bound<'_, PyAny>) -> PyResult<()> {
        self.0.fail(failure(exception)?);
        Ok(())
    }
}
