//! A chunk's addition to a tool call, and to the call's function.

use pyo3::prelude::*;
use pyo3::types::PyDict;
use turnwire::chat::ToolCallDelta;

use super::data::{model_class, text};
use super::part::{At, Part, Place};

/// The class of a function's model.
const FUNCTION: &str = "ChoiceDeltaToolCallFunction";

/// The addition of a chunk to a tool call.
#[pyclass(
    frozen,
    extends = Part,
    name = "ChoiceDeltaToolCall",
    module = "turnwire.types.chat.chat_completion_chunk"
)]
pub(crate) struct ToolCall {
    index: Py<PyAny>,
    id: Py<PyAny>,
    kind: Py<PyAny>,
    /// `None` if it is not one of a model's either.
    function: Option<Py<Function>>,
}

/// The addition of a chunk to the function of a tool call.
#[pyclass(
    frozen,
    extends = Part,
    name = "ChoiceDeltaToolCallFunction",
    module = "turnwire.types.chat.chat_completion_chunk"
)]
pub(crate) struct Function {
    name: Py<PyAny>,
    arguments: Py<PyAny>,
}

impl ToolCall {
    /// True for the call of a function.
    pub(super) fn is_plain(call: &ToolCallDelta) -> bool {
        call.custom.is_none() && (call.name.is_some() || call.arguments.is_some())
    }

    /// The call at this position of a delta; `arguments` take the place of core's.
    pub(super) fn of_core(
        py: Python<'_>,
        delta: &At,
        position: usize,
        call: &ToolCallDelta,
        arguments: Option<Py<PyAny>>,
    ) -> PyResult<Py<Self>> {
        let function = Function {
            name: text(py, call.name.as_deref()),
            arguments: arguments.unwrap_or_else(|| text(py, call.arguments.as_deref())),
        };
        let of_function = Part::new(delta.beside(Place::Function(position)));
        let made = ToolCall {
            index: call.index.into_pyobject(py)?.unbind(),
            id: text(py, call.id.as_deref()),
            kind: text(py, call.kind.as_deref()),
            function: Some(of_function.with(py, function)?),
        };
        Part::new(delta.beside(Place::Call(position))).with(py, made)
    }

    /// The call that has this model.
    pub(super) fn of_model(model: &Bound<'_, PyAny>) -> PyResult<Py<Self>> {
        Py::new(model.py(), Self::from_model(model)?)
    }

    fn from_model(model: &Bound<'_, PyAny>) -> PyResult<PyClassInitializer<Self>> {
        let py = model.py();
        let function = model.getattr("function")?;
        let function = match function.is_instance(&model_class(py, FUNCTION)?)? {
            true => Some(Py::new(py, Function::from_model(&function))?),
            false => None,
        };
        let call = ToolCall { index: py.None(), id: py.None(), kind: py.None(), function };
        Ok(PyClassInitializer::from(Part::of_model(model)).add_subclass(call))
    }
}

#[pymethods]
impl ToolCall {
    #[new]
    #[pyo3(signature = (**fields))]
    fn from_fields(
        py: Python<'_>,
        fields: Option<Bound<'_, PyDict>>,
    ) -> PyResult<PyClassInitializer<Self>> {
        let class = model_class(py, "ChoiceDeltaToolCall")?;
        Self::from_model(&class.call((), fields.as_ref())?)
    }

    #[staticmethod]
    #[pyo3(name = "_from_model")]
    fn restore(model: &Bound<'_, PyAny>) -> PyResult<Py<Self>> {
        Self::of_model(model)
    }

    /// The position of the call in the message.
    #[getter]
    fn index<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.as_super().get().field(slf.py(), "index", &slf.get().index)
    }

    /// The call's id, in its first chunk.
    #[getter]
    fn id<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.as_super().get().field(slf.py(), "id", &slf.get().id)
    }

    /// The kind of tool, in the call's first chunk.
    #[getter]
    fn r#type<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.as_super().get().field(slf.py(), "type", &slf.get().kind)
    }

    /// The addition to the function's name and arguments.
    #[getter]
    fn function<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let part = slf.as_super().get();
        match &slf.get().function {
            Some(function) if !part.has_another_function() => {
                Ok(function.bind(slf.py()).clone().into_any())
            }
            _ => part.model(slf.py())?.getattr("function"),
        }
    }
}

#[pymethods]
impl Function {
    #[new]
    #[pyo3(signature = (**fields))]
    fn from_fields(
        py: Python<'_>,
        fields: Option<Bound<'_, PyDict>>,
    ) -> PyResult<PyClassInitializer<Self>> {
        let class = model_class(py, FUNCTION)?;
        Ok(Self::from_model(&class.call((), fields.as_ref())?))
    }

    #[staticmethod]
    #[pyo3(name = "_from_model")]
    fn restore(model: &Bound<'_, PyAny>) -> PyResult<Py<Self>> {
        Py::new(model.py(), Self::from_model(model))
    }

    /// The function's name, in the call's first chunk.
    #[getter]
    fn name<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.as_super().get().field(slf.py(), "name", &slf.get().name)
    }

    /// More of the arguments' JSON.
    #[getter]
    fn arguments<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.as_super().get().field(slf.py(), "arguments", &slf.get().arguments)
    }
}

impl Function {
    fn from_model(model: &Bound<'_, PyAny>) -> PyClassInitializer<Self> {
        let none = || model.py().None();
        let function = Function { name: none(), arguments: none() };
        PyClassInitializer::from(Part::of_model(model)).add_subclass(function)
    }
}
