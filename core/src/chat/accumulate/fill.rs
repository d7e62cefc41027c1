//! A complete message after its parts: only the missing parts are added.

use super::calls::Calls;
use super::change::{At, Changes};
use super::merge::{Mode, merge_fields, missing_fields};
use super::message::add_to_message;
use super::tally::Tally;
use crate::chat::assistant::AssistantMessage;
use crate::chat::delta::Delta;

pub(super) fn fill_message<C: Changes>(
    message: &mut AssistantMessage,
    calls: &mut Calls,
    whole: &Delta,
    at: &At<'_>,
    tally: &mut Tally<'_, C>,
) {
    let missing = Delta {
        content: rest(message.content.as_deref(), whole.content.as_deref()),
        refusal: rest(message.refusal.as_deref(), whole.refusal.as_deref()),
        reasoning: rest(message.reasoning.as_deref(), whole.reasoning.as_deref()),
        reasoning_name: whole.reasoning_name,
        presence: whole.presence,
        ..Delta::default()
    };
    add_to_message(message, &missing, at, tally);
    calls.fill(&mut message.tool_calls, &whole.tool_calls, at, tally);
    let missing = missing_fields(&message.extra, &whole.extra);
    merge_fields(&mut message.extra, &missing, Mode::Pieces, at, tally);
}

/// The text after the part that was received. A text with another beginning is a different one, and adds nothing.
fn rest(kept: Option<&str>, whole: Option<&str>) -> Option<String> {
    let rest = whole?.strip_prefix(kept.unwrap_or_default())?;
    (kept.is_none() || !rest.is_empty()).then(|| rest.to_owned())
}
