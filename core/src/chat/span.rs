//! The literals in the holes of a template: where they are, and what they say.
#![cfg_attr(
    not(feature = "bridge"),
    allow(dead_code, unreachable_pub, reason = "none but the bridge hands literals on")
)]

use std::ops::Range;

/// The longest JSON whose literals a [`Span`] can locate.
pub(crate) const LONGEST: usize = u32::MAX as usize;

/// The positions of a literal, and of its string if it has escapes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    raw: (u32, u32),
    decoded: Option<(u32, u32)>,
}

impl Span {
    /// The positions must not exceed [`LONGEST`].
    pub(crate) fn new(raw: Range<usize>, decoded: Option<Range<usize>>) -> Self {
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
    is_escaped: bool,
}

impl<'a> Literal<'a> {
    /// The text, if the literal has escapes.
    pub(crate) fn decoded(&self) -> Option<&'a str> {
        self.is_escaped.then_some(self.text)
    }
}

/// The literals in all holes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Literals<'a> {
    text: &'a str,
    decoded: &'a str,
    spans: &'a [Span],
}

impl<'a> Literals<'a> {
    /// Literals in `text`; the strings of those with escapes are in `decoded`.
    pub(crate) fn new(text: &'a str, decoded: &'a str, spans: &'a [Span]) -> Self {
        Literals { text, decoded, spans }
    }

    /// The bytes that the positions take.
    pub(crate) fn overhead(&self) -> usize {
        size_of_val(self.spans)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Literal<'a>> + use<'a> {
        let literals = *self;
        self.spans.iter().map(move |span| literals.at(span))
    }

    /// A literal by its number.
    pub(super) fn get(&self, number: usize) -> Option<Literal<'a>> {
        self.spans.get(number).map(|span| self.at(span))
    }

    fn at(&self, span: &Span) -> Literal<'a> {
        let raw = part(self.text, span.raw);
        let text = span.decoded.map_or(raw, |range| part(self.decoded, range));
        Literal { raw, text, is_escaped: span.decoded.is_some() }
    }

    /// The position of a literal.
    pub(super) fn range(&self, number: usize) -> Option<Range<usize>> {
        let (start, end) = self.spans.get(number)?.raw;
        Some(start as usize..end as usize)
    }
}

fn part(text: &str, (start, end): (u32, u32)) -> &str {
    text.get(start as usize..end as usize).unwrap_or_default()
}
