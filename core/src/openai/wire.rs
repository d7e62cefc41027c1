//! A chunk's JSON as it is parsed: borrowed, before anything is kept of it.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::ServiceTier;
use super::lenient::{self, JsonText, Text};
use super::template::Template;
use super::usage::{Logprobs, Usage};

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
    pub(super) index: u64,
    #[serde(borrow, default)]
    pub(super) delta: Option<WireDelta<'a>>,
    #[serde(borrow, default)]
    pub(super) finish_reason: Text<'a>,
    #[serde(default)]
    pub(super) logprobs: Option<Box<Logprobs>>,
}

#[derive(Default, Deserialize)]
pub(super) struct WireDelta<'a> {
    #[serde(borrow, default)]
    pub(super) role: Text<'a>,
    #[serde(borrow, default)]
    pub(super) content: Text<'a>,
    #[serde(borrow, default)]
    pub(super) refusal: Text<'a>,
    // Two fields, not an alias: some services send both.
    #[serde(borrow, default)]
    pub(super) reasoning_content: Text<'a>,
    #[serde(borrow, default)]
    pub(super) reasoning: Text<'a>,
    #[serde(borrow, default)]
    pub(super) tool_calls: Option<Vec<WireToolCall<'a>>>,
}

#[derive(Deserialize)]
pub(super) struct WireToolCall<'a> {
    #[serde(default)]
    pub(super) index: Option<u32>,
    #[serde(borrow, default)]
    pub(super) id: Text<'a>,
    #[serde(borrow, default, rename = "type")]
    pub(super) kind: Text<'a>,
    #[serde(borrow, default)]
    pub(super) function: Option<WireFunction<'a>>,
}

#[derive(Default, Deserialize)]
pub(super) struct WireFunction<'a> {
    #[serde(borrow, default)]
    pub(super) name: Text<'a>,
    #[serde(borrow, default)]
    pub(super) arguments: JsonText<'a>,
}
