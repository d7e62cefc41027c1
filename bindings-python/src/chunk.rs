//! A chunk as its reader sees it: what is read of every chunk comes straight from core, and the rest from the
//! chunk's JSON, once somebody asks for it.

use std::borrow::Cow;
use std::sync::Arc;

use pyo3::BoundObject;
use pyo3::exceptions::PyAttributeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyList, PyString, PyType};
use turnwire::bridge::{Filling, Piece, Shape};
use turnwire::chat::ChatChunk;

use crate::parts::Choice;

/// What a chunk and its parts share.
pub(crate) struct Data {
    origin: Origin,
    model: PyOnceLock<Py<PyAny>>,
}

/// Where a chunk comes from.
enum Origin {
    /// From core, whole.
    Core(ChatChunk),
    /// From core, as what is new in a chunk of this shape: its text and its padding.
    Shape(Arc<Shape>, Py<PyString>, Option<Box<str>>),
    /// It was made in Python, and has its model from the beginning.
    Python,
}

/// What is known of a chunk without its model.
pub(crate) enum Known<'a> {
    Chunk(&'a ChatChunk),
    /// The one thing that it adds is this text, to the first reply.
    Text(&'a Py<PyString>),
    Nothing,
}

impl Data {
    fn new(origin: Origin) -> Self {
        Data { origin, model: PyOnceLock::new() }
    }

    pub(crate) fn known(&self) -> Known<'_> {
        match &self.origin {
            Origin::Core(chunk) => Known::Chunk(chunk),
            Origin::Shape(_, text, _) => Known::Text(text),
            Origin::Python => Known::Nothing,
        }
    }

    /// The chunk's JSON as it came.
    fn raw<'a>(&'a self, py: Python<'a>) -> PyResult<Cow<'a, str>> {
        Ok(match &self.origin {
            Origin::Core(chunk) => chunk.raw().into(),
            Origin::Shape(shape, text, padding) => {
                let text = text.bind(py).to_str()?;
                shape.json_with(Filling { text, padding: padding.as_deref() }).into()
            }
            Origin::Python => "".into(),
        })
    }

    /// The Python model of the whole chunk.
    pub(crate) fn model<'py>(&self, py: Python<'py>) -> PyResult<&Bound<'py, PyAny>> {
        let made = self.model.get_or_try_init(py, || {
            let models = py.import(intern!(py, "turnwire.types._chunk"))?;
            Ok::<_, PyErr>(models.call_method1(intern!(py, "read"), (self.raw(py)?,))?.unbind())
        })?;
        Ok(made.bind(py))
    }

    /// Whether the JSON may hold a field of this name.
    pub(crate) fn may_hold(&self, name: &str) -> bool {
        let json = match &self.origin {
            Origin::Core(chunk) => chunk.raw(),
            Origin::Shape(shape, ..) => shape.json(),
            Origin::Python => return true,
        };
        let mut found = json.match_indices(name);
        found.any(|(at, _)| {
            let around = at.checked_sub(1).and_then(|before| json.get(before..=at + name.len()));
            // Written with escapes it would not be found, as no service writes it.
            around.is_some_and(|text| text.starts_with('"') && text.ends_with('"'))
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
    pub(crate) fn new(py: Python<'_>, piece: Piece<'_>) -> Self {
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

    /// What core knows of the head that all chunks of a stream have.
    fn head<'a, T>(
        &'a self,
        of_chunk: fn(&'a ChatChunk) -> T,
        of_shape: fn(&'a Shape) -> T,
    ) -> Option<T> {
        match &self.data.origin {
            Origin::Core(chunk) => Some(of_chunk(chunk)),
            Origin::Shape(shape, ..) => Some(of_shape(shape)),
            Origin::Python => None,
        }
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

    /// The chunk's JSON, as it came if it did.
    fn _json<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        match self.data.origin {
            Origin::Python => self.data.model(py)?.call_method0(intern!(py, "to_json")),
            _ => Ok(PyString::new(py, &self.data.raw(py)?).into_any()),
        }
    }

    #[classmethod]
    #[pyo3(name = "_from_model")]
    fn from_model(cls: &Bound<'_, PyType>, model: Py<PyAny>) -> Self {
        let made = Self::of(Origin::Python);
        let _ = made.data.model.set(cls.py(), model); // it is new, so it is empty
        made
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

    /// The tokens that the request took, in the last chunk if they were asked for.
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
