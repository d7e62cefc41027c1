//! One chunk of a streamed reply.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::Value;

use super::assistant::{CustomCall, ReasoningName, reasoning_of};
use super::extra::Extra;
use super::object::Presence;
use super::usage::{Logprobs, Usage};
use super::wire::{WireDelta, WireToolCall};
use super::{FinishReason, Role, ServiceTier};

/// One chunk of a streamed reply.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ChatChunk {
    /// The additions to each reply; empty in a chunk that only reports the usage.
    pub choices: Vec<ChunkChoice>,
    /// The tokens used by the request, in the last chunk if they were
    /// [requested](crate::chat::ChatRequest::include_usage).
    pub usage: Option<Box<Usage>>,
    /// Fields beyond these.
    pub extra: Extra,
    pub(super) presence: Presence,
    pub(super) head: Arc<Head>,
    pub(super) raw: Box<str>,
}

/// The fields that are the same in all chunks of a stream, and are therefore stored once.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Head {
    pub(super) id: String,
    pub(super) created: u64,
    pub(super) model: String,
    pub(super) service_tier: Option<ServiceTier>,
    pub(super) system_fingerprint: Option<String>,
}

/// The addition of a chunk to one reply.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ChunkChoice {
    /// The index of the reply, from 0.
    pub index: u32,
    /// The addition.
    pub delta: Delta,
    /// The reason for the end of the reply, in its last chunk.
    pub finish_reason: Option<FinishReason>,
    /// The log probabilities of the added tokens, if requested.
    pub logprobs: Option<Box<Logprobs>>,
    /// Fields beyond these.
    pub extra: Extra,
    pub(super) presence: Presence,
    /// The complete message, if a service repeats it after its parts.
    pub(super) whole: Option<Box<Delta>>,
}

/// An addition to a message.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Delta {
    /// The author's role, in the first chunk.
    pub role: Option<Role>,
    /// More text.
    pub content: Option<String>,
    /// More of a refusal.
    pub refusal: Option<String>,
    /// More of the reasoning (`reasoning_content`, on some services `reasoning`).
    pub reasoning: Option<String>,
    /// More of the tool calls.
    pub tool_calls: Vec<ToolCallDelta>,
    /// Fields beyond these.
    pub extra: Extra,
    pub(super) reasoning_name: ReasoningName,
    pub(super) presence: Presence,
}

/// An addition to a tool call.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ToolCallDelta {
    /// The index of the call, from 0; `None` if the service omits it.
    pub index: Option<u32>,
    /// The call's id, in its first chunk.
    pub id: Option<String>,
    /// The kind of tool, in the call's first chunk.
    pub kind: Option<String>,
    /// The function's name, in the call's first chunk.
    pub name: Option<String>,
    /// More of the arguments' JSON.
    pub arguments: Option<String>,
    /// More of a custom tool's call: its name in the first chunk, and its input.
    pub custom: Option<CustomCall>,
    /// Fields of the function beyond these.
    pub function_extra: Extra,
    /// Fields of the call beyond these.
    pub extra: Extra,
}

impl ChatChunk {
    /// The text that this chunk adds to the first reply; empty when it adds none.
    pub fn text(&self) -> &str {
        let first = self.choices.iter().find(|choice| choice.index == 0);
        first.and_then(|choice| choice.delta.content.as_deref()).unwrap_or_default()
    }

    /// The service's id of the completion, the same in all its chunks.
    pub fn id(&self) -> &str {
        &self.head.id
    }

    /// The creation time of the completion, in seconds since 1970.
    pub fn created(&self) -> u64 {
        self.head.created
    }

    /// The name of the model.
    pub fn model(&self) -> &str {
        &self.head.model
    }

    /// The service tier used.
    pub fn service_tier(&self) -> Option<&ServiceTier> {
        self.head.service_tier.as_ref()
    }

    /// A fingerprint of the service's configuration, which reveals changes to it.
    pub fn system_fingerprint(&self) -> Option<&str> {
        self.head.system_fingerprint.as_deref()
    }

    /// The chunk's JSON as received.
    pub fn raw(&self) -> &str {
        &self.raw
    }

    /// Returns true if the chunk adds anything to a reply.
    pub(super) fn has_content(&self) -> bool {
        self.choices.iter().any(|choice| choice.delta.has_content())
    }
}

impl Delta {
    /// Returns true if the delta adds anything to the message.
    pub(super) fn has_content(&self) -> bool {
        let filled = |text: &Option<String>| text.as_ref().is_some_and(|t| !t.is_empty());
        filled(&self.content)
            || filled(&self.refusal)
            || filled(&self.reasoning)
            || !self.tool_calls.is_empty()
            || self.extra.values().any(is_filled)
    }
}

/// Returns true if an unmodelled field, such as `audio`, contains more than a word.
fn is_filled(value: &Value) -> bool {
    match value {
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        _ => false,
    }
}

impl From<WireDelta<'_>> for Delta {
    fn from(wire: WireDelta<'_>) -> Self {
        let mut extra = wire.extra;
        let (reasoning, reasoning_name) = reasoning_of(
            wire.reasoning_content.into_string(),
            wire.reasoning.into_string(),
            wire.content.thoughts,
            &mut extra,
        );
        Delta {
            role: wire.role.word().map(Role::from),
            content: wire.content.text.into_string(),
            refusal: wire.refusal.into_string(),
            reasoning,
            tool_calls: wire.tool_calls.into_iter().flatten().map(Into::into).collect(),
            extra,
            reasoning_name,
            presence: wire.presence,
        }
    }
}

impl From<WireToolCall<'_>> for ToolCallDelta {
    fn from(wire: WireToolCall<'_>) -> Self {
        let function = wire.function.unwrap_or_default();
        ToolCallDelta {
            index: wire.index,
            id: wire.id.into_string(),
            kind: wire.kind.into_string(),
            name: function.name.into_string(),
            arguments: function.arguments.0.map(Cow::into_owned),
            custom: wire.custom,
            function_extra: function.extra,
            extra: wire.extra,
        }
    }
}
