//! Adds a delta to a message.

use super::change::{At, Changes};
use super::merge::{Mode, merge_fields};
use super::tally::{Tally, record_null};
use crate::chat::assistant::{AssistantMessage, REFUSAL, ReasoningName};
use crate::chat::delta::Delta;

pub(super) fn add_to_message<C: Changes>(
    message: &mut AssistantMessage,
    delta: &Delta,
    at: &At<'_>,
    tally: &mut Tally<'_, C>,
) {
    tally.append(&mut message.content, delta.content.as_deref(), &at.name("content"));
    tally.append(&mut message.refusal, delta.refusal.as_deref(), &at.name("refusal"));
    let is_none = message.refusal.is_none();
    record_null(
        &mut message.presence,
        delta.presence,
        REFUSAL,
        is_none,
        &at.name("refusal"),
        tally,
    );
    add_reasoning(message, delta.reasoning_name, delta.reasoning.as_deref(), at, tally);
    let twice = |name: &str| message.reasoning.is_some() && name == message.reasoning_name.as_str();
    if delta.extra.keys().any(|name| twice(name)) {
        let mut extra = delta.extra.clone();
        extra.retain(|name, _| !twice(name));
        merge_fields(&mut message.extra, &extra, Mode::Pieces, at, tally);
    } else {
        merge_fields(&mut message.extra, &delta.extra, Mode::Pieces, at, tally);
    }
}

pub(super) fn add_reasoning<C: Changes>(
    message: &mut AssistantMessage,
    name: ReasoningName,
    text: Option<&str>,
    at: &At<'_>,
    tally: &mut Tally<'_, C>,
) {
    if message.reasoning.is_none() {
        // An empty string only shows which name the service uses.
        if text.is_none_or(str::is_empty) {
            return;
        }
        message.reasoning_name = name;
    }
    let at = at.name(message.reasoning_name.as_str());
    tally.append(&mut message.reasoning, text, &at);
}
