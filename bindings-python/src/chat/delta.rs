//! A chunk's addition to the message of one choice.

use std::sync::Arc;

use pyo3::intern;
use pyo3::prelude::*;
use turnwire::bridge;
use turnwire::chat::Delta as CoreDelta;

use super::data::{Data, restore};

/// The addition of a chunk to a message.
#[pyclass(
    frozen,
    weakref,
    name = "ChoiceDelta",
    module = "turnwire.types.chat.chat_completion_chunk"
)]
pub(crate) struct Delta {
    data: Arc<Data>,
    position: usize,
}

impl Delta {
    pub(super) fn new(data: Arc<Data>, position: usize) -> Self {
        Delta { data, position }
    }

    fn core(&self) -> Option<&CoreDelta> {
        Some(&self.data.core()?.choices().get(self.position)?.delta)
    }

    /// Core's delta, as far as it is neither text nor reasoning nor a call.
    fn constant(&self) -> Option<&CoreDelta> {
        Some(&bridge::constant_choices(self.data.core()?).get(self.position)?.delta)
    }

    fn python<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.data.choice(self.position, py)?.getattr(intern!(py, "delta"))
    }

    /// Core's text, or else that of the Python model.
    fn text<'py>(
        &self,
        py: Python<'py>,
        core: Option<Option<&str>>,
        name: &str,
    ) -> PyResult<Bound<'py, PyAny>> {
        match core {
            Some(text) => Ok(text.into_pyobject(py)?),
            None => self.python(py)?.getattr(name),
        }
    }
}

#[pymethods]
impl Delta {
    /// More text.
    #[getter]
    fn content<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let text = self.data.core().and_then(|chunk| bridge::content(chunk, self.position));
        self.text(py, text, "content")
    }

    /// More of a refusal.
    #[getter]
    fn refusal<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.text(py, self.constant().map(|delta| delta.refusal.as_deref()), "refusal")
    }

    /// The role of the author, in the first chunk.
    #[getter]
    fn role<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let role = self.constant().map(|delta| delta.role.as_ref().map(|role| role.as_str()));
        self.text(py, role, "role")
    }

    fn __getattr__<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
        // Read for every chunk of a reasoning model; core treats both names as one field.
        let other = match name {
            "reasoning_content" => Some("reasoning"),
            "reasoning" => Some("reasoning_content"),
            _ => None,
        };
        if let (Some(other), Some(delta)) = (other, self.core())
            && let Some(text) = &delta.reasoning
            && !self.data.may_hold(other)
        {
            return Ok(text.into_pyobject(py)?.into_any());
        }
        self.data.attribute(py, "ChoiceDelta", name, || self.python(py))
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
        let state = (self.data.model(py)?, self.position, true).into_pyobject(py)?;
        Ok((restore, state.into_any()))
    }
}
