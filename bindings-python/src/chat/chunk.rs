//! A chunk as a Python object: the common fields come directly from core, the rest from the chunk's JSON on first
//! access.

use std::sync::Arc;

use pyo3::BoundObject;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyType};
use turnwire::bridge::{self, Piece};
use turnwire::chat::ChatChunk;

use super::choice::Choice;
use super::data::{Data, model_class, models};
use super::delta::Texts;

/// A chunk of a streamed reply.
#[pyclass(frozen, weakref, name = "ChatCompletionChunk", module = "turnwire.types.chat")]
pub(crate) struct Chunk {
    data: Arc<Data>,
    /// The additions to each reply.
    #[pyo3(get)]
    choices: Py<PyList>,
}

impl Chunk {
    pub(super) fn new(py: Python<'_>, piece: Piece<'_>) -> PyResult<Self> {
        let texts = Texts::of(py, &piece);
        let data = Arc::new(Data::new(piece.into_chunk()));
        let core = data.core().map(bridge::constant_choices).unwrap_or_default();
        let choices = match core {
            // Without the vector of the general case.
            [choice] => PyList::new(py, [Choice::of_core(py, &data, 0, choice, texts)?])?,
            _ => {
                let choices = core.iter().enumerate();
                let choices = choices.map(|(position, choice)| {
                    Choice::of_core(py, &data, position, choice, Texts::default())
                });
                PyList::new(py, choices.collect::<PyResult<Vec<_>>>()?)?
            }
        };
        Ok(Chunk { data, choices: choices.unbind() })
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
        let model = model_class(py, "ChatCompletionChunk")?.call((), fields.as_ref())?;
        Self::from_model(&model)
    }

    /// The chunk's JSON, unchanged for a chunk that was received.
    fn _json<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        match self.data.core() {
            Some(chunk) => Ok(PyString::new(py, chunk.raw()).into_any()),
            None => self.data.model(py)?.call_method0(intern!(py, "to_json")),
        }
    }

    #[staticmethod]
    #[pyo3(name = "_from_model")]
    fn from_model(model: &Bound<'_, PyAny>) -> PyResult<Self> {
        let py = model.py();
        let data = Arc::new(Data::of_model(model));
        let choices = PyList::empty(py);
        for (position, choice) in model.getattr("choices")?.try_iter()?.enumerate() {
            choices.append(Choice::of_model(&data, position, &choice?)?)?;
        }
        Ok(Chunk { data, choices: choices.unbind() })
    }

    #[classmethod]
    #[pyo3(signature = (obj, **_options))]
    fn model_validate(
        cls: &Bound<'_, PyType>,
        obj: Bound<'_, PyAny>,
        _options: Option<Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        let fields = models(cls.py())?.call_method1(intern!(cls.py(), "fields_of"), (obj,))?;
        Self::from_fields(cls.py(), Some(fields.cast_into::<PyDict>()?))
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
