//! The common part of most chunks of a stream: everything but a few literals.
#![cfg_attr(
    not(feature = "bridge"),
    allow(dead_code, unreachable_pub, reason = "none but the bridge hands shapes on")
)]

use std::sync::Arc;

use super::delta::Parsed;
use super::places::{Form, Owner, Place, Target, UsageNumber, Variable, places};
use super::span::{Literal, LiteralBuffer};
use super::template::{Comparison, Template};
use super::usage::Usage;
use super::vary::{set_fact, set_usage};
use crate::json::literal;

/// The common part of chunks that differ only in some literals, such as their text and OpenAI's padding. Such a chunk
/// adds text, reasoning or arguments of one tool call to the first reply, and everything else in it replaces the
/// values of the chunk before.
#[derive(Debug)]
pub struct Shape {
    template: Template,
    /// The fields of the chunk that the template was built from, without its texts.
    example: Parsed,
    /// The numbers of the holes that have the content, the reasoning and the arguments.
    texts: [Option<usize>; 3],
    /// The only one of them, if there is one alone.
    only_text: Option<(Text, usize)>,
    /// True if only one hole is not padding.
    has_one_value: bool,
    /// The numbers of the holes whose literals change a reply.
    additions: Box<[usize]>,
    /// The number of the first hole in the usage.
    usage: Option<usize>,
    /// All that varies in the usage, if that is numbers whose holes follow each other.
    usage_numbers: Option<Box<[UsageNumber]>>,
    /// True if no line break is in the JSON: a chunk of this shape is one line of its event.
    is_one_line: bool,
    varies_head: bool,
    adds_text_alone: bool,
}

/// A text that varies from chunk to chunk.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Text {
    Content,
    Reasoning,
    /// The arguments of the only tool call.
    Arguments,
}

impl Shape {
    /// The shape of a chunk that has been parsed. It also fits the chunks of the shape `before`, if this one differs
    /// from them in literals alone; `None` if its JSON is not understood.
    pub(super) fn new(
        json: &str,
        mut example: Parsed,
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
        if !is_whole {
            return None;
        }
        let place_of =
            |is_wanted: fn(&Target) -> bool| holes.iter().position(|hole| is_wanted(&hole.target));
        let texts = [
            place_of(|target| *target == Target::Content),
            place_of(|target| matches!(target, Target::Reasoning(_))),
            place_of(|target| *target == Target::Arguments),
        ];
        let mut found = numbered(texts);
        let only_text = Some(found.next()?).filter(|_| found.next().is_none());
        let is_in_usage =
            |hole: &Place| matches!(hole.target, Target::Usage(_) | Target::Fact(Owner::Usage, _));
        let usage = holes.iter().position(is_in_usage);
        let last_in_usage = holes.iter().rposition(is_in_usage);
        let usage_holes = usage.zip(last_in_usage).and_then(|(from, to)| holes.get(from..=to));
        let usage_numbers = usage_holes.and_then(numbers_in);
        let has_one_value = holes.iter().filter(|hole| hole.target != Target::Padding).count() == 1;
        let varies_head = has(|target| matches!(target, Target::Id | Target::Created));
        // The reply has the id and the time of the first chunk that has any; these become holes after that.
        let is_addition =
            |hole: &Place| !matches!(hole.target, Target::Padding | Target::Id | Target::Created);
        let numbered = holes.iter().enumerate();
        let additions: Box<[_]> =
            numbered.filter(|(_, hole)| is_addition(hole)).map(|(number, _)| number).collect();
        let adds_text_alone =
            holes.iter().all(|hole| !is_addition(hole) || hole.target == Target::Content);
        for choice in &mut example.choices {
            choice.delta.clear_texts();
        }
        let is_one_line = !json.contains(['\n', '\r']);
        Some(Shape {
            template,
            example,
            texts,
            only_text,
            has_one_value,
            additions,
            usage,
            usage_numbers,
            is_one_line,
            varies_head,
            adds_text_alone,
        })
    }

    /// Compares bytes with the chunks of this shape, as [`Template::compare`] does.
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
        let [content, ..] = self.texts;
        content
    }

    /// Returns true if no line break is in its chunks.
    pub(super) fn is_one_line(&self) -> bool {
        self.is_one_line
    }

    /// The numbers of the holes whose literals change a reply.
    pub(super) fn additions(&self) -> &[usize] {
        &self.additions
    }

    /// The number of the first hole in the usage.
    pub(super) fn usage_hole(&self) -> Option<usize> {
        self.usage
    }

    /// The texts that its chunks have, each with the number of its hole.
    pub(super) fn texts(&self) -> impl Iterator<Item = (Text, usize)> {
        numbered(self.texts)
    }

    /// The only text that its chunks have; `None` if they have several.
    pub(super) fn only_text(&self) -> Option<(Text, usize)> {
        self.only_text
    }

    /// The fields of one chunk of this shape, without its texts.
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

    /// The usage in the chunk with these raw literals, of which the first is that of the [usage's first
    /// hole](Self::usage_hole).
    pub(super) fn usage(&self, raw: &str) -> Option<Usage> {
        let mut usage = self.example.usage.as_deref()?.clone();
        let Some(first) = self.usage else { return Some(usage) };
        let mut rest = raw.as_bytes();
        let is_read = |number: &UsageNumber| {
            let Some((value, after)) = literal::next_whole(rest) else { return false };
            set_usage(&mut usage, *number, value);
            rest = after;
            true
        };
        if self.usage_numbers.as_ref().is_some_and(|numbers| numbers.iter().all(is_read)) {
            return Some(usage);
        }
        self.template.each_literal(first, raw, |hole, literal| match &hole.target {
            Target::Usage(number) => set_usage(&mut usage, *number, literal.number()),
            Target::Fact(Owner::Usage, path) => {
                set_fact(&mut usage.extra, path, literal, hole.form);
            }
            _ => {}
        });
        Some(usage)
    }

    /// The fields of the chunk with these raw literals, and this text if it has only one.
    pub(super) fn parse(&self, raw: &str, text: &str) -> Parsed {
        let mut parsed = self.example.clone();
        let only = self.only_text.filter(|_| self.has_one_value);
        if let Some(hole) = only.and_then(|(_, number)| self.holes().get(number)) {
            fill(&mut parsed, hole, Literal { raw: text, text });
        } else {
            self.template.each_literal(0, raw, |hole, literal| fill(&mut parsed, hole, literal));
        }
        parsed
    }
}

/// The numbers of the usage in some holes; `None` if one has something else.
fn numbers_in(holes: &[Place]) -> Option<Box<[UsageNumber]>> {
    let number = |hole: &Place| match hole.target {
        Target::Usage(number) => Some(number),
        _ => None,
    };
    holes.iter().map(number).collect()
}

/// The texts that have a hole, each with its number.
fn numbered(texts: [Option<usize>; 3]) -> impl Iterator<Item = (Text, usize)> {
    let names = [Text::Content, Text::Reasoning, Text::Arguments];
    names.into_iter().zip(texts).filter_map(|(text, hole)| Some((text, hole?)))
}

/// Sets the field of a hole to its literal.
fn fill(parsed: &mut Parsed, hole: &Place, literal: Literal<'_>) {
    let text = || Some(literal.text.to_owned());
    let choice = parsed.choices.first_mut();
    match (&hole.target, choice) {
        (Target::Content, Some(choice)) => choice.delta.content = text(),
        (Target::Reasoning(_), Some(choice)) => choice.delta.reasoning = text(),
        (Target::Arguments, Some(choice)) => {
            let calls = choice.delta.tool_calls.first_mut().into_iter();
            calls.for_each(|call| call.arguments = text());
        }
        (Target::Id, _) => Arc::make_mut(&mut parsed.head).id = literal.text.to_owned(),
        (Target::Created, _) => Arc::make_mut(&mut parsed.head).created = literal.number(),
        (Target::Usage(number), _) => {
            let usage = parsed.usage.iter_mut();
            usage.for_each(|usage| set_usage(usage, *number, literal.number()));
        }
        (Target::Fact(owner, path), _) => {
            if let Some(extra) = owner.extra_of(parsed) {
                set_fact(extra, path, literal, hole.form);
            }
        }
        _ => {}
    }
}
