//! The fast path for parsing a chunk: most differ from one before in a few literals only.
//!
//! A template is the JSON of a chunk that was fully parsed once, with holes for the literals that vary. JSON that equals
//! it byte for byte outside the holes, and has literals of the same form in the holes, parses to the same chunk with
//! other values: no further comparison is needed.
//!
//! At first only the texts and the padding are holes. When a chunk differs from the template in other literals, such as
//! its id or a number of the usage, these become holes as well, so that chunks pay for those holes alone that they need.

use std::ops::Range;

use super::places::{Form, Place, Target};
use super::span::Span;
use crate::json::literal::{self, NoString};

/// The most holes: each costs every chunk a few comparisons.
const MOST: usize = 32;

/// A chunk's JSON with holes.
#[derive(Debug)]
pub(super) struct Template {
    json: Box<str>,
    /// In the order of their positions.
    holes: Vec<Place>,
    /// The literals that may become holes.
    rest: Vec<Place>,
}

/// The result of comparing JSON with a template.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    /// It differs in the holes alone.
    Same,
    /// It may, once halves of surrogate pairs have been repaired.
    Half,
    Different,
}

impl Template {
    /// A template of a chunk's JSON, whose texts and padding are holes.
    pub(super) fn new(json: &str, places: Vec<Place>) -> Self {
        let is_hole = |place: &Place| {
            use Target::{Arguments, Content, Padding, Reasoning};
            matches!(place.target, Content | Reasoning(_) | Arguments | Padding)
        };
        let (holes, rest) = places.into_iter().partition(is_hole);
        Template { json: json.into(), holes, rest }
    }

    /// A template of JSON that differs from this one in some more literals, which become holes; `None` if it differs in
    /// anything else.
    pub(super) fn learn(&self, json: &str, places: &[Place]) -> Option<Self> {
        let mut ours: Vec<_> = self.holes.iter().map(|hole| (hole, true)).collect();
        ours.extend(self.rest.iter().map(|place| (place, false)));
        ours.sort_unstable_by_key(|(place, _)| place.range.start);
        if ours.len() != places.len() {
            return None;
        }
        let (mut at, mut their_at) = (0, 0);
        let (mut holes, mut rest) = (Vec::new(), Vec::new());
        for ((place, was_hole), theirs) in ours.into_iter().zip(places) {
            let before = self.json.get(at..place.range.start)?;
            // It ends with the quote of a string, so literals of different forms are no match.
            if json.get(their_at..theirs.range.start) != Some(before) {
                return None;
            }
            (at, their_at) = (place.range.end, theirs.range.end);
            let differs = self.json.get(place.range.clone()) != json.get(theirs.range.clone());
            let kept = if was_hole || differs { &mut holes } else { &mut rest };
            kept.push(theirs.clone());
        }
        let is_same = self.json.get(at..) == json.get(their_at..);
        let is_small = holes.len() <= MOST;
        (is_same && is_small).then(|| Template { json: json.into(), holes, rest })
    }

    pub(super) fn holes(&self) -> &[Place] {
        &self.holes
    }

    /// The JSON that it was built from.
    pub(super) fn json(&self) -> &str {
        &self.json
    }

    /// Compares JSON with this template, and notes the literals in the holes. Texts with escapes are appended to
    /// `decoded`.
    pub(super) fn compare(
        &self,
        json: &str,
        spans: &mut Vec<Span>,
        decoded: &mut String,
    ) -> Comparison {
        let (ours, theirs) = (self.json.as_bytes(), json.as_bytes());
        let is_same = |ours_at: Range<usize>, at: usize| {
            let constant = ours.get(ours_at).unwrap_or_default();
            theirs.get(at..).is_some_and(|rest| rest.starts_with(constant))
        };
        let (mut ours_at, mut at) = (0, 0);
        for hole in &self.holes {
            if !is_same(ours_at..hole.range.start, at) {
                return Comparison::Different;
            }
            at += hole.range.start - ours_at;
            ours_at = hole.range.end;
            let decoded_from = decoded.len();
            let (end, is_escaped) = match hole.form {
                Form::String => match literal::string(json, at, decoded) {
                    Ok(read) => read,
                    Err(NoString::Half) => return Comparison::Half,
                    Err(NoString::Invalid) => return Comparison::Different,
                },
                Form::Number => match literal::number(json, at) {
                    Some(end) => (end, false),
                    None => return Comparison::Different,
                },
            };
            spans.push(Span::new(at..end, is_escaped.then_some(decoded_from..decoded.len())));
            at = end;
        }
        let is_same = ours.get(ours_at..) == theirs.get(at..);
        if is_same { Comparison::Same } else { Comparison::Different }
    }

    /// The JSON with these literals in its holes, and the range of the literal at `wanted` in it.
    pub(super) fn filled_with<'l>(
        &self,
        literals: impl Iterator<Item = &'l str>,
        wanted: Option<usize>,
    ) -> (String, Range<usize>) {
        let mut filled = String::with_capacity(self.json.len() + 64);
        let (mut at, mut found) = (0, 0..0);
        for (number, (hole, literal)) in self.holes.iter().zip(literals).enumerate() {
            filled.push_str(self.json.get(at..hole.range.start).unwrap_or_default());
            let start = filled.len();
            filled.push_str(literal);
            if wanted == Some(number) {
                found = start..filled.len();
            }
            at = hole.range.end;
        }
        filled.push_str(self.json.get(at..).unwrap_or_default());
        (filled, found)
    }
}
