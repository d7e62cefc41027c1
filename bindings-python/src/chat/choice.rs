//! A choice of a chunk: the additions to one reply.

use std::sync::Arc;

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use turnwire::bridge;
use turnwire::chat::ChunkChoice;

use super::data::{Data, restore};
use super::delta::Delta;

/// The additions of a chunk to one reply.
#[pyclass(frozen, weakref, name = "Choice", module = "turnwire.types.chat.chat_completion_chunk")]
pub(crate) struct Choice {
    data: Arc<Data>,
    position: usize,
    delta: PyOnceLock<Py<Delta>>,
}

impl Choice {
    pub(super) fn new(data: Arc<Data>, position: usize) -> Self {
        Choice { data, position, delta: PyOnceLock::new() }
    }

    /// Core's choice, as far as it is not text.
    fn core(&self) -> Option<&ChunkChoice> {
        bridge::constant_choices(self.data.core()?).get(self.position)
    }

    fn python<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.data.choice(self.position, py)
    }
}

#[pymethods]
impl Choice {
    #[getter]
    fn delta<'py>(&self, py: Python<'py>) -> PyResult<&Bound<'py, Delta>> {
        let made = self
            .delta
            .get_or_try_init(py, || Py::new(py, Delta::new(self.data.clone(), self.position)))?;
        Ok(made.bind(py))
    }

    #[getter]
    fn index<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        match self.core() {
            Some(choice) => Ok(choice.index.into_pyobject(py)?.into_any()),
            None => self.python(py)?.getattr(intern!(py, "index")),
        }
    }

    /// The reason for the reply's end, in its last chunk.
    #[getter]
    fn finish_reason<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        match self.core() {
            Some(choice) => {
                let reason = choice.finish_reason.as_ref().map(|reason| reason.as_str());
                Ok(reason.into_pyobject(py)?)
            }
            None => self.python(py)?.getattr(intern!(py, "finish_reason")),
        }
    }

    fn __getattr__<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
        self.data.attribute(py, "Choice", name, || self.python(py))
    }

    fn __repr__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(self.python(py)?.repr()?.into_any())
    }

    fn __eq__(&self, py: Python<'_>, other: &Bound<'_, PyAny>) -> PyResult<bool> {
        match other.cast::<Self>() {
            Ok(other) => self.python(py)?.eq(other.get().python(py)?),
            Err(_) => Ok(false),
        }
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(self.python(py)?.try_iter()?.into_any())
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyAny>)> {
        let restore = restore(py)?;
        let state = (self.data.model(py)?, self.position, false).into_pyobject(py)?;
        Ok((restore, state.into_any()))
    }
}
