//! Batches of chunks for a host language: chunks of one shape share one buffer, so that no chunk needs an
//! allocation that another thread would have to free.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use super::items::Items;
use crate::chat::ChatChunk;
use crate::chat::gather::Gather;
use crate::chat::shape::Shape;
use crate::chat::template::Filling;

/// Pulled chunks, in order.
#[derive(Default)]
pub struct Batch {
    parts: VecDeque<Part>,
    len: usize,
    bytes: usize,
}

/// A chunk, or only its new text.
#[derive(Debug)]
pub enum Piece<'a> {
    /// A chunk of a shared shape.
    Filling(&'a Arc<Shape>, Filling<'a>),
    /// A chunk with a shape of its own.
    Chunk(ChatChunk),
}

impl Piece<'_> {
    /// The chunk's JSON, unchanged.
    pub fn json(&self) -> Cow<'_, str> {
        match self {
            Piece::Filling(shape, filling) => shape.json_with(*filling).into(),
            Piece::Chunk(chunk) => chunk.raw().into(),
        }
    }

    /// The chunk.
    pub fn into_chunk(self) -> ChatChunk {
        match self {
            Piece::Filling(shape, filling) => shape.chunk(filling),
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
    /// The concatenated texts of their holes.
    text: String,
    /// The ends of each chunk's text and padding in it.
    ends: Vec<(usize, Option<usize>)>,
    /// The number of chunks taken so far, and the end of the last one in the text.
    taken: usize,
    taken_text: usize,
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
            && run.taken == run.ends.len()
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
    fn take_first(&mut self) -> Option<Piece<'_>> {
        let (text_end, padding_end) = *self.ends.get(self.taken)?;
        let text = self.text.get(self.taken_text..text_end)?;
        let padding = padding_end.and_then(|end| self.text.get(text_end..end));
        self.taken += 1;
        self.taken_text = padding_end.unwrap_or(text_end);
        Some(Piece::Filling(&self.shape, Filling { text, padding }))
    }
}

impl Gather for Batch {
    fn filling(&mut self, shape: &Arc<Shape>, filling: Filling<'_>, _json: &str) {
        let is_next =
            |part: &mut Part| matches!(part, Part::Run(run) if Arc::ptr_eq(&run.shape, shape));
        if !self.parts.back_mut().is_some_and(is_next) {
            let run = Run {
                shape: shape.clone(),
                text: String::new(),
                ends: Vec::new(),
                taken: 0,
                taken_text: 0,
            };
            self.parts.push_back(Part::Run(run));
        }
        let Some(Part::Run(run)) = self.parts.back_mut() else { return };
        let before = run.text.len();
        run.text.push_str(filling.text);
        let text_end = run.text.len();
        let padding_end = filling.padding.map(|padding| {
            run.text.push_str(padding);
            run.text.len()
        });
        run.ends.push((text_end, padding_end));
        self.len += 1;
        self.bytes += run.text.len() - before + size_of::<(usize, Option<usize>)>();
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
