//! The fields of a chunk: its additions to each reply, and the fields that all chunks of a stream share.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::Value;

use super::assistant::{CustomCall, ReasoningName, reasoning_of};
use super::extra::Extra;
use super::object::Presence;
use super::usage::{Logprobs, Usage};
use super::wire::{WireDelta, WireToolCall};
use super::{FinishReason, Role, ServiceTier};

/// The fields of a chunk.
#[derive(Clone, Debug)]
pub(super) struct Parsed {
    pub(super) choices: Vec<ChunkChoice>,
    pub(super) usage: Option<Box<Usage>>,
    pub(super) extra: Extra,
    pub(super) presence: Presence,
    pub(super) head: Arc<Head>,
}

/// The fields that are the same in all chunks of a stream, and are therefore stored once.
#[derive(Clone, Debug, Default, PartialEq)]
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

/// A [`ToolCallDelta`], read from a chunk without building it.
#[derive(Clone, Copy, Debug)]
pub struct ToolCallPiece<'c> {
    call: &'c ToolCallDelta,
    arguments: Option<&'c str>,
}

impl<'c> ToolCallPiece<'c> {
    /// The addition `call` or, if `arguments` are given, the same with these in place of its own.
    pub(super) fn new(call: &'c ToolCallDelta, arguments: Option<&'c str>) -> Self {
        ToolCallPiece { call, arguments: arguments.or(call.arguments.as_deref()) }
    }

    /// The index of the call, from 0; `None` if the service omits it.
    pub fn index(&self) -> Option<u32> {
        self.call.index
    }

    /// The call's id, in its first chunk.
    pub fn id(&self) -> Option<&'c str> {
        self.call.id.as_deref()
    }

    /// The kind of tool, in the call's first chunk.
    pub fn kind(&self) -> Option<&'c str> {
        self.call.kind.as_deref()
    }

    /// The function's name, in the call's first chunk.
    pub fn name(&self) -> Option<&'c str> {
        self.call.name.as_deref()
    }

    /// More of the arguments' JSON.
    pub fn arguments(&self) -> Option<&'c str> {
        self.arguments
    }

    /// More of a custom tool's call: its name in the first chunk, and its input.
    pub fn custom(&self) -> Option<&'c CustomCall> {
        self.call.custom.as_ref()
    }
}

impl Parsed {
    /// The addition to the first reply.
    pub(super) fn first(&self) -> Option<&ChunkChoice> {
        self.choices.iter().find(|choice| choice.index == 0)
    }

    /// The text for the first reply.
    pub(super) fn text(&self) -> &str {
        self.first().and_then(|choice| choice.delta.content.as_deref()).unwrap_or_default()
    }

    /// Returns true if it adds anything to a reply.
    pub(super) fn has_content(&self) -> bool {
        self.choices.iter().any(|choice| choice.delta.has_content())
    }
}

impl Delta {
    /// Replaces the texts that vary within a shape by empty ones.
    pub(super) fn clear_texts(&mut self) {
        let arguments = self.tool_calls.iter_mut().filter_map(|call| call.arguments.as_mut());
        let texts = self.content.iter_mut().chain(&mut self.reasoning).chain(arguments);
        texts.for_each(|text| *text = String::new());
    }

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
