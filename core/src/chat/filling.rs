//! A chunk of a known shape: the literals in the holes of its template.
#![cfg_attr(
    not(feature = "bridge"),
    allow(dead_code, unreachable_pub, reason = "none but the bridge hands fillings on")
)]

use std::sync::Arc;

use super::places::{Place, Target};
use super::shape::Shape;
use super::span::{Literal, Literals};

/// A chunk as the literals that fill the holes of its shape.
#[derive(Clone, Copy, Debug)]
pub struct Filling<'a> {
    pub(super) shape: &'a Arc<Shape>,
    /// One for each hole.
    pub(crate) literals: Literals<'a>,
}

impl<'a> Filling<'a> {
    pub(crate) fn new(shape: &'a Arc<Shape>, literals: Literals<'a>) -> Self {
        Filling { shape, literals }
    }

    /// The shape.
    pub fn shape(&self) -> &'a Arc<Shape> {
        self.shape
    }

    /// The literals, in the order of the shape's holes.
    pub fn literals(&self) -> impl Iterator<Item = Literal<'a>> + use<'a> {
        self.literals.iter()
    }

    /// The text that it adds to the first reply; empty when it adds none.
    #[inline]
    pub fn content(&self) -> &'a str {
        let literal = self.shape.content().and_then(|number| self.literals.get(number));
        literal.map_or("", |literal| literal.text)
    }

    /// The text that it adds to the arguments of its only tool call; `None` if its shape has no such hole.
    pub fn arguments(&self) -> Option<&'a str> {
        let mut additions = self.additions();
        let arguments = additions.find(|(hole, _)| hole.target == Target::Arguments);
        arguments.map(|(_, literal)| literal.text)
    }

    /// The literals that change a reply, each with its hole.
    pub(super) fn additions(&self) -> impl Iterator<Item = (&'a Place, Literal<'a>)> + use<'a> {
        let (shape, literals) = (self.shape, self.literals);
        let numbers = shape.additions().iter();
        numbers.filter_map(move |&number| Some((shape.holes().get(number)?, literals.get(number)?)))
    }

    /// The service's index of the tool call that it adds to.
    pub(super) fn call(&self) -> Option<u32> {
        self.shape.example().choices.first()?.delta.tool_calls.first()?.index
    }

    /// Returns true if it adds anything to the reply.
    pub(super) fn has_content(&self) -> bool {
        if !self.content().is_empty() {
            return true;
        }
        !self.shape.adds_text_alone()
            && self.additions().any(|(hole, literal)| match hole.target {
                Target::Content | Target::Reasoning(_) => !literal.raw.is_empty(),
                Target::Arguments => true,
                _ => false,
            })
    }

    /// The chunk's JSON.
    pub fn json(&self) -> String {
        self.shape.filled_with(self.literals.raw)
    }
}
