//! The parts of a chunk that are read of every chunk: its choices, and what each adds to a reply.

use std::sync::{Arc, LazyLock};

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use turnwire::chat::{ChunkChoice, Delta as CoreDelta};

use crate::chunk::{Data, Known};

/// What a chunk adds to one reply.
#[pyclass(frozen, weakref, name = "Choice", module = "turnwire.types.chat.chat_completion_chunk")]
pub(crate) struct Choice {
    data: Arc<Data>,
    position: usize,
    delta: PyOnceLock<Py<Delta>>,
}

impl Choice {
    pub(crate) fn new(data: Arc<Data>, position: usize) -> Self {
        Choice { data, position, delta: PyOnceLock::new() }
    }

    fn core(&self) -> Option<&ChunkChoice> {
        core_choice(&self.data, self.position)
    }

    fn python<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        choice(&self.data, self.position, py)
    }
}

/// What core knows of a choice, but for the text where that is all there is.
fn core_choice(data: &Data, position: usize) -> Option<&ChunkChoice> {
    static EMPTY: LazyLock<ChunkChoice> = LazyLock::new(ChunkChoice::default);
    match data.known() {
        Known::Chunk(chunk) => chunk.choices.get(position),
        Known::Text(_) => Some(&EMPTY),
        Known::Nothing => None,
    }
}

/// The Python model of a choice.
fn choice<'py>(data: &Data, position: usize, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
    data.model(py)?.getattr(intern!(py, "choices"))?.get_item(position)
}

#[pymethods]
impl Choice {
    #[getter]
    fn delta<'py>(&self, py: Python<'py>) -> PyResult<&Bound<'py, Delta>> {
        let made = self.delta.get_or_try_init(py, || {
            Py::new(py, Delta { data: self.data.clone(), position: self.position })
        })?;
        Ok(made.bind(py))
    }

    #[getter]
    fn index<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        match self.core() {
            Some(choice) => Ok(choice.index.into_pyobject(py)?.into_any()),
            None => self.python(py)?.getattr(intern!(py, "index")),
        }
    }

    /// Why the reply ended, in its last chunk.
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

/// What a chunk adds to a message.
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
    fn core(&self) -> Option<&CoreDelta> {
        Some(&core_choice(&self.data, self.position)?.delta)
    }

    fn python<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        choice(&self.data, self.position, py)?.getattr(intern!(py, "delta"))
    }

    fn text<'py>(
        &self,
        py: Python<'py>,
        name: &str,
        of: impl FnOnce(&CoreDelta) -> Option<&str>,
    ) -> PyResult<Bound<'py, PyAny>> {
        match self.core() {
            Some(delta) => Ok(of(delta).into_pyobject(py)?),
            None => self.python(py)?.getattr(name),
        }
    }
}

#[pymethods]
impl Delta {
    /// More text.
    #[getter]
    fn content<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        if let Known::Text(text) = self.data.known() {
            return Ok(text.bind(py).clone().into_any());
        }
        self.text(py, "content", |delta| delta.content.as_deref())
    }

    /// More of a refusal.
    #[getter]
    fn refusal<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.text(py, "refusal", |delta| delta.refusal.as_deref())
    }

    /// Who speaks, in the first chunk.
    #[getter]
    fn role<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.text(py, "role", |delta| delta.role.as_ref().map(|role| role.as_str()))
    }

    fn __getattr__<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
        // Read of every chunk of a reasoning model; core knows them as one.
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

/// The function that makes a part anew from the model of its chunk.
fn restore(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    py.import(intern!(py, "turnwire.types._chunk"))?.getattr(intern!(py, "restore"))
}
