//! Accumulates a reply from its chunks: one set of rules for every language.
//!
//! Each change to the reply is reported to a [`Changes`], so that the bindings' snapshots follow the same rules: the
//! reported changes, applied to the reply's JSON, produce the JSON of the reply.

mod calls;
mod change;
mod fill;
mod filling;
mod merge;
mod message;
mod nesting;
mod tally;
#[cfg(test)]
mod tests;

#[cfg(feature = "bridge")]
pub(crate) use change::Step;
pub(crate) use change::{At, Changes};

use calls::Calls;
use merge::{Mode, merge_fields, size_of_fields};
use message::add_to_message;
use tally::{Tally, record_null};

use super::budget::MOST;
use super::chunk::ChatChunk;
use super::delta::{ChunkChoice, Parsed};
use super::reply::{ChatReply, Choice, LOGPROBS, SERVICE_TIER, SYSTEM_FINGERPRINT, USAGE};
use super::usage::{Logprobs, TokenLogprob, Usage};

/// A reply that is being received.
#[derive(Debug, Default)]
pub(crate) struct Accumulator {
    reply: ChatReply,
    /// The accumulated tool calls of each reply, in the order of the replies.
    calls: Vec<Calls>,
    bytes: usize,
    begun: bool,
}

impl Accumulator {
    /// The reply received so far.
    pub(crate) fn reply(&self) -> &ChatReply {
        &self.reply
    }

    pub(super) fn into_reply(self) -> ChatReply {
        self.reply
    }

    /// Returns true if anything has been received.
    pub(super) fn has_begun(&self) -> bool {
        self.begun
    }

    /// The approximate size of the reply in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Returns true if each requested reply, and each that began, has ended.
    pub(super) fn all_finished(&self, asked: usize) -> bool {
        let choices = &self.reply.choices;
        choices.len() >= asked.max(1) && choices.iter().all(|c| c.finish_reason.is_some())
    }

    /// The position of the call with this number among those of a reply, and true if its arguments are complete.
    #[cfg(feature = "bridge")]
    pub(crate) fn find_call(&self, choice: usize, number: u32) -> Option<(usize, bool)> {
        self.calls.get(choice)?.find(number)
    }

    /// Adds the text that accompanies an error to the first reply.
    pub(super) fn add_beside(&mut self, text: &str) {
        if !text.is_empty() {
            self.begun = true;
            place_of(&mut self.reply.choices, &mut self.calls, 0);
            self.add_text(text);
        }
    }

    /// Adds a chunk, and reports the changes.
    pub(crate) fn add(&mut self, chunk: &ChatChunk, changes: &mut impl Changes) {
        let chunk = chunk.fields();
        self.begun = true;
        let mut tally = Tally { bytes: &mut self.bytes, changes };
        add_head(&mut self.reply, chunk, &mut tally);
        let mut first_changed = false;
        for addition in &chunk.choices {
            let Some((position, is_new)) =
                place_of(&mut self.reply.choices, &mut self.calls, addition.index)
            else {
                continue;
            };
            let (Some(choice), Some(calls)) =
                (self.reply.choices.get_mut(position), self.calls.get_mut(position))
            else {
                continue;
            };
            let at = At::REPLY.name("choices");
            let at = at.place(position);
            tally.changes.choice();
            if is_new {
                *tally.bytes += size_of::<Choice>() + size_of::<Calls>();
                tally.changes.insert(&at, choice);
            }
            add_to_choice(choice, calls, addition, &at, &mut tally);
            first_changed |= is_new || addition.finish_reason.is_some();
        }
        if first_changed {
            let choices = &self.reply.choices;
            self.reply.finish_reason = choices.first().and_then(|c| c.finish_reason.clone());
        }
    }
}

fn add_head<C: Changes>(reply: &mut ChatReply, chunk: &Parsed, tally: &mut Tally<'_, C>) {
    let (at, head) = (At::REPLY, &*chunk.head);
    // Some services omit these in the first chunk or in the last.
    if reply.id.is_empty() && !head.id.is_empty() {
        reply.id.push_str(&head.id);
        tally.changes.set(&at.name("id"), &head.id);
    }
    if reply.created == 0 && head.created != 0 {
        reply.created = head.created;
        tally.changes.set(&at.name("created"), &reply.created);
    }
    if reply.model.is_empty() && !head.model.is_empty() {
        reply.model.push_str(&head.model);
        tally.changes.set(&at.name("model"), &head.model);
    }
    if let Some(usage) = &chunk.usage {
        tally.changes.set(&at.name("usage"), usage);
        *tally.bytes += size_of_usage(usage);
        let before = reply.usage.replace((**usage).clone());
        let before = before.as_ref().map_or(0, size_of_usage);
        *tally.bytes = tally.bytes.saturating_sub(before);
    }
    if let (None, Some(tier)) = (&reply.service_tier, &head.service_tier) {
        reply.service_tier = Some(tier.clone());
        tally.changes.set(&at.name("service_tier"), tier);
    }
    if let (None, Some(fingerprint)) = (&reply.system_fingerprint, &head.system_fingerprint) {
        reply.system_fingerprint = Some(fingerprint.clone());
        tally.changes.set(&at.name("system_fingerprint"), fingerprint);
    }
    for (field, name, is_none) in [
        (USAGE, "usage", reply.usage.is_none()),
        (SERVICE_TIER, "service_tier", reply.service_tier.is_none()),
        (SYSTEM_FINGERPRINT, "system_fingerprint", reply.system_fingerprint.is_none()),
    ] {
        record_null(&mut reply.presence, chunk.presence, field, is_none, &at.name(name), tally);
    }
    merge_fields(&mut reply.extra, &chunk.extra, Mode::Facts, &at, tally);
}

/// The position of the choice with this index, and true if it is new; `None` when there are too many. Choices are
/// sorted by index.
fn place_of(
    choices: &mut Vec<Choice>,
    calls: &mut Vec<Calls>,
    index: u32,
) -> Option<(usize, bool)> {
    let position = choices.partition_point(|choice| choice.index < index);
    let is_new = choices.get(position).is_none_or(|choice| choice.index != index);
    if is_new {
        if choices.len() >= MOST {
            return None;
        }
        choices.insert(position, Choice { index, ..Choice::default() });
        calls.insert(position, Calls::default());
    }
    Some((position, is_new))
}

fn add_to_choice<C: Changes>(
    choice: &mut Choice,
    calls: &mut Calls,
    addition: &ChunkChoice,
    at: &At<'_>,
    tally: &mut Tally<'_, C>,
) {
    let message = &mut choice.message;
    let message_at = at.name("message");
    add_to_message(message, &addition.delta, &message_at, tally);
    calls.add(&mut message.tool_calls, &addition.delta.tool_calls, &message_at, tally);
    if let Some(whole) = &addition.whole {
        fill::fill_message(message, calls, whole, &message_at, tally);
    }
    if let Some(logprobs) = &addition.logprobs {
        add_logprobs(&mut choice.logprobs, logprobs, &at.name("logprobs"), tally);
    }
    let is_none = choice.logprobs.is_none();
    record_null(
        &mut choice.presence,
        addition.presence,
        LOGPROBS,
        is_none,
        &at.name("logprobs"),
        tally,
    );
    if let Some(reason) = &addition.finish_reason
        && choice.finish_reason.as_ref() != Some(reason)
    {
        *tally.bytes += reason.as_str().len();
        tally.changes.set(&at.name("finish_reason"), reason);
        choice.finish_reason = Some(reason.clone());
    }
    merge_fields(&mut choice.extra, &addition.extra, Mode::Choice, at, tally);
}

fn add_logprobs<C: Changes>(
    kept: &mut Option<Logprobs>,
    new: &Logprobs,
    at: &At<'_>,
    tally: &mut Tally<'_, C>,
) {
    let tokens = new.content.iter().chain(&new.refusal);
    *tally.bytes += tokens.map(size_of_token).sum::<usize>();
    let Some(kept) = kept else {
        *tally.bytes += size_of_fields(&new.extra);
        tally.changes.set(at, new);
        *kept = Some(new.clone());
        return;
    };
    let presence = kept.presence;
    kept.presence.join(new.presence);
    for (field, name, kept, new_tokens) in [
        (Logprobs::CONTENT, "content", &mut kept.content, &new.content),
        (Logprobs::REFUSAL, "refusal", &mut kept.refusal, &new.refusal),
    ] {
        if !new_tokens.is_empty() {
            tally.changes.extend(&at.name(name), new_tokens);
            kept.extend(new_tokens.iter().cloned());
        } else if new.presence.is_filled(field) && kept.is_empty() {
            tally.changes.set(&at.name(name), new_tokens);
        } else if new.presence.is_null(field) && kept.is_empty() && !presence.is_filled(field) {
            tally.changes.set(&at.name(name), &());
        }
    }
    merge_fields(&mut kept.extra, &new.extra, Mode::Facts, at, tally);
}

fn size_of_usage(usage: &Usage) -> usize {
    let prompt = usage.prompt_tokens_details.as_ref().map(|details| &details.extra);
    let completion = usage.completion_tokens_details.as_ref().map(|details| &details.extra);
    let extras = [Some(&usage.extra), prompt, completion];
    extras.into_iter().flatten().map(|extra| size_of_fields(extra)).sum()
}

fn size_of_token(token: &TokenLogprob) -> usize {
    let alternatives = token.top_logprobs.iter().map(size_of_token).sum::<usize>();
    let bytes = token.bytes.as_ref().map_or(0, Vec::len);
    size_of::<TokenLogprob>()
        + token.token.len()
        + bytes
        + alternatives
        + size_of_fields(&token.extra)
}
