//! A chunk's JSON as parsed: borrowed, before any of it is stored.

use serde::de::IgnoredAny;
use serde_json::Value;

use super::ServiceTier;
use super::assistant::{CustomCall, REFUSAL};
use super::content::Content;
use super::extra::Extra;
use super::json_text::JsonText;
use super::lenient::{Index, List, Number, Text, Word};
use super::object::{Presence, read_object};
use super::places::Variable;
use super::reply::{LOGPROBS, SERVICE_TIER, SYSTEM_FINGERPRINT, USAGE};
use super::unreadable::is_abandoned;
use super::usage::{Logprobs, Usage};
use crate::error::may_report_error;

#[derive(Default)]
pub(super) struct Wire<'a> {
    pub(super) id: Text<'a>,
    pub(super) created: u64,
    pub(super) model: Text<'a>,
    pub(super) choices: Option<Vec<WireChoice<'a>>>,
    pub(super) usage: Option<Box<Usage>>,
    pub(super) service_tier: Option<ServiceTier>,
    pub(super) system_fingerprint: Text<'a>,
    /// Random padding, which OpenAI varies so that sizes reveal nothing about the content.
    pub(super) obfuscation: Text<'a>,
    pub(super) error: Option<IgnoredAny>,
    pub(super) extra: Extra,
    pub(super) presence: Presence,
}

read_object!(<'de> Wire<'de> {
    "id" => id: Text<'de>;
    "created" => created: Number;
    "model" => model: Text<'de>;
    "choices" => choices: List<WireChoice<'de>>;
    "usage" => usage: Box<Usage>, USAGE;
    "service_tier" => service_tier: Word<ServiceTier>, SERVICE_TIER;
    "system_fingerprint" => system_fingerprint: Text<'de>, SYSTEM_FINGERPRINT;
    "obfuscation" => obfuscation: Text<'de>;
    "error" => error: IgnoredAny;
    skip "object";
});

impl Wire<'_> {
    /// Returns true if it may be an error that the service reports, in place of a chunk or next to one.
    pub(super) fn is_suspect(&self) -> bool {
        let choices = self.choices.as_deref().unwrap_or_default();
        self.error.is_some()
            || choices.is_empty()
            || self.extra.keys().any(|name| may_report_error(name))
            || choices.iter().any(|choice| choice.extra.contains_key("error"))
    }

    /// The text that it adds to the first reply.
    pub(super) fn text(&self) -> &str {
        let first = self.choices.iter().flatten().find(|choice| choice.index == 0);
        let delta = first.and_then(|choice| choice.delta.as_ref());
        delta.map_or("", |delta| delta.content.text.as_str())
    }

    /// Returns true if a reply ended with a finish reason that means the service abandoned it.
    pub(super) fn is_abandoned(&self) -> bool {
        let mut choices = self.choices.iter().flatten();
        choices.any(|choice| choice.finish_reason.word().is_some_and(is_abandoned))
    }

    /// The fields that may vary in chunks of this one's shape; `None` if it has none, since it adds more to the first
    /// reply than text, reasoning or the arguments of one call, or since adding its other fields a second time would
    /// change something.
    pub(super) fn variable(&self) -> Option<Variable> {
        let [choice] = self.choices.as_deref()? else { return None };
        let is_plain = choice.index == 0
            && choice.finish_reason.word().is_none()
            && choice.logprobs.is_none()
            && choice.message.is_none()
            && choice.extra.values().all(|value| !value.is_array());
        if !is_plain || !choice.delta.as_ref()?.is_repeatable() {
            return None;
        }
        // Other values of its fields may be those of an error.
        if self.is_suspect() {
            return Some(Variable::default());
        }
        Some(Variable { usage: self.usage.is_some(), created: self.created > 0, others: true })
    }
}

impl WireDelta<'_> {
    /// Returns true if a chunk with this delta and other texts adds these texts and nothing else.
    fn is_repeatable(&self) -> bool {
        let is_none = |text: &Text<'_>| text.0.is_none();
        let calls = self.tool_calls.as_deref();
        is_none(&self.refusal)
            && (is_none(&self.reasoning) || is_none(&self.reasoning_content))
            && self.content.thoughts.is_none()
            && calls.is_none_or(|calls| matches!(calls, [call] if call.has_only_arguments()))
            && self.extra.values().all(is_plain)
    }
}

impl WireToolCall<'_> {
    /// Returns true if it adds nothing but arguments to a call that is known by its index.
    fn has_only_arguments(&self) -> bool {
        let is_empty = |text: &Text<'_>| text.as_str().is_empty();
        self.index.is_some()
            && is_empty(&self.id)
            && self.custom.is_none()
            && self.extra.values().all(is_plain)
            && self.function.as_ref().is_some_and(|function| {
                is_empty(&function.name)
                    && function.arguments.0.is_some()
                    && function.extra.values().all(is_plain)
            })
    }
}

/// Returns true if a field of a message replaces the previous value of its name rather than adding to it.
fn is_plain(value: &Value) -> bool {
    matches!(value, Value::Null | Value::Bool(_) | Value::Number(_))
}

#[derive(Default)]
pub(super) struct WireChoice<'a> {
    pub(super) index: u32,
    pub(super) delta: Option<WireDelta<'a>>,
    /// In place of the delta, or next to it: the complete message.
    pub(super) message: Option<WireDelta<'a>>,
    pub(super) finish_reason: Text<'a>,
    pub(super) logprobs: Option<Box<Logprobs>>,
    pub(super) extra: Extra,
    pub(super) presence: Presence,
}

read_object!(<'de> WireChoice<'de> {
    "index" => index: Index;
    "delta" => delta: WireDelta<'de>;
    "message" => message: WireDelta<'de>;
    "finish_reason" => finish_reason: Text<'de>;
    "logprobs" => logprobs: Box<Logprobs>, LOGPROBS;
});

#[derive(Default)]
pub(super) struct WireDelta<'a> {
    pub(super) role: Text<'a>,
    pub(super) content: Content<'a>,
    pub(super) refusal: Text<'a>,
    // Two fields, not an alias: some services send both.
    pub(super) reasoning_content: Text<'a>,
    pub(super) reasoning: Text<'a>,
    pub(super) tool_calls: Option<Vec<WireToolCall<'a>>>,
    pub(super) extra: Extra,
    pub(super) presence: Presence,
}

read_object!(<'de> WireDelta<'de> {
    "role" => role: Text<'de>;
    "content" => content: Content<'de>;
    "refusal" => refusal: Text<'de>, REFUSAL;
    "reasoning_content" => reasoning_content: Text<'de>;
    "reasoning" => reasoning: Text<'de>;
    "tool_calls" => tool_calls: List<WireToolCall<'de>>;
});

#[derive(Default)]
pub(super) struct WireToolCall<'a> {
    pub(super) index: Option<u32>,
    pub(super) id: Text<'a>,
    pub(super) kind: Text<'a>,
    pub(super) function: Option<WireFunction<'a>>,
    pub(super) custom: Option<CustomCall>,
    pub(super) extra: Extra,
}

read_object!(<'de> WireToolCall<'de> {
    "index" => index: Index;
    "id" => id: Text<'de>;
    "type" => kind: Text<'de>;
    "function" => function: WireFunction<'de>;
    "custom" => custom: CustomCall;
});

#[derive(Default)]
pub(super) struct WireFunction<'a> {
    pub(super) name: Text<'a>,
    pub(super) arguments: JsonText<'a>,
    pub(super) extra: Extra,
}

read_object!(<'de> WireFunction<'de> {
    "name" => name: Text<'de>;
    "arguments" => arguments: JsonText<'de>;
});
