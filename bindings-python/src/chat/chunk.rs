//! A chunk as a Python object: the common fields come directly from core, the rest from the chunk's JSON on first
//! access.

use std::sync::Arc;

use pyo3::BoundObject;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyList, PyString, PyType};
use turnwire::bridge;
use turnwire::chat::ChatChunk;

use super::choice::Choice;
use super::data::{Data, Origin};

/// A chunk of a streamed reply.
#[pyclass(frozen, weakref, name = "ChatCompletionChunk", module = "turnwire.types.chat")]
pub(crate) struct Chunk {
    data: Arc<Data>,
    choices: PyOnceLock<Py<PyList>>,
}

impl Chunk {
    pub(super) fn new(chunk: ChatChunk) -> Self {
        Chunk { data: Arc::new(Data::new(Origin::Core(chunk))), choices: PyOnceLock::new() }
    }

    /// Core's value, or else that of the Python model.
    fn known<'py, T>(
        &self,
        py: Python<'py>,
        core: Option<T>,
        name: &str,
    ) -> PyResult<Bound<'py, PyAny>>
    where
        T: IntoPyObject<'py>,
        PyErr: From<T::Error>,
    {
        match core {
            Some(value) => Ok(value.into_pyobject(py)?.into_bound().into_any()),
            None => self.data.model(py)?.getattr(name),
        }
    }
}

#[pymethods]
impl Chunk {
    #[new]
    #[pyo3(signature = (**fields))]
    fn from_fields(py: Python<'_>, fields: Option<Bound<'_, PyDict>>) -> PyResult<Self> {
        let models = py.import(intern!(py, "turnwire.types._chunk"))?;
        let model =
            models.getattr(intern!(py, "ChatCompletionChunk"))?.call((), fields.as_ref())?;
        Ok(Self::from_model(&py.get_type::<Self>(), model.unbind()))
    }

    /// The chunk's JSON, unchanged for a chunk that was received.
    fn _json<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        match self.data.core() {
            Some(chunk) => Ok(PyString::new(py, chunk.raw()).into_any()),
            None => self.data.model(py)?.call_method0(intern!(py, "to_json")),
        }
    }

    #[classmethod]
    #[pyo3(name = "_from_model")]
    fn from_model(cls: &Bound<'_, PyType>, model: Py<PyAny>) -> Self {
        let data = Arc::new(Data::of_model(cls.py(), model));
        Chunk { data, choices: PyOnceLock::new() }
    }

    #[classmethod]
    #[pyo3(signature = (obj, **_options))]
    fn model_validate(
        cls: &Bound<'_, PyType>,
        obj: Bound<'_, PyAny>,
        _options: Option<Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        let models = cls.py().import(intern!(cls.py(), "turnwire.types._chunk"))?;
        let model = models.call_method1(intern!(cls.py(), "of"), (obj,))?;
        Ok(Self::from_model(cls, model.unbind()))
    }

    #[classmethod]
    #[pyo3(signature = (**fields))]
    fn construct(cls: &Bound<'_, PyType>, fields: Option<Bound<'_, PyDict>>) -> PyResult<Self> {
        Self::from_fields(cls.py(), fields)
    }

    #[classmethod]
    #[pyo3(signature = (**fields))]
    fn model_construct(
        cls: &Bound<'_, PyType>,
        fields: Option<Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        Self::from_fields(cls.py(), fields)
    }

    /// The additions to each reply.
    #[getter]
    fn choices<'py>(&self, py: Python<'py>) -> PyResult<&Bound<'py, PyList>> {
        let made = self.choices.get_or_try_init(py, || {
            let count = match self.data.core() {
                Some(chunk) => bridge::constant_choices(chunk).len(),
                None => self.data.model(py)?.getattr(intern!(py, "choices"))?.len()?,
            };
            let parts = (0..count).map(|position| Choice::new(self.data.clone(), position));
            Ok::<_, PyErr>(PyList::new(py, parts)?.unbind())
        })?;
        Ok(made.bind(py))
    }

    #[getter]
    fn id<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let known = self.data.core().map(ChatChunk::id).filter(|id| !id.is_empty());
        self.known(py, known, "id")
    }

    #[getter]
    fn model<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let known = self.data.core().map(ChatChunk::model).filter(|model| !model.is_empty());
        self.known(py, known, "model")
    }

    #[getter]
    fn created<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let known = self.data.core().map(ChatChunk::created).filter(|created| *created > 0);
        self.known(py, known, "created")
    }

    /// The token usage of the request: in the last chunk, if requested.
    #[getter]
    fn usage<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let is_none = self.data.core().is_some_and(|chunk| chunk.usage().is_none());
        self.known(py, is_none.then(|| py.None()), "usage")
    }

    fn __getattr__<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
        let model = || self.data.model(py).cloned();
        self.data.attribute(py, "ChatCompletionChunk", name, model)
    }

    fn __repr__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(self.data.model(py)?.repr()?.into_any())
    }

    fn __eq__(&self, py: Python<'_>, other: &Bound<'_, PyAny>) -> PyResult<bool> {
        match other.cast::<Self>() {
            Ok(other) => self.data.model(py)?.eq(other.get().data.model(py)?),
            Err(_) => Ok(false),
        }
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(self.data.model(py)?.try_iter()?.into_any())
    }

    fn __reduce__<'py>(
        slf: &Bound<'py, Self>,
    ) -> PyResult<(Bound<'py, PyAny>, (Bound<'py, PyAny>,))> {
        let model = slf.get().data.model(slf.py())?.clone();
        Ok((slf.get_type().getattr(intern!(slf.py(), "_from_model"))?, (model,)))
    }
}
