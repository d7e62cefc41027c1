//! The base class of a chunk's parts: choices, deltas, tool calls and their functions.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::PyClass;
use pyo3::exceptions::PyAttributeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyTuple, PyType};

use super::data::{Data, models};

/// A part of a chunk. The common fields are those of its subclass, everything else is the Python model's.
///
/// Programs put a tool call together in the objects of its first chunk: once something was written, the model has all
/// values.
#[pyclass(frozen, subclass, weakref, name = "_Part", module = "turnwire._core")]
pub(crate) struct Part {
    /// `None` for a part that was made in Python.
    at: Option<At>,
    /// The part's own model: that of a part made in Python, or of one that was changed.
    model: PyOnceLock<Py<PyAny>>,
    has_another_function: AtomicBool,
}

/// A part's position in its chunk.
#[derive(Clone)]
pub(super) struct At {
    pub(super) data: Arc<Data>,
    pub(super) choice: usize,
    pub(super) place: Place,
}

/// A part's position in its choice.
#[derive(Clone, Copy)]
pub(super) enum Place {
    Choice,
    Delta,
    /// The tool call at this position.
    Call(usize),
    /// The function of the tool call at this position.
    Function(usize),
}

/// A step from the chunk's model to a part's.
#[derive(IntoPyObject)]
enum Step {
    Name(&'static str),
    Position(usize),
}

impl Part {
    pub(super) fn new(at: At) -> Self {
        Self::of(Some(at))
    }

    /// A part that was made in Python.
    pub(super) fn of_model(model: &Bound<'_, PyAny>) -> Self {
        let part = Self::of(None);
        let _ = part.model.set(model.py(), model.clone().unbind()); // it is new, so it is empty
        part
    }

    /// The object of a subclass with this part.
    pub(super) fn with<T>(self, py: Python<'_>, fields: T) -> PyResult<Py<T>>
    where
        T: PyClass<BaseType = Part>,
    {
        Py::new(py, PyClassInitializer::from(self).add_subclass(fields))
    }

    fn of(at: Option<At>) -> Self {
        Part { at, model: PyOnceLock::new(), has_another_function: AtomicBool::new(false) }
    }

    pub(super) fn at(&self) -> Option<&At> {
        self.at.as_ref()
    }

    /// The value of a field: `known`, unless the part was changed or made in Python.
    pub(super) fn field<'py>(
        &self,
        py: Python<'py>,
        name: &str,
        known: &Py<PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        match self.model.get(py) {
            Some(model) => model.bind(py).getattr(name),
            None => Ok(known.bind(py).clone()),
        }
    }

    /// True once the function of this tool call was replaced.
    pub(super) fn has_another_function(&self) -> bool {
        self.has_another_function.load(Ordering::Relaxed)
    }

    /// The part's Python model.
    pub(super) fn model<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        match (self.model.get(py), &self.at) {
            (None, Some(at)) => at.model(py),
            (Some(model), _) => Ok(model.bind(py).clone()),
            // No constructor makes such a part.
            (None, None) => Ok(py.None().into_bound(py)),
        }
    }
}

#[pymethods]
impl Part {
    #[classmethod]
    #[pyo3(signature = (**fields))]
    fn construct<'py>(
        cls: &Bound<'py, PyType>,
        fields: Option<Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        cls.call((), fields.as_ref())
    }

    #[classmethod]
    #[pyo3(signature = (**fields))]
    fn model_construct<'py>(
        cls: &Bound<'py, PyType>,
        fields: Option<Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        cls.call((), fields.as_ref())
    }

    #[classmethod]
    #[pyo3(signature = (obj, **_options))]
    fn model_validate<'py>(
        cls: &Bound<'py, PyType>,
        obj: &Bound<'py, PyAny>,
        _options: Option<Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let fields = models(cls.py())?.call_method1(intern!(cls.py(), "fields_of"), (obj,))?;
        cls.call((), Some(fields.cast::<PyDict>()?))
    }

    fn __setattr__(&self, name: &str, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let py = value.py();
        if let Some(At { place: Place::Choice | Place::Delta, .. }) = &self.at {
            let why = format!("attribute '{name}' of a part of a chunk cannot be set");
            return Err(PyAttributeError::new_err(why));
        }
        let model = self.model.get_or_try_init(py, || self.model(py).map(Bound::unbind))?;
        model.bind(py).setattr(name, value)?;
        if name == "function" {
            self.has_another_function.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    fn __getattr__<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
        match (self.model.get(py), &self.at) {
            (None, Some(at)) => at.attribute(py, name),
            _ => self.model(py)?.getattr(name),
        }
    }

    fn __repr__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(self.model(py)?.repr()?.into_any())
    }

    fn __eq__(&self, py: Python<'_>, other: &Bound<'_, PyAny>) -> PyResult<bool> {
        match other.cast::<Self>() {
            Ok(other) => self.model(py)?.eq(other.get().model(py)?),
            Err(_) => Ok(false),
        }
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(self.model(py)?.try_iter()?.into_any())
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyAny>)> {
        let (this, py) = (slf.get(), slf.py());
        match &this.at {
            Some(at) => at.reduce(py),
            None => {
                let make = slf.get_type().getattr(intern!(py, "_from_model"))?;
                Ok((make, PyTuple::new(py, [this.model(py)?])?.into_any()))
            }
        }
    }
}

impl At {
    pub(super) fn new(data: &Arc<Data>, choice: usize, place: Place) -> Self {
        At { data: data.clone(), choice, place }
    }

    /// Another part of the same choice.
    pub(super) fn beside(&self, place: Place) -> Self {
        At { place, ..self.clone() }
    }

    fn model<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let chunk = self.data.model(py)?.clone();
        self.path().into_iter().try_fold(chunk, |part, step| match step {
            Step::Name(name) => part.getattr(name),
            Step::Position(position) => part.get_item(position),
        })
    }

    /// An attribute that the part's class does not have itself.
    fn attribute<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
        let class = match self.place {
            Place::Choice => "Choice",
            Place::Delta => "ChoiceDelta",
            Place::Call(_) => "ChoiceDeltaToolCall",
            Place::Function(_) => "ChoiceDeltaToolCallFunction",
        };
        if let (Place::Delta, Some(text)) = (self.place, self.data.reasoning(self.choice, name)) {
            return Ok(text.into_pyobject(py)?.into_any());
        }
        self.data.attribute(py, class, name, || self.model(py))
    }

    /// The function and the arguments that restore the part, for pickles and copies.
    fn reduce<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyAny>)> {
        let path = PyTuple::new(py, self.path())?;
        let arguments = (self.data.model(py)?, path).into_pyobject(py)?;
        Ok((models(py)?.getattr(intern!(py, "restore"))?, arguments.into_any()))
    }

    fn path(&self) -> Vec<Step> {
        use Step::{Name, Position};
        let mut path = vec![Name("choices"), Position(self.choice)];
        if !matches!(self.place, Place::Choice) {
            path.push(Name("delta"));
        }
        if let Place::Call(position) | Place::Function(position) = self.place {
            path.extend([Name("tool_calls"), Position(position)]);
        }
        if let Place::Function(_) = self.place {
            path.push(Name("function"));
        }
        path
    }
}
