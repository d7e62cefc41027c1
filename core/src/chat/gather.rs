//! The receiver of a stream's chunks.

use std::sync::Arc;

use super::chunk::ChatChunk;
use super::shape::Shape;
use super::template::Filling;

/// Takes chunks in. One that has the shape of the one before comes as what is new in it, so that it need not be
/// made where nobody wants it whole.
pub(crate) trait Gather {
    /// Takes a chunk of this shape, whose JSON is `json`.
    fn filling(&mut self, shape: &Arc<Shape>, filling: Filling<'_>, json: &str);

    /// Takes a chunk.
    fn chunk(&mut self, chunk: ChatChunk);
}

/// One chunk.
impl Gather for Option<ChatChunk> {
    fn filling(&mut self, shape: &Arc<Shape>, filling: Filling<'_>, json: &str) {
        *self = Some(shape.chunk_of(filling.text, json));
    }

    fn chunk(&mut self, chunk: ChatChunk) {
        *self = Some(chunk);
    }
}
