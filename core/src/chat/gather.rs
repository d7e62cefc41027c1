//! The receiver of a stream's chunks.

use std::sync::Arc;

use super::chunk::ChatChunk;
use super::shape::Shape;
use super::template::Filling;

/// Receives chunks. A chunk of the same shape as the one before is passed as its new text alone, so that it is not
/// built unless a receiver needs it whole.
pub(crate) trait Gather {
    /// Receives a chunk of this shape, whose JSON is `json`.
    fn filling(&mut self, shape: &Arc<Shape>, filling: Filling<'_>, json: &str);

    /// Receives a chunk.
    fn chunk(&mut self, chunk: ChatChunk);
}

/// Receives one chunk.
impl Gather for Option<ChatChunk> {
    fn filling(&mut self, shape: &Arc<Shape>, filling: Filling<'_>, json: &str) {
        *self = Some(shape.chunk_of(filling.text, json));
    }

    fn chunk(&mut self, chunk: ChatChunk) {
        *self = Some(chunk);
    }
}
