//! A choice of a chunk: the additions to one reply.

use std::sync::Arc;

use pyo3::prelude::*;
use turnwire::chat::ChunkChoice;

use super::data::{Data, text};
use super::delta::{Delta, Texts};
use super::part::{At, Part, Place};

/// The additions of a chunk to one reply.
#[pyclass(
    frozen,
    extends = Part,
    name = "Choice",
    module = "turnwire.types.chat.chat_completion_chunk"
)]
pub(crate) struct Choice {
    #[pyo3(get)]
    delta: Py<Delta>,
    #[pyo3(get)]
    index: Py<PyAny>,
    /// The reason for the reply's end, in its last chunk.
    #[pyo3(get)]
    finish_reason: Py<PyAny>,
}

impl Choice {
    /// A choice of core's, whose texts may be those of another chunk of the same shape: `texts` has this chunk's.
    pub(super) fn of_core(
        py: Python<'_>,
        data: &Arc<Data>,
        position: usize,
        choice: &ChunkChoice,
        texts: Texts,
    ) -> PyResult<Py<Self>> {
        let made = Choice {
            delta: Delta::of_core(py, data, position, &choice.delta, texts)?,
            index: choice.index.into_pyobject(py)?.into_any().unbind(),
            finish_reason: text(py, choice.finish_reason.as_ref().map(|reason| reason.as_str())),
        };
        made.at(py, data, position)
    }

    /// The choice of a chunk that was made in Python.
    pub(super) fn of_model(
        data: &Arc<Data>,
        position: usize,
        model: &Bound<'_, PyAny>,
    ) -> PyResult<Py<Self>> {
        let choice = Choice {
            delta: Delta::of_model(data, position, &model.getattr("delta")?)?,
            index: model.getattr("index")?.unbind(),
            finish_reason: model.getattr("finish_reason")?.unbind(),
        };
        choice.at(model.py(), data, position)
    }

    fn at(self, py: Python<'_>, data: &Arc<Data>, position: usize) -> PyResult<Py<Self>> {
        Part::new(At::new(data, position, Place::Choice)).with(py, self)
    }
}
