//! Batches of chunks for a host language: chunks of one shape share one buffer, so that no chunk needs an
//! allocation that another thread would have to free.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use super::items::Items;
use crate::chat::filling::Filling;
use crate::chat::gather::Gather;
use crate::chat::shape::Shape;
use crate::chat::span::{Literals, Span};
use crate::chat::{ChatChunk, ChunkChoice};

/// Pulled chunks, in order.
#[derive(Default)]
pub struct Batch {
    parts: VecDeque<Part>,
    len: usize,
    bytes: usize,
}

/// A chunk, or only its new literals.
#[derive(Debug)]
pub enum Piece<'a> {
    /// A chunk of a shared shape.
    Filling(Filling<'a>),
    /// A chunk with a shape of its own.
    Chunk(ChatChunk),
}

impl Piece<'_> {
    /// The chunk's JSON, unchanged.
    pub fn json(&self) -> Cow<'_, str> {
        match self {
            Piece::Filling(filling) => filling.json().into(),
            Piece::Chunk(chunk) => chunk.raw().into(),
        }
    }

    /// The chunk.
    pub fn into_chunk(self) -> ChatChunk {
        match self {
            Piece::Filling(filling) => filling.to_chunk(),
            Piece::Chunk(chunk) => chunk,
        }
    }
}

enum Part {
    Run(Run),
    Chunk(ChatChunk),
}

/// Consecutive chunks of one shape.
struct Run {
    shape: Arc<Shape>,
    /// The literals of each chunk, followed by the strings of those with escapes.
    text: String,
    /// The lengths of each chunk's literals and strings.
    lengths: VecDeque<(u32, u32)>,
    /// The positions of the literals in those of their chunk: as many for each chunk as the shape has holes.
    spans: Vec<Span>,
    /// The text and the spans of the chunks taken so far.
    taken: (usize, usize),
}

/// The text that a chunk adds to the reply at a position; `Some(None)` if it adds none there, `None` without that reply.
/// Unlike the chunk's choices, it does not cost building them.
pub fn content(chunk: &ChatChunk, position: usize) -> Option<Option<&str>> {
    chunk.content_at(position)
}

/// The choices of a chunk. Their texts, reasoning, arguments and unmodelled fields may be those of another chunk of the
/// same shape; unlike the chunk's own choices, they need not be built.
pub fn constant_choices(chunk: &ChatChunk) -> &[ChunkChoice] {
    chunk.constant_choices()
}

impl Batch {
    /// The number of chunks.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Returns true if there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Removes the first chunk.
    pub fn take_first(&mut self) -> Option<Piece<'_>> {
        while let Some(Part::Run(run)) = self.parts.front()
            && run.lengths.is_empty()
        {
            self.parts.pop_front();
        }
        self.len = self.len.saturating_sub(1);
        if let Some(Part::Chunk(_)) = self.parts.front() {
            let Some(Part::Chunk(chunk)) = self.parts.pop_front() else { return None };
            return Some(Piece::Chunk(chunk));
        }
        let Some(Part::Run(run)) = self.parts.front_mut() else { return None };
        run.take_first()
    }
}

impl Run {
    fn new(shape: &Arc<Shape>) -> Self {
        Run {
            shape: shape.clone(),
            text: String::new(),
            lengths: VecDeque::new(),
            spans: Vec::new(),
            taken: (0, 0),
        }
    }

    fn take_first(&mut self) -> Option<Piece<'_>> {
        let (raw, decoded) = self.lengths.pop_front()?;
        let (text, span) = self.taken;
        let strings = text + raw as usize;
        self.taken = (strings + decoded as usize, span + self.shape.width());
        let literals = Literals {
            raw: self.text.get(text..strings)?,
            decoded: self.text.get(strings..self.taken.0)?,
            spans: self.spans.get(span..self.taken.1)?,
        };
        Some(Piece::Filling(Filling::new(&self.shape, literals)))
    }

    fn push(&mut self, Literals { raw, decoded, spans }: Literals<'_>) {
        self.text.push_str(raw);
        self.text.push_str(decoded);
        // The positions in them are as narrow.
        self.lengths.push_back((raw.len() as u32, decoded.len() as u32));
        self.spans.extend_from_slice(spans);
    }
}

impl Gather for Batch {
    fn filling(&mut self, filling: Filling<'_>) {
        let shape = filling.shape();
        let takes = |part: &Part| matches!(part, Part::Run(run) if Arc::ptr_eq(&run.shape, shape));
        if !self.parts.back().is_some_and(takes) {
            self.parts.push_back(Part::Run(Run::new(shape)));
        }
        let Some(Part::Run(run)) = self.parts.back_mut() else { return };
        let Literals { raw, decoded, spans } = filling.literals;
        run.push(filling.literals);
        self.len += 1;
        self.bytes += raw.len() + decoded.len() + size_of_val(spans);
    }

    fn chunk(&mut self, chunk: ChatChunk) {
        self.len += 1;
        self.bytes += chunk.raw().len();
        self.parts.push_back(Part::Chunk(chunk));
    }
}

impl Items for Batch {
    fn count(&self) -> usize {
        self.len
    }

    fn bytes(&self) -> usize {
        self.bytes
    }

    fn append(&mut self, mut later: Self) {
        self.parts.append(&mut later.parts);
        self.len += later.len;
        self.bytes += later.bytes;
    }
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch").field("len", &self.len).field("bytes", &self.bytes).finish()
    }
}
