//! The sentences of a speech for Python: their audio, or the reason that there is none.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use turnwire::bridge::List;
use turnwire::speech::Spoken;

use crate::error::exception;
use crate::stream::{Cross, Ready};

impl Cross for List<Spoken> {
    type Ready = List<Spoken>;

    fn into_ready(self) -> PyResult<Self::Ready> {
        Ok(self)
    }

    fn first<'py>(ready: &Ready<Self>, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let first = ready.lock().take_first();
        // Outside the lock, as it runs Python code.
        let Some(spoken) = first else { return Ok(None) };
        let classes = py.import(intern!(py, "turnwire._speech"))?;
        match spoken {
            Spoken::Audio(piece) => {
                let audio = PyBytes::new(py, &piece.bytes);
                let fields = (piece.seq, piece.text, &*piece.mime, audio, piece.sentence);
                classes.call_method1(intern!(py, "AudioPiece"), fields)
            }
            Spoken::Failed(failed) => {
                let error = exception(py, &failed.error).into_value(py);
                let fields = (failed.sentence, failed.text, error);
                classes.call_method1(intern!(py, "FailedSentence"), fields)
            }
        }
        .map(Some)
    }
}
