//! The receiver of a stream's chunks.

use super::chunk::ChatChunk;
use super::filling::Filling;

/// Receives chunks. A chunk of the same shape as the one before is passed as its new literals alone, so that it is not
/// built unless a receiver needs it whole.
pub(crate) trait Gather {
    /// Receives a chunk of a known shape.
    fn filling(&mut self, filling: Filling<'_>);

    /// Receives a chunk.
    fn chunk(&mut self, chunk: ChatChunk);
}

/// Receives the texts that chunks add to the first reply.
impl Gather for String {
    fn filling(&mut self, filling: Filling<'_>) {
        self.push_str(filling.content());
    }

    fn chunk(&mut self, chunk: ChatChunk) {
        self.push_str(chunk.text());
    }
}

/// Receives one chunk.
impl Gather for Option<ChatChunk> {
    fn filling(&mut self, filling: Filling<'_>) {
        *self = Some(filling.to_chunk());
    }

    fn chunk(&mut self, chunk: ChatChunk) {
        *self = Some(chunk);
    }
}
