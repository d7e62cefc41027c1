//! The common part of most chunks of a stream: everything but a few literals.
#![cfg_attr(
    not(feature = "bridge"),
    allow(dead_code, unreachable_pub, reason = "none but the bridge hands shapes on")
)]

use std::sync::Arc;

use super::delta::{Head, Parsed};
use super::places::{Form, Owner, Place, Target, Variable, places};
use super::span::LiteralBuffer;
use super::template::{Comparison, Template};
use super::usage::Usage;
use super::vary::{set_fact, set_usage};

/// The common part of chunks that differ only in some literals, such as their text and OpenAI's padding. Such a chunk
/// adds text, reasoning or arguments of one tool call to the first reply, and everything else in it replaces the
/// values of the chunk before.
#[derive(Debug)]
pub struct Shape {
    template: Template,
    /// The fields of the chunk that the template was built from.
    example: Parsed,
    /// The number of the hole that has the text.
    content: Option<usize>,
    varies_head: bool,
    adds_text_alone: bool,
}

impl Shape {
    /// The shape of a chunk that has been parsed. It also fits the chunks of the shape `before`, if this one differs
    /// from them in literals alone; `None` if its JSON is not understood.
    pub(super) fn new(
        json: &str,
        example: Parsed,
        variable: Variable,
        before: Option<&Shape>,
    ) -> Option<Self> {
        let found = places(json, variable)?;
        let learnt = before.and_then(|before| before.template.learn(json, &found));
        let template = learnt.unwrap_or_else(|| Template::new(json, found));
        let holes = template.holes();
        // A text that is not a literal of its own would be lost.
        let has = |is_wanted: fn(&Target) -> bool| holes.iter().any(|hole| is_wanted(&hole.target));
        let delta = &example.choices.first()?.delta;
        let is_whole = delta.content.is_some() == has(|t| *t == Target::Content)
            && delta.reasoning.is_some() == has(|t| matches!(t, Target::Reasoning(_)))
            && delta.tool_calls.is_empty() != has(|t| *t == Target::Arguments);
        let varies =
            delta.content.is_some() || delta.reasoning.is_some() || !delta.tool_calls.is_empty();
        if !is_whole || !varies {
            return None;
        }
        let content = holes.iter().position(|hole| hole.target == Target::Content);
        let varies_head = has(|target| matches!(target, Target::Id | Target::Created));
        let adds_text_alone = holes.iter().all(|hole| {
            use Target::{Content, Created, Id, Padding};
            matches!(hole.target, Content | Padding | Id | Created)
        });
        Some(Shape { template, example, content, varies_head, adds_text_alone })
    }

    /// Compares JSON with the chunks of this shape, as [`Template::compare`] does.
    pub(super) fn compare(&self, json: &[u8], literals: &mut LiteralBuffer) -> Comparison {
        self.template.compare(json, literals)
    }

    /// The JSON of one chunk of this shape, with arbitrary literals in the holes.
    pub fn json(&self) -> &str {
        self.template.json()
    }

    pub(super) fn holes(&self) -> &[Place] {
        self.template.holes()
    }

    /// The number of holes.
    pub(crate) fn width(&self) -> usize {
        self.holes().len()
    }

    /// The paths of the holes, each as a JSON list of names and positions: `["choices",0,"delta","content"]`.
    pub fn paths(&self) -> impl Iterator<Item = String> {
        self.holes().iter().map(|hole| hole.target.path())
    }

    /// For each hole, true if its literals are strings; otherwise they are numbers.
    pub fn are_strings(&self) -> impl Iterator<Item = bool> {
        self.holes().iter().map(|hole| hole.form == Form::String)
    }

    /// The number of the hole that has the text for the first reply.
    pub fn content(&self) -> Option<usize> {
        self.content
    }

    /// The fields of one chunk of this shape.
    pub(super) fn example(&self) -> &Parsed {
        &self.example
    }

    /// Returns true if all that a chunk adds to a reply is its text.
    pub(super) fn adds_text_alone(&self) -> bool {
        self.adds_text_alone
    }

    /// Returns true if the id or the creation time varies.
    pub(super) fn varies_head(&self) -> bool {
        self.varies_head
    }

    /// The JSON of the chunk with these [raw](super::span::Literals::raw) literals.
    pub(super) fn filled_with(&self, raw: &str) -> String {
        self.template.filled_with(raw)
    }

    /// The usage in the chunk with these raw literals, which differs from that of the `example` in the holes.
    pub(super) fn usage(&self, raw: &str, example: &Usage) -> Box<Usage> {
        let mut usage = Box::new(example.clone());
        self.template.each_literal(raw, |hole, literal| match &hole.target {
            Target::Usage(number) => set_usage(&mut usage, *number, literal.number()),
            Target::Fact(Owner::Usage, path) => {
                set_fact(&mut usage.extra, path, literal, hole.form);
            }
            _ => {}
        });
        usage
    }

    /// The fields of the chunk with these raw literals.
    pub(super) fn parse(&self, raw: &str) -> Parsed {
        let mut parsed = self.example.clone();
        let mut head: Option<Head> = None;
        self.template.each_literal(raw, |hole, literal| {
            let text = || Some(literal.text.to_owned());
            let choice = parsed.choices.first_mut();
            match (&hole.target, choice) {
                (Target::Content, Some(choice)) => choice.delta.content = text(),
                (Target::Reasoning(_), Some(choice)) => choice.delta.reasoning = text(),
                (Target::Arguments, Some(choice)) => {
                    let calls = choice.delta.tool_calls.first_mut().into_iter();
                    calls.for_each(|call| call.arguments = text());
                }
                (Target::Id, _) => {
                    head.get_or_insert_with(|| (*parsed.head).clone()).id = literal.text.to_owned();
                }
                (Target::Created, _) => {
                    head.get_or_insert_with(|| (*parsed.head).clone()).created = literal.number();
                }
                (Target::Usage(number), _) => {
                    let usage = parsed.usage.iter_mut();
                    usage.for_each(|usage| set_usage(usage, *number, literal.number()));
                }
                (Target::Fact(owner, path), _) => {
                    if let Some(extra) = owner.extra_of(&mut parsed) {
                        set_fact(extra, path, literal, hole.form);
                    }
                }
                _ => {}
            }
        });
        if let Some(head) = head {
            parsed.head = Arc::new(head);
        }
        parsed
    }
}
