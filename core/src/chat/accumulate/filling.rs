//! Adds a chunk of a known shape, which was added in full before: only its literals are new.

use super::Accumulator;
use super::change::At;
use super::message::add_reasoning;
use super::tally::Tally;
use crate::chat::assistant::ReasoningName;
use crate::chat::filling::Filling;
use crate::chat::places::{Owner, Target};
use crate::chat::vary::{set_fact, set_usage};

impl Accumulator {
    /// Adds a chunk of a known shape, one of which has been added in full.
    pub(in crate::chat) fn add_filling(&mut self, filling: &Filling<'_>) {
        if filling.shape().adds_text_alone() {
            return self.add_text(filling.content());
        }
        for (hole, literal) in filling.additions() {
            match &hole.target {
                Target::Content => self.add_text(literal.text),
                Target::Reasoning(name) => self.add_reasoning(*name, literal.text),
                Target::Arguments => self.add_arguments(filling.call(), literal.text),
                Target::Usage(number) => {
                    if let Some(usage) = &mut self.reply.usage {
                        set_usage(usage, *number, literal.number());
                    }
                }
                Target::Fact(owner, path) => {
                    let extra = match owner {
                        Owner::Chunk => Some(&mut self.reply.extra),
                        Owner::Choice => self.reply.choices.first_mut().map(|c| &mut c.extra),
                        Owner::Usage => self.reply.usage.as_mut().map(|usage| &mut usage.extra),
                    };
                    let Some(extra) = extra else { continue };
                    let (before, after) = set_fact(extra, path, literal, hole.form);
                    self.bytes = (self.bytes + after).saturating_sub(before);
                }
                // Not among the additions.
                Target::Padding | Target::Id | Target::Created => {}
            }
        }
    }

    fn add_reasoning(&mut self, name: ReasoningName, text: &str) {
        if let Some(choice) = self.reply.choices.first_mut() {
            let mut tally = Tally { bytes: &mut self.bytes, changes: &mut () };
            add_reasoning(&mut choice.message, name, Some(text), &At::REPLY, &mut tally);
        }
    }

    fn add_arguments(&mut self, call: Option<u32>, arguments: &str) {
        let first = self.reply.choices.first_mut().zip(self.calls.first_mut());
        if let (Some((choice, calls)), Some(call)) = (first, call) {
            calls.add_arguments(&mut choice.message.tool_calls, call, arguments, &mut self.bytes);
        }
    }

    /// Adds to the text of the first reply.
    pub(super) fn add_text(&mut self, text: &str) {
        if let Some(choice) = self.reply.choices.first_mut().filter(|choice| choice.index == 0) {
            choice.message.content.get_or_insert_default().push_str(text);
            self.bytes += text.len();
        }
    }
}
