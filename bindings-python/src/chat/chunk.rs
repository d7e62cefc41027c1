//! A chunk as a Python object: the common fields come directly from core, the rest from the chunk's JSON on first
//! access.

use std::sync::Arc;

use pyo3::BoundObject;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyList, PyString, PyType};
use turnwire::bridge::{Piece, Shape};
use turnwire::chat::ChatChunk;

use super::choice::Choice;
use super::data::{Data, Known, Origin};

/// A chunk of a streamed reply.
#[pyclass(frozen, weakref, name = "ChatCompletionChunk", module = "turnwire.types.chat")]
pub(crate) struct Chunk {
    data: Arc<Data>,
    choices: PyOnceLock<Py<PyList>>,
}

impl Chunk {
    pub(super) fn new(py: Python<'_>, piece: Piece<'_>) -> Self {
        Self::of(match piece {
            Piece::Chunk(chunk) => Origin::Core(chunk),
            Piece::Filling(shape, filling) => {
                let text = PyString::new(py, filling.text).unbind();
                Origin::Shape(shape.clone(), text, filling.padding.map(Into::into))
            }
        })
    }

    fn of(origin: Origin) -> Self {
        Chunk { data: Arc::new(Data::new(origin)), choices: PyOnceLock::new() }
    }

    /// A field of the head that all chunks of a stream share, from core.
    fn head<'a, T>(
        &'a self,
        of_chunk: fn(&'a ChatChunk) -> T,
        of_shape: fn(&'a Shape) -> T,
    ) -> Option<T> {
        match self.data.origin() {
            Origin::Core(chunk) => Some(of_chunk(chunk)),
            Origin::Shape(shape, ..) => Some(of_shape(shape)),
            Origin::Python => None,
        }
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
        match self.data.origin() {
            Origin::Python => self.data.model(py)?.call_method0(intern!(py, "to_json")),
            _ => Ok(PyString::new(py, &self.data.raw(py)?).into_any()),
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
            let count = match self.data.known() {
                Known::Chunk(chunk) => chunk.choices.len(),
                Known::Text(_) => 1,
                Known::Nothing => self.data.model(py)?.getattr(intern!(py, "choices"))?.len()?,
            };
            let parts = (0..count).map(|position| Choice::new(self.data.clone(), position));
            Ok::<_, PyErr>(PyList::new(py, parts)?.unbind())
        })?;
        Ok(made.bind(py))
    }

    #[getter]
    fn id<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let known = self.head(ChatChunk::id, Shape::id).filter(|id| !id.is_empty());
        self.known(py, known, "id")
    }

    #[getter]
    fn model<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let known = self.head(ChatChunk::model, Shape::model).filter(|model| !model.is_empty());
        self.known(py, known, "model")
    }

    #[getter]
    fn created<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let known = self.head(ChatChunk::created, Shape::created).filter(|created| *created > 0);
        self.known(py, known, "created")
    }

    /// The token usage of the request: in the last chunk, if requested.
    #[getter]
    fn usage<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let is_none = match self.data.known() {
            Known::Chunk(chunk) => chunk.usage.is_none(),
            Known::Text(_) => true,
            Known::Nothing => false,
        };
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
