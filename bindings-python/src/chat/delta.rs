//! A chunk's addition to the message of one choice.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyList, PyString};
use turnwire::bridge::{self, Piece};
use turnwire::chat::{Delta as CoreDelta, ToolCallDelta};

use super::data::{Data, text};
use super::part::{At, Part, Place};
use super::tool_call::ToolCall;

/// The addition of a chunk to a message.
#[pyclass(
    frozen,
    extends = Part,
    name = "ChoiceDelta",
    module = "turnwire.types.chat.chat_completion_chunk"
)]
pub(crate) struct Delta {
    /// More text.
    #[pyo3(get)]
    content: Py<PyAny>,
    /// More of a refusal.
    #[pyo3(get)]
    refusal: Py<PyAny>,
    /// The role of the author, in the first chunk.
    #[pyo3(get)]
    role: Py<PyAny>,
    /// The arguments of its only tool call, if they are this chunk's own and not its shape's.
    arguments: Option<Py<PyAny>>,
    tool_calls: PyOnceLock<Py<PyAny>>,
}

/// The texts in which a chunk differs from the others of its shape.
#[derive(Default)]
pub(super) struct Texts {
    content: Option<Py<PyAny>>,
    /// The arguments of its only tool call.
    arguments: Option<Py<PyAny>>,
}

impl Texts {
    pub(super) fn of(py: Python<'_>, piece: &Piece<'_>) -> Self {
        let Piece::Filling(filling) = piece else { return Self::default() };
        let string = |text| PyString::new(py, text).into_any().unbind();
        let has_content = filling.shape().content().is_some();
        Texts {
            content: has_content.then(|| string(filling.content())),
            arguments: filling.arguments().map(string),
        }
    }
}

impl Delta {
    pub(super) fn of_core(
        py: Python<'_>,
        data: &Arc<Data>,
        position: usize,
        delta: &CoreDelta,
        texts: Texts,
    ) -> PyResult<Py<Self>> {
        let made = Delta {
            content: texts.content.unwrap_or_else(|| text(py, delta.content.as_deref())),
            refusal: text(py, delta.refusal.as_deref()),
            role: text(py, delta.role.as_ref().map(|role| role.as_str())),
            arguments: texts.arguments,
            tool_calls: PyOnceLock::new(),
        };
        Part::new(At::new(data, position, Place::Delta)).with(py, made)
    }

    /// The delta of a chunk that was made in Python, where it may be `None`.
    pub(super) fn of_model(
        data: &Arc<Data>,
        position: usize,
        model: &Bound<'_, PyAny>,
    ) -> PyResult<Py<Self>> {
        let field = |name| match model.is_none() {
            true => Ok(model.py().None()),
            false => model.getattr(name).map(Bound::unbind),
        };
        let made = Delta {
            content: field("content")?,
            refusal: field("refusal")?,
            role: field("role")?,
            arguments: None,
            tool_calls: PyOnceLock::new(),
        };
        Part::new(At::new(data, position, Place::Delta)).with(model.py(), made)
    }

    /// Core's tool calls, whose arguments may be those of another chunk of the same shape.
    fn core_calls(at: &At) -> Option<&[ToolCallDelta]> {
        Some(&bridge::constant_choices(at.data.core()?).get(at.choice)?.delta.tool_calls)
    }

    /// The tool calls as core has read them, or else those of the model.
    fn read_calls<'py>(&self, at: &At, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let calls = match Self::core_calls(at) {
            Some([call]) if ToolCall::is_plain(call) => {
                let arguments = self.arguments.as_ref().map(|text| text.clone_ref(py));
                // Without the vector of the general case.
                let call = ToolCall::of_core(py, at, 0, call, arguments)?;
                return Ok(PyList::new(py, [call])?.into_any());
            }
            Some(calls) if !calls.is_empty() && calls.iter().all(ToolCall::is_plain) => {
                let calls = calls.iter().enumerate();
                let calls =
                    calls.map(|(position, call)| ToolCall::of_core(py, at, position, call, None));
                calls.collect::<PyResult<Vec<_>>>()?
            }
            _ => {
                let delta = Part::new(at.clone()).model(py)?;
                if delta.is_none() {
                    return Ok(delta);
                }
                let calls = delta.getattr("tool_calls")?;
                let Ok(calls) = calls.cast::<PyList>() else { return Ok(calls) };
                calls.iter().map(|call| ToolCall::of_model(&call)).collect::<PyResult<_>>()?
            }
        };
        Ok(PyList::new(py, calls)?.into_any())
    }
}

#[pymethods]
impl Delta {
    /// More of the tool calls.
    #[getter]
    fn tool_calls<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let (this, py) = (slf.get(), slf.py());
        if let Some(calls) = this.tool_calls.get(py) {
            return Ok(calls.bind(py).clone());
        }
        match slf.as_super().get().at() {
            Some(at) if this.arguments.is_some() || at.data.may_hold("tool_calls") => {
                // Not `get_or_try_init`, which releases the interpreter around each one.
                let read = this.read_calls(at, py)?;
                let _ = this.tool_calls.set(py, read.clone().unbind()); // another thread may have been faster
                Ok(this.tool_calls.get(py).map_or(read, |calls| calls.bind(py).clone()))
            }
            _ => Ok(py.None().into_bound(py)),
        }
    }
}
