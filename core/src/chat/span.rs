//! The literals in the holes of a template: where they are, and what they say.
#![cfg_attr(
    not(feature = "bridge"),
    allow(dead_code, unreachable_pub, reason = "none but the bridge hands literals on")
)]

use std::cell::Cell;
use std::ops::Range;

use super::places::Form;
use crate::json::literal::{self, NoString};

/// The longest JSON whose literals, and their strings after them, a [`Span`] can locate.
pub(super) const LONGEST: usize = u32::MAX as usize / 2;

/// The positions of a literal, and of its string if it has escapes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub(super) raw: (u32, u32),
    pub(super) decoded: Option<(u32, u32)>,
}

impl Span {
    /// The positions must not exceed [`LONGEST`].
    fn new(raw: Range<usize>, decoded: Option<Range<usize>>) -> Self {
        let narrow = |range: Range<usize>| (range.start as u32, range.end as u32);
        Span { raw: narrow(raw), decoded: decoded.map(narrow) }
    }
}

/// A literal in a hole.
#[derive(Clone, Copy, Debug)]
pub struct Literal<'a> {
    /// The literal as written: a number, or the part of a string between its quotes, with its escapes.
    pub raw: &'a str,
    /// The same with its escapes resolved.
    pub text: &'a str,
}

/// The literals in all holes of one chunk, without its JSON.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Literals<'a> {
    /// Each literal as written, with the character that ends it in the JSON.
    pub(crate) raw: &'a str,
    /// The strings of those with escapes.
    pub(crate) decoded: &'a str,
    pub(crate) spans: &'a [Span],
}

impl<'a> Literals<'a> {
    pub(crate) fn iter(&self) -> impl Iterator<Item = Literal<'a>> + use<'a> {
        let literals = *self;
        self.spans.iter().map(move |span| literals.at(span))
    }

    /// A literal by its number.
    #[inline]
    pub(super) fn get(&self, number: usize) -> Option<Literal<'a>> {
        self.spans.get(number).map(|span| self.at(span))
    }

    #[inline]
    pub(super) fn at(&self, span: &Span) -> Literal<'a> {
        let raw = part(self.raw, span.raw);
        let text = span.decoded.map_or(raw, |range| part(self.decoded, range));
        Literal { raw, text }
    }
}

thread_local! {
    /// One for all streams that a thread reads: of a thousand, each would have to fetch its own into the cache.
    static SPARE: Cell<Option<Box<LiteralBuffer>>> = const { Cell::new(None) };
}

/// Lends the buffer of this thread.
pub(super) fn with_buffer<T>(read: impl FnOnce(&mut LiteralBuffer) -> T) -> T {
    let spare = SPARE.try_with(Cell::take).ok().flatten();
    let mut buffer = spare.unwrap_or_default();
    let result = read(&mut buffer);
    // A thread that ends keeps none.
    let _ = SPARE.try_with(|spare| spare.set(Some(buffer)));
    result
}

/// The literals of one chunk, in buffers that the next one uses again.
#[derive(Debug, Default)]
pub(super) struct LiteralBuffer {
    /// Text, unless a literal is invalid UTF-8.
    raw: Vec<u8>,
    decoded: String,
    spans: Vec<Span>,
}

impl LiteralBuffer {
    pub(super) fn clear(&mut self) {
        self.spans.clear();
        self.raw.clear();
        self.raw.shrink_to(KEPT_CAPACITY);
        self.decoded.clear();
        self.decoded.shrink_to(KEPT_CAPACITY);
    }

    /// Adds the literal of this form that the JSON begins with, and returns the JSON after it.
    #[inline(always)]
    pub(super) fn push<'j>(&mut self, form: Form, json: &'j [u8]) -> Result<&'j [u8], NoString> {
        let decoded_from = self.decoded.len();
        let (end, is_escaped) = form.read(json, &mut self.decoded)?;
        let (from, after) = (self.raw.len(), json.get(end..).ok_or(NoString)?);
        self.raw.extend_from_slice(json.get(..=end).ok_or(NoString)?);
        let decoded = is_escaped.then_some(decoded_from..self.decoded.len());
        self.spans.push(Span::new(from..from + end, decoded));
        Ok(after)
    }

    /// The literals, if they are valid UTF-8. The characters that end them are ASCII in a chunk that fits the template, so
    /// that each literal is valid on its own.
    pub(super) fn literals(&self) -> Option<Literals<'_>> {
        let raw = str::from_utf8(&self.raw).ok()?;
        Some(Literals { raw, decoded: &self.decoded, spans: &self.spans })
    }
}

impl Form {
    /// Reads the literal of this form that the JSON begins with: the position after it, and true if it has escapes. Its
    /// string is then appended to `decoded`.
    #[inline(always)]
    pub(super) fn read(self, json: &[u8], decoded: &mut String) -> Result<(usize, bool), NoString> {
        match self {
            Form::String => literal::string(json, 0, decoded),
            Form::Number => Ok((literal::number(json, 0).ok_or(NoString)?, false)),
        }
    }
}

/// The capacity that a buffer keeps for the next chunk.
const KEPT_CAPACITY: usize = 64 * 1024;

pub(super) fn part(text: &str, (start, end): (u32, u32)) -> &str {
    text.get(start as usize..end as usize).unwrap_or_default()
}
