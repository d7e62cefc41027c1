//! One chunk of a streamed reply: the hot path, so it borrows, interns and leaves out what can be read later.

use std::borrow::Cow;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::message::ToolCall;
use super::prune::pruned_object;
use super::reply::{ChatReply, MESSAGE_FIELDS, REPLY_FIELDS, unmodelled};
use super::shape::Shape;
use super::template::Filling;
use super::unreadable::{Unreadable, reported_error};
use super::usage::{Logprobs, Usage};
use super::wire::{Wire, WireChoice, WireToolCall};
use super::{FinishReason, Role, ServiceTier};

/// One chunk of a streamed reply.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ChatChunk {
    /// What this chunk adds to each reply; empty in a chunk that only tells the usage.
    pub choices: Vec<ChunkChoice>,
    /// The tokens that the request took, in the last chunk if it was
    /// [asked for](crate::ChatRequest::include_usage).
    pub usage: Option<Box<Usage>>,
    pub(super) head: Arc<Head>,
    pub(super) raw: Box<str>,
}

/// What is the same in all chunks of a stream, and is therefore kept once.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Head {
    pub(super) id: String,
    pub(super) created: u64,
    pub(super) model: String,
    service_tier: Option<ServiceTier>,
    system_fingerprint: Option<String>,
}

/// What a chunk adds to one reply.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ChunkChoice {
    /// Which reply, from 0.
    pub index: u32,
    /// What is added.
    pub delta: Delta,
    /// Why the reply ended, in its last chunk.
    pub finish_reason: Option<FinishReason>,
    /// The log probabilities of the tokens added, if asked for.
    pub logprobs: Option<Box<Logprobs>>,
}

/// An addition to a message.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Delta {
    /// Who speaks, in the first chunk.
    pub role: Option<Role>,
    /// More text.
    pub content: Option<String>,
    /// More of a refusal.
    pub refusal: Option<String>,
    /// More of what a reasoning model thinks (`reasoning_content`, on some services `reasoning`).
    pub reasoning: Option<String>,
    /// More of the tool calls.
    pub tool_calls: Vec<ToolCallDelta>,
}

/// An addition to a tool call.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ToolCallDelta {
    /// Which call, from 0; `None` on services that leave it out.
    pub index: Option<u32>,
    /// The call's id, in its first chunk.
    pub id: Option<String>,
    /// The kind of tool, in the call's first chunk.
    pub kind: Option<String>,
    /// The function's name, in the call's first chunk.
    pub name: Option<String>,
    /// More of the arguments' JSON.
    pub arguments: Option<String>,
}

impl ChatChunk {
    /// What this chunk adds to the first reply's text; empty when it adds none.
    pub fn text(&self) -> &str {
        let first = self.choices.iter().find(|choice| choice.index == 0);
        first.and_then(|choice| choice.delta.content.as_deref()).unwrap_or_default()
    }

    /// The service's id of the completion, the same in all its chunks.
    pub fn id(&self) -> &str {
        &self.head.id
    }

    /// When the completion was begun, in seconds since 1970.
    pub fn created(&self) -> u64 {
        self.head.created
    }

    /// The model that answers.
    pub fn model(&self) -> &str {
        &self.head.model
    }

    /// The class of service that is used.
    pub fn service_tier(&self) -> Option<&ServiceTier> {
        self.head.service_tier.as_ref()
    }

    /// Names the service's configuration, to notice its changes.
    pub fn system_fingerprint(&self) -> Option<&str> {
        self.head.system_fingerprint.as_deref()
    }

    /// The chunk's JSON as it came.
    pub fn raw(&self) -> &str {
        &self.raw
    }

    /// The fields of the chunk that are not modelled, read from its JSON.
    pub fn extra(&self) -> Map<String, Value> {
        unmodelled(Some(&self.raw), "", REPLY_FIELDS)
    }

    /// The fields of a choice's delta that are not modelled, read from the chunk's JSON. `position` counts the
    /// choices as they stand in [`choices`](Self::choices).
    pub fn delta_extra(&self, position: usize) -> Map<String, Value> {
        unmodelled(Some(&self.raw), &format!("/choices/{position}/delta"), MESSAGE_FIELDS)
    }

    /// Whether the chunk adds anything to a reply.
    pub(super) fn has_content(&self) -> bool {
        let filled = |text: &Option<String>| text.as_ref().is_some_and(|t| !t.is_empty());
        self.choices.iter().any(|choice| {
            let delta = &choice.delta;
            filled(&delta.content)
                || filled(&delta.refusal)
                || filled(&delta.reasoning)
                || !delta.tool_calls.is_empty()
        })
    }
}

/// Reads the chunks of one stream. What is the same in all of them is kept once.
#[derive(Debug, Default)]
pub(super) struct ChunkReader {
    head: Arc<Head>,
    shape: Option<Arc<Shape>>,
}

/// What the JSON of a chunk comes to.
#[derive(Debug)]
pub(super) enum Read<'j> {
    /// A chunk of the same shape as the one before.
    Filling(Arc<Shape>, Filling<'j>),
    Chunk(ChatChunk),
}

impl Read<'_> {
    /// The chunk that `json` is.
    #[cfg(test)]
    pub(super) fn into_chunk(self, json: &str) -> ChatChunk {
        match self {
            Read::Filling(shape, filling) => shape.chunk_of(filling.text, json),
            Read::Chunk(chunk) => chunk,
        }
    }
}

impl ChunkReader {
    pub(super) fn read<'j>(&mut self, json: &'j str) -> Result<Read<'j>, Unreadable> {
        if let Some(shape) = &self.shape
            && let Some(filling) = shape.filling_of(json)
        {
            return Ok(Read::Filling(shape.clone(), filling));
        }
        self.parse(json).map(Read::Chunk)
    }

    fn parse(&mut self, json: &str) -> Result<ChatChunk, Unreadable> {
        // Derived readers take lists for objects.
        let is_object = json.trim_start().starts_with('{');
        let pruned;
        let wire: Wire<'_> = match serde_json::from_str(json) {
            Ok(wire) if is_object => wire,
            read => {
                // What a failing service sends may fail to be a chunk in other ways besides.
                if let Some(error) = reported_error(json) {
                    return Err(Unreadable::Error(error));
                }
                pruned = pruned_object(json)?;
                Wire::deserialize(&pruned)
                    .map_err(|e| Unreadable::Malformed(read.err().unwrap_or(e)))?
            }
        };
        if (wire.error.is_some() || wire.choices.is_none() && wire.usage.is_none())
            && let Some(error) = reported_error(json)
        {
            return Err(Unreadable::Error(error));
        }
        let template = wire.template(json);
        let head = Head {
            id: wire.id.into_string().unwrap_or_default(),
            created: wire.created,
            model: wire.model.into_string().unwrap_or_default(),
            service_tier: wire.service_tier,
            system_fingerprint: wire.system_fingerprint.into_string(),
        };
        if *self.head != head {
            self.head = Arc::new(head);
        }
        self.shape = template.map(|template| Arc::new(Shape::new(self.head.clone(), template)));
        Ok(ChatChunk {
            choices: wire.choices.unwrap_or_default().into_iter().map(Into::into).collect(),
            usage: wire.usage,
            head: self.head.clone(),
            raw: json.into(),
        })
    }
}

/// Reads a whole reply, where a stream was asked for, as one chunk that adds all of it.
///
/// Its kept JSON takes the shape of a chunk's, so that everybody who reads it finds what they look for.
pub(super) fn read_whole(json: &str) -> Result<ChatChunk, Unreadable> {
    let reply = ChatReply::from_json(json)?;
    let choices = reply.choices.into_iter().map(|choice| {
        let message = choice.message;
        let calls = message.tool_calls.into_iter().zip(0..);
        ChunkChoice {
            index: choice.index,
            delta: Delta {
                role: Some(Role::Assistant),
                content: message.content,
                refusal: message.refusal,
                reasoning: message.reasoning,
                tool_calls: calls.map(|(call, index)| ToolCallDelta::whole(call, index)).collect(),
            },
            finish_reason: choice.finish_reason,
            logprobs: choice.logprobs.map(Box::new),
        }
    });
    Ok(ChatChunk {
        choices: choices.collect(),
        usage: reply.usage.map(Box::new),
        head: Arc::new(Head {
            id: reply.id,
            created: reply.created,
            model: reply.model,
            service_tier: reply.service_tier,
            system_fingerprint: reply.system_fingerprint,
        }),
        raw: in_chunk_shape(json).into(),
    })
}

/// A reply's JSON as that of a chunk: each message becomes a delta.
fn in_chunk_shape(json: &str) -> String {
    let mut reply: Value = serde_json::from_str(json).unwrap_or_default();
    let Some(object) = reply.as_object_mut() else { return json.to_owned() };
    object.insert("object".into(), "chat.completion.chunk".into());
    let choices = object.get_mut("choices").and_then(Value::as_array_mut);
    for choice in choices.into_iter().flatten().filter_map(Value::as_object_mut) {
        let mut delta = choice.remove("message").unwrap_or_default();
        let calls = delta.get_mut("tool_calls").and_then(Value::as_array_mut);
        for (index, call) in calls.into_iter().flatten().enumerate() {
            if let Some(call) = call.as_object_mut() {
                call.insert("index".into(), index.into());
            }
        }
        choice.insert("delta".into(), delta);
    }
    reply.to_string()
}

impl From<WireChoice<'_>> for ChunkChoice {
    fn from(wire: WireChoice<'_>) -> Self {
        let delta = wire.delta.unwrap_or_default();
        let calls = delta.tool_calls.unwrap_or_default();
        ChunkChoice {
            index: u32::try_from(wire.index).unwrap_or(u32::MAX),
            delta: Delta {
                role: delta.role.word().map(Role::from),
                content: delta.content.into_string(),
                refusal: delta.refusal.into_string(),
                reasoning: delta.reasoning_content.into_string().or(delta.reasoning.into_string()),
                tool_calls: calls.into_iter().map(Into::into).collect(),
            },
            finish_reason: wire.finish_reason.word().map(FinishReason::from),
            logprobs: wire.logprobs,
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
        }
    }
}

impl ToolCallDelta {
    fn whole(call: ToolCall, index: u32) -> Self {
        ToolCallDelta {
            index: Some(index),
            id: Some(call.id),
            kind: Some(call.kind),
            name: Some(call.function.name),
            arguments: Some(call.function.arguments),
        }
    }
}
