//! The data that a chunk and its parts share.

use memchr::memmem;
use pyo3::exceptions::PyAttributeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyString;
use turnwire::bridge;
use turnwire::chat::ChatChunk;

/// A chunk's content, and its Python model, created on demand.
pub(super) struct Data {
    /// `None` for a chunk that was made in Python.
    core: Option<ChatChunk>,
    model: PyOnceLock<Py<PyAny>>,
}

impl Data {
    pub(super) fn new(core: ChatChunk) -> Self {
        Data { core: Some(core), model: PyOnceLock::new() }
    }

    /// A chunk that was made in Python.
    pub(super) fn of_model(model: &Bound<'_, PyAny>) -> Self {
        let made = Data { core: None, model: PyOnceLock::new() };
        let _ = made.model.set(model.py(), model.clone().unbind()); // it is new, so it is empty
        made
    }

    /// The chunk, if it comes from core.
    pub(super) fn core(&self) -> Option<&ChatChunk> {
        self.core.as_ref()
    }

    /// The Python model of the whole chunk.
    pub(super) fn model<'py>(&self, py: Python<'py>) -> PyResult<&Bound<'py, PyAny>> {
        let made = self.model.get_or_try_init(py, || {
            let json = self.core().map_or("", ChatChunk::raw);
            Ok::<_, PyErr>(models(py)?.call_method1(intern!(py, "read"), (json,))?.unbind())
        })?;
        Ok(made.bind(py))
    }

    /// True if the JSON may hold a field of this name with a value.
    pub(super) fn may_hold(&self, name: &str) -> bool {
        self.holds(name) == Holds::Value
    }

    fn holds(&self, name: &str) -> Holds {
        let Some(json) = self.core().map(ChatChunk::raw) else { return Holds::Value };
        // A name written with escapes is not found, but no service writes one.
        let values = memmem::find_iter(json.as_bytes(), name).filter_map(|at| {
            let rest = json.get(at + name.len()..)?.strip_prefix('"')?;
            json.get(..at)?.ends_with('"').then_some(rest)
        });
        let is_null = |rest: &str| {
            let value = rest.trim_ascii_start().strip_prefix(':').unwrap_or_default();
            value.trim_ascii_start().starts_with("null")
        };
        let mut nulls = values.map(is_null).peekable();
        if nulls.peek().is_none() {
            return Holds::Nothing;
        }
        if nulls.all(|is_null| is_null) { Holds::Null } else { Holds::Value }
    }

    /// An attribute of `model`, whose class the package calls `class`. The model is created only if the value depends on
    /// its JSON and not on the class alone.
    pub(super) fn attribute<'py>(
        &self,
        py: Python<'py>,
        class: &str,
        name: &str,
        model: impl FnOnce() -> PyResult<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let held = self.holds(name);
        if held != Holds::Value {
            let class = model_class(py, class)?;
            match class.getattr_opt(name)? {
                Some(value) if value.is_none() => return Ok(value),
                None if held == Holds::Nothing => {
                    let kind = class.getattr(intern!(py, "__name__"))?;
                    let why = format!("'{kind}' object has no attribute '{name}'");
                    return Err(PyAttributeError::new_err(why));
                }
                _ => {}
            }
        }
        model()?.getattr(name)
    }

    /// The reasoning under this name, which is read for every chunk of a reasoning model: core treats both names as one
    /// field.
    pub(super) fn reasoning(&self, choice: usize, name: &str) -> Option<&str> {
        let other = match name {
            "reasoning_content" => "reasoning",
            "reasoning" => "reasoning_content",
            _ => return None,
        };
        let core = self.core()?;
        let text = match bridge::constant_choices(core).get(choice)?.index {
            0 => core.reasoning()?,
            _ => core.choices().get(choice)?.delta.reasoning.as_deref()?,
        };
        (!self.may_hold(other)).then_some(text)
    }
}

/// The knowledge of a field without its JSON being parsed.
#[derive(PartialEq)]
enum Holds {
    Value,
    Null,
    Nothing,
}

/// The module of the Python models.
pub(super) fn models(py: Python<'_>) -> PyResult<&Bound<'_, PyModule>> {
    static MODELS: PyOnceLock<Py<PyModule>> = PyOnceLock::new();
    let import = || py.import("turnwire.types._chunk").map(Bound::unbind);
    Ok(MODELS.get_or_try_init(py, import)?.bind(py))
}

/// The class of a Python model.
pub(super) fn model_class<'py>(py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
    models(py)?.getattr(name)
}

/// A text of a chunk, or `None`.
pub(super) fn text(py: Python<'_>, text: Option<&str>) -> Py<PyAny> {
    text.map_or_else(|| py.None(), |text| PyString::new(py, text).into_any().unbind())
}
