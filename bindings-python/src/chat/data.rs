//! The data that a chunk, its choices and their deltas share.

use pyo3::exceptions::PyAttributeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use turnwire::chat::ChatChunk;

/// A chunk's content, and its Python model, created on demand.
pub(super) struct Data {
    origin: Origin,
    model: PyOnceLock<Py<PyAny>>,
}

/// The origin of a chunk.
pub(super) enum Origin {
    Core(ChatChunk),
    /// Python: the chunk has its model from the start.
    Python,
}

impl Data {
    pub(super) fn new(origin: Origin) -> Self {
        Data { origin, model: PyOnceLock::new() }
    }

    /// A chunk created in Python.
    pub(super) fn of_model(py: Python<'_>, model: Py<PyAny>) -> Self {
        let made = Self::new(Origin::Python);
        let _ = made.model.set(py, model); // it is new, so it is empty
        made
    }

    /// The chunk, if it comes from core.
    pub(super) fn core(&self) -> Option<&ChatChunk> {
        match &self.origin {
            Origin::Core(chunk) => Some(chunk),
            Origin::Python => None,
        }
    }

    /// The Python model of the whole chunk.
    pub(super) fn model<'py>(&self, py: Python<'py>) -> PyResult<&Bound<'py, PyAny>> {
        let made = self.model.get_or_try_init(py, || {
            let models = py.import(intern!(py, "turnwire.types._chunk"))?;
            let json = self.core().map_or("", ChatChunk::raw);
            Ok::<_, PyErr>(models.call_method1(intern!(py, "read"), (json,))?.unbind())
        })?;
        Ok(made.bind(py))
    }

    /// True if the JSON may hold a field of this name.
    pub(super) fn may_hold(&self, name: &str) -> bool {
        let Some(json) = self.core().map(ChatChunk::raw) else { return true };
        let mut found = json.match_indices(name);
        found.any(|(at, _)| {
            let around = at.checked_sub(1).and_then(|before| json.get(before..=at + name.len()));
            // A name written with escapes is not found, but no service writes one.
            around.is_some_and(|text| text.starts_with('"') && text.ends_with('"'))
        })
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

    /// The Python model of a choice.
    pub(super) fn choice<'py>(
        &self,
        position: usize,
        py: Python<'py>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.model(py)?.getattr(intern!(py, "choices"))?.get_item(position)
    }
}

/// The function that restores a choice or a delta from the model of its chunk.
pub(super) fn restore(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    py.import(intern!(py, "turnwire.types._chunk"))?.getattr(intern!(py, "restore"))
}
