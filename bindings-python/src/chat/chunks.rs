//! The chunks of a streamed reply for Python.

use pyo3::prelude::*;
use turnwire::ChatReply;
use turnwire::bridge::{Batch, Chunks, Pull};

use super::chunk::Chunk;
use crate::stream::{Cross, Pulled, Ready};

impl Cross for Batch {
    type Ready = Batch;

    fn into_ready(self) -> PyResult<Batch> {
        Ok(self)
    }

    fn first<'py>(ready: &Ready<Self>, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let mut batch = ready.lock();
        let Some(piece) = batch.take_first() else { return Ok(None) };
        Ok(Some(Bound::new(py, Chunk::new(py, piece)?)?.into_any()))
    }
}

impl Pulled for Chunks {
    type Items = Batch;

    fn pull(&self) -> &Pull<Batch> {
        self.pull()
    }

    fn reply(&self) -> Option<&ChatReply> {
        self.reply()
    }
}
