//! Bodies of streamed replies as services send them, from a seed: the same seed gives the same bytes.
//!
//! The texts are generated, not recorded: tokens of a few characters from prose, Markdown, code and Korean.

mod events;
mod json;
mod service;
mod shape;
mod text;
mod text_words;

use serde_json::Value;

pub use shape::Shape;

use json::Writer;

/// The seed of the bodies that benchmarks read.
pub const SEED: u64 = 1;

/// One streamed reply: the bytes of its events, and the facts that a reader of it must find.
#[derive(Debug)]
pub struct Body {
    /// All events, one after the other.
    pub bytes: Vec<u8>,
    /// The end of each event in [`bytes`](Self::bytes).
    pub ends: Vec<usize>,
    /// Number of chunks that carry text.
    pub chunks: usize,
    /// Length in UTF-8 of the text of all chunks: of the content, or of the arguments of tool calls.
    pub text_bytes: usize,
    /// Length of the same text in UTF-16 code units.
    pub text_utf16: usize,
    /// Length of the same text in characters.
    pub text_chars: usize,
}

impl Body {
    /// A reply of the given shape with so many chunks of text.
    #[must_use]
    pub fn new(shape: Shape, chunks: usize, seed: u64) -> Self {
        let mut body = Body {
            bytes: Vec::with_capacity(chunks.saturating_mul(352)),
            ends: Vec::with_capacity(chunks + 4),
            chunks: 0,
            text_bytes: 0,
            text_utf16: 0,
            text_chars: 0,
        };
        if shape.is_events() {
            events::write(&mut body, shape, chunks, seed);
        } else {
            service::write(&mut body, shape, chunks, seed);
        }
        body
    }

    /// The events, each with the empty line that ends it.
    pub fn events(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).filter_map(|(start, end)| self.bytes.get(start..*end))
    }

    /// Adds an event without text.
    fn event(&mut self, writer: Writer, value: &Value) {
        self.bytes.extend_from_slice(b"data: ");
        writer.write(value, &mut self.bytes);
        self.end();
    }

    /// Adds an event with a piece of the text.
    fn chunk(&mut self, writer: Writer, value: &Value, text: &str) {
        self.event(writer, value);
        self.chunks += 1;
        self.text_bytes += text.len();
        self.text_utf16 += text.encode_utf16().count();
        self.text_chars += text.chars().count();
    }

    /// Adds the mark of the end that OpenAI's wire has.
    fn done(&mut self) {
        self.bytes.extend_from_slice(b"data: [DONE]");
        self.end();
    }

    fn end(&mut self) {
        self.bytes.extend_from_slice(b"\n\n");
        self.ends.push(self.bytes.len());
    }
}

#[cfg(test)]
mod tests;
