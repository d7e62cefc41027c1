//! The fast path for parsing a chunk: most differ from one before in a few literals only.
//!
//! A template is the JSON of a chunk that was fully parsed once, with holes for the literals that vary. JSON that equals
//! it byte for byte outside the holes, and has literals of the same form in the holes, parses to the same chunk with
//! other values: no further comparison is needed.
//!
//! At first only the texts and the padding are holes. When a chunk differs from the template in other literals, such as
//! its id or a number of the usage, these become holes as well, so that chunks pay for those holes alone that they need.

use super::places::{Form, Place, Target};
use super::span::{Literal, LiteralBuffer};

/// The most holes: each costs every chunk a few comparisons.
const MOST: usize = 32;

/// A chunk's JSON with holes.
#[derive(Debug)]
pub(super) struct Template {
    json: Box<str>,
    gaps: Box<[Gap]>,
    /// In the order of their positions.
    holes: Vec<Place>,
    /// The literals that may become holes.
    rest: Vec<Place>,
}

/// A hole and the constant before it: all that a comparison needs of them, close together in memory.
#[derive(Debug)]
struct Gap {
    constant: usize,
    /// The length of the literal in the template's own JSON.
    literal: usize,
    form: Form,
}

/// The result of comparing bytes with a template.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    /// They begin with JSON of this length, which differs in the holes alone.
    Same(usize),
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
        Template::with_holes(json, holes, rest)
    }

    fn with_holes(json: &str, holes: Vec<Place>, rest: Vec<Place>) -> Self {
        let mut at = 0;
        let gaps = holes.iter().map(|hole| {
            let constant = hole.range.start - std::mem::replace(&mut at, hole.range.end);
            Gap { constant, literal: hole.range.len(), form: hole.form }
        });
        Template { gaps: gaps.collect(), json: json.into(), holes, rest }
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
        (is_same && is_small).then(|| Template::with_holes(json, holes, rest))
    }

    pub(super) fn holes(&self) -> &[Place] {
        &self.holes
    }

    /// The JSON that it was built from.
    pub(super) fn json(&self) -> &str {
        &self.json
    }

    /// Compares the JSON at the start of some bytes with this template, and notes the literals in the holes. JSON that is
    /// the same is valid UTF-8 outside them.
    pub(super) fn compare(&self, json: &[u8], literals: &mut LiteralBuffer) -> Comparison {
        literals.clear();
        match self.rest_after(json, literals) {
            Some(rest) => Comparison::Same(json.len() - rest.len()),
            None => Comparison::Different,
        }
    }

    /// The bytes after the JSON that they begin with; `None` if it differs from this template.
    fn rest_after<'j>(&self, json: &'j [u8], literals: &mut LiteralBuffer) -> Option<&'j [u8]> {
        let (mut ours, mut theirs) = (self.json.as_bytes(), json);
        for gap in &self.gaps {
            let (constant, rest) = ours.split_at_checked(gap.constant)?;
            ours = rest.get(gap.literal..)?;
            theirs = literals.push(gap.form, theirs.strip_prefix(constant)?).ok()?;
        }
        theirs.strip_prefix(ours)
    }

    /// Passes each hole and its literal in a chunk to `read`, but for the first holes, of which there are `skipped`. The
    /// literals are those of [`Literals::raw`](super::span::Literals::raw), from the first one that is passed.
    pub(super) fn each_literal(
        &self,
        skipped: usize,
        raw: &str,
        mut read: impl FnMut(&Place, Literal<'_>),
    ) {
        let (mut decoded, mut rest) = (String::new(), raw);
        for hole in self.holes.get(skipped..).unwrap_or_default() {
            let Ok((end, is_escaped)) = hole.form.read(rest.as_bytes(), &mut decoded) else {
                return;
            };
            let Some((raw, after)) = rest.split_at_checked(end) else { return };
            let text = if is_escaped { &decoded } else { raw };
            read(hole, Literal { raw, text });
            decoded.clear();
            rest = after.get(1..).unwrap_or_default();
        }
    }

    /// The JSON of a chunk.
    pub(super) fn filled_with(&self, raw: &str) -> String {
        let mut filled = String::with_capacity(self.json.len() + raw.len());
        let mut at = 0;
        self.each_literal(0, raw, |hole, literal| {
            filled.push_str(self.json.get(at..hole.range.start).unwrap_or_default());
            filled.push_str(literal.raw);
            at = hole.range.end;
        });
        filled.push_str(self.json.get(at..).unwrap_or_default());
        filled
    }
}
