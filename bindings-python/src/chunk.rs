//! A chunk as its reader sees it: what is read of every chunk comes straight from core, and the rest from the
//! chunk's JSON, once somebody asks for it.

use std::sync::Arc;

use pyo3::BoundObject;
use pyo3::exceptions::PyAttributeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyList, PyType};
use turnwire::ChatChunk;

use crate::parts::Choice;

/// What a chunk and its parts share.
pub(crate) struct Data {
    /// `None` for a chunk that was made in Python, which has its model from the beginning.
    pub(crate) chunk: Option<ChatChunk>,
    model: PyOnceLock<Py<PyAny>>,
}

impl Data {
    /// The Python model of the whole chunk.
    pub(crate) fn model<'py>(&self, py: Python<'py>) -> PyResult<&Bound<'py, PyAny>> {
        let made = self.model.get_or_try_init(py, || {
            let raw = self.chunk.as_ref().map(ChatChunk::raw).unwrap_or_default();
            let models = py.import(intern!(py, "turnwire.types._chunk"))?;
            Ok::<_, PyErr>(models.call_method1(intern!(py, "read"), (raw,))?.unbind())
        })?;
        Ok(made.bind(py))
    }

    /// Whether the JSON may hold a field of this name.
    pub(crate) fn may_hold(&self, name: &str) -> bool {
        self.chunk.as_ref().is_none_or(|chunk| {
            let mut found = chunk.raw().match_indices(name);
            found.any(|(at, _)| {
                let around =
                    at.checked_sub(1).and_then(|before| chunk.raw().get(before..=at + name.len()));
                // Written with escapes it would not be found, as no service writes it.
                around.is_some_and(|text| text.starts_with('"') && text.ends_with('"'))
            })
        })
    }

    /// What `model`, which is of the class that the package calls `class`, has under this name. The model is
    /// made only if its JSON, and not the class alone, has the answer.
    pub(crate) fn attribute<'py>(
        &self,
        py: Python<'py>,
        class: &str,
        name: &str,
        model: impl FnOnce() -> PyResult<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        if !self.may_hold(name) {
            let class = py.import(intern!(py, "turnwire.types._chunk"))?.getattr(class)?;
            match class.getattr_opt(name)? {
                Some(value) if value.is_none() => return Ok(value),
                Some(_) => {}
                None => {
                    let kind = class.getattr(intern!(py, "__name__"))?;
                    let why = format!("'{kind}' object has no attribute '{name}'");
                    return Err(PyAttributeError::new_err(why));
                }
            }
        }
        model()?.getattr(name)
    }
}

/// A chunk of a streamed reply.
#[pyclass(frozen, weakref, name = "ChatCompletionChunk", module = "turnwire.types.chat")]
pub(crate) struct Chunk {
    data: Arc<Data>,
    choices: PyOnceLock<Py<PyList>>,
}

impl Chunk {
    pub(crate) fn new(chunk: ChatChunk) -> Self {
        let data = Data { chunk: Some(chunk), model: PyOnceLock::new() };
        Chunk { data: Arc::new(data), choices: PyOnceLock::new() }
    }

    fn core(&self) -> Option<&ChatChunk> {
        self.data.chunk.as_ref()
    }

    /// What core knows, or else what the model says.
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

    #[classmethod]
    #[pyo3(name = "_from_model")]
    fn from_model(cls: &Bound<'_, PyType>, model: Py<PyAny>) -> Self {
        let made = PyOnceLock::new();
        let _ = made.set(cls.py(), model); // it is new, so it is empty
        let data = Data { chunk: None, model: made };
        Chunk { data: Arc::new(data), choices: PyOnceLock::new() }
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

    /// What the chunk adds to each reply.
    #[getter]
    fn choices<'py>(&self, py: Python<'py>) -> PyResult<&Bound<'py, PyList>> {
        let made = self.choices.get_or_try_init(py, || {
            let count = match self.core() {
                Some(chunk) => chunk.choices.len(),
                None => self.data.model(py)?.getattr(intern!(py, "choices"))?.len()?,
            };
            let parts = (0..count).map(|position| Choice::new(self.data.clone(), position));
            Ok::<_, PyErr>(PyList::new(py, parts)?.unbind())
        })?;
        Ok(made.bind(py))
    }

    #[getter]
    fn id<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let known = self.core().map(ChatChunk::id).filter(|id| !id.is_empty());
        self.known(py, known, "id")
    }

    #[getter]
    fn model<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let known = self.core().map(ChatChunk::model).filter(|model| !model.is_empty());
        self.known(py, known, "model")
    }

    #[getter]
    fn created<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let known = self.core().map(ChatChunk::created).filter(|created| *created > 0);
        self.known(py, known, "created")
    }

    /// The tokens that the request took, in the last chunk if they were asked for.
    #[getter]
    fn usage<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let none = self.core().filter(|chunk| chunk.usage.is_none());
        self.known(py, none.map(|_| py.None()), "usage")
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
