//! A chunk's JSON as it is parsed: borrowed, before anything is kept of it.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::chunk::{ChunkChoice, Delta, ToolCallDelta};
use super::lenient::{self, JsonText, Text};
use super::reply::{Logprobs, Usage};
use super::template::Template;
use super::unreadable::Unreadable;
use super::{FinishReason, Role, ServiceTier};

#[derive(Deserialize)]
pub(super) struct Wire<'a> {
    #[serde(borrow, default)]
    pub(super) id: Text<'a>,
    #[serde(default, deserialize_with = "lenient::number")]
    pub(super) created: u64,
    #[serde(borrow, default)]
    pub(super) model: Text<'a>,
    #[serde(default)]
    pub(super) choices: Option<Vec<WireChoice<'a>>>,
    #[serde(default)]
    pub(super) usage: Option<Box<Usage>>,
    #[serde(default, deserialize_with = "lenient::word")]
    pub(super) service_tier: Option<ServiceTier>,
    #[serde(borrow, default)]
    pub(super) system_fingerprint: Text<'a>,
    /// Random padding, which OpenAI varies so that sizes tell nothing of the content.
    #[serde(borrow, default)]
    pub(super) obfuscation: Text<'a>,
    #[serde(default)]
    pub(super) error: Option<IgnoredAny>,
}

impl Wire<'_> {
    /// A template for the chunks to come, if this one adds text to the first reply and nothing else.
    pub(super) fn template(&self, json: &str) -> Option<Template> {
        let [choice] = self.choices.as_deref()? else { return None };
        let plain = choice.index == 0
            && choice.finish_reason.word().is_none()
            && choice.logprobs.is_none()
            && self.usage.is_none();
        let delta = choice.delta.as_ref()?;
        let empty = |text: &Text<'_>| text.0.is_none();
        let only_text = empty(&delta.refusal)
            && empty(&delta.reasoning)
            && empty(&delta.reasoning_content)
            && delta.role.word().is_none()
            && delta.tool_calls.is_none();
        (plain && only_text).then(|| Template::new(json, &delta.content, &self.obfuscation))?
    }
}

#[derive(Deserialize)]
pub(super) struct WireChoice<'a> {
    #[serde(default, deserialize_with = "lenient::number")]
    index: u64,
    #[serde(borrow, default)]
    delta: Option<WireDelta<'a>>,
    #[serde(borrow, default)]
    finish_reason: Text<'a>,
    #[serde(default)]
    logprobs: Option<Box<Logprobs>>,
}

#[derive(Default, Deserialize)]
pub(super) struct WireDelta<'a> {
    #[serde(borrow, default)]
    role: Text<'a>,
    #[serde(borrow, default)]
    content: Text<'a>,
    #[serde(borrow, default)]
    refusal: Text<'a>,
    // Two fields, not an alias: some services send both.
    #[serde(borrow, default)]
    reasoning_content: Text<'a>,
    #[serde(borrow, default)]
    reasoning: Text<'a>,
    #[serde(borrow, default)]
    tool_calls: Option<Vec<WireToolCall<'a>>>,
}

#[derive(Deserialize)]
pub(super) struct WireToolCall<'a> {
    #[serde(default)]
    index: Option<u32>,
    #[serde(borrow, default)]
    id: Text<'a>,
    #[serde(borrow, default, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow, default)]
    function: Option<WireFunction<'a>>,
}

#[derive(Default, Deserialize)]
pub(super) struct WireFunction<'a> {
    #[serde(borrow, default)]
    name: Text<'a>,
    #[serde(borrow, default)]
    arguments: JsonText<'a>,
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

/// A JSON object without what cannot be read of it.
pub(super) fn pruned_object(json: &str) -> Result<Value, Unreadable> {
    let mut value: Value = serde_json::from_str(json).map_err(Unreadable::Malformed)?;
    if !value.is_object() {
        let why = "it is no JSON object";
        return Err(Unreadable::Malformed(serde::de::Error::custom(why)));
    }
    prune(&mut value);
    Ok(value)
}

/// Takes out of a chunk's or a reply's JSON what has a type that cannot be read, so that one odd field does not
/// cost the rest. Its raw form stays in the kept JSON.
fn prune(value: &mut Value) {
    let Some(object) = value.as_object_mut() else { return };
    keep_if(object.get_mut("usage"), |usage| Usage::deserialize(usage).is_ok());
    if let Some(choices) = object.get_mut("choices") {
        keep_objects(choices);
        choices.as_array_mut().into_iter().flatten().for_each(prune_choice);
    }
}

fn prune_choice(choice: &mut Value) {
    keep_index(choice.get_mut("index"));
    keep_if(choice.get_mut("logprobs"), |logprobs| Logprobs::deserialize(logprobs).is_ok());
    for message in ["delta", "message"] {
        let Some(message) = choice.get_mut(message) else { continue };
        keep_if(Some(&mut *message), Value::is_object);
        let texts = ["content", "refusal", "reasoning", "reasoning_content"];
        for text in texts {
            keep_if(message.get_mut(text), |text| Text::deserialize(text).is_ok());
        }
        if let Some(calls) = message.get_mut("tool_calls") {
            keep_objects(calls);
            for call in calls.as_array_mut().into_iter().flatten() {
                keep_index(call.get_mut("index"));
                keep_if(call.get_mut("function"), Value::is_object);
            }
        }
    }
}

fn keep_if(value: Option<&mut Value>, is_readable: impl Fn(&Value) -> bool) {
    if let Some(value) = value.filter(|value| !is_readable(value)) {
        *value = Value::Null;
    }
}

/// Keeps the objects of a list; what is no list becomes null.
fn keep_objects(list: &mut Value) {
    match list {
        Value::Array(items) => items.retain(Value::is_object),
        other => *other = Value::Null,
    }
}

/// Keeps an index, also where it is written as text or as a float.
fn keep_index(index: Option<&mut Value>) {
    if let Some(index) = index.filter(|index| !index.is_null()) {
        *index = lenient::number(&*index).map_or(Value::Null, Value::from);
    }
}
