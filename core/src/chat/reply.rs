//! The model's complete reply: received at once, or accumulated from a stream.

use serde::de::DeserializeOwned;
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};

use super::assistant::{AssistantMessage, ToolCall};
use super::budget;
use super::extra::Extra;
use super::lenient::{Index, List, Number, Text, Word};
use super::object::{Presence, read_object};
use super::prune::repaired;
use super::unreadable::{Unreadable, is_abandoned, is_json, reported_error};
use super::usage::{Logprobs, Usage};
use super::{FinishReason, Role, ServiceTier};
use crate::error::{Error, ErrorKind, Result, may_report_error};
use crate::http::{Head, REQUEST_ID};

/// A complete reply.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ChatReply {
    /// The service's id of the completion.
    pub id: String,
    /// The creation time, in seconds since 1970.
    pub created: u64,
    /// The model that answered, often more exact than the requested one.
    pub model: String,
    /// The replies: one, unless `n` requested more.
    pub choices: Vec<Choice>,
    /// The reason for the end of the first reply, as in [`choices`](Self::choices).
    pub finish_reason: Option<FinishReason>,
    /// The tokens used, if the service reports them; a stream reports them when
    /// [requested](crate::chat::ChatRequest::include_usage).
    pub usage: Option<Usage>,
    /// The service tier used.
    pub service_tier: Option<ServiceTier>,
    /// A fingerprint of the service's configuration, which reveals changes to it.
    pub system_fingerprint: Option<String>,
    /// Fields beyond these.
    pub extra: Extra,
    pub(super) presence: Presence,
    /// The JSON as received; `None` for a reply that was accumulated from a stream.
    raw: Option<Box<str>>,
    pub(super) head: Head,
}

/// Fields in [`ChatReply::presence`].
pub(super) const USAGE: u8 = 1;
pub(super) const SERVICE_TIER: u8 = 2;
pub(super) const SYSTEM_FINGERPRINT: u8 = 4;
const ID: u8 = 8;
const CREATED: u8 = 16;
const MODEL: u8 = 32;

read_object!(<'de> ChatReply {
    "id" => id: Text<'de>, ID;
    "created" => created: Number, CREATED;
    "model" => model: Text<'de>, MODEL;
    "choices" => choices: List<Choice>;
    "usage" => usage: Usage, USAGE;
    "service_tier" => service_tier: Word<ServiceTier>, SERVICE_TIER;
    "system_fingerprint" => system_fingerprint: Text<'de>, SYSTEM_FINGERPRINT;
    skip "object";
    then |reply: &mut ChatReply| {
        reply.finish_reason = reply.choices.first().and_then(|choice| choice.finish_reason.clone());
    };
});

impl Serialize for ChatReply {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (presence, mut map) = (self.presence, serializer.serialize_map(None)?);
        presence.write(&mut map, ID, "id", &self.id)?;
        map.serialize_entry("object", "chat.completion")?;
        presence.write(&mut map, CREATED, "created", &self.created)?;
        presence.write(&mut map, MODEL, "model", &self.model)?;
        map.serialize_entry("choices", &self.choices)?;
        presence.write(&mut map, USAGE, "usage", &self.usage)?;
        presence.write(&mut map, SERVICE_TIER, "service_tier", &self.service_tier)?;
        presence.write(
            &mut map,
            SYSTEM_FINGERPRINT,
            "system_fingerprint",
            &self.system_fingerprint,
        )?;
        self.extra.write(&mut map)?;
        map.end()
    }
}

/// One of the replies.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Choice {
    /// The index of the reply, from 0.
    pub index: u32,
    /// The model's message.
    pub message: AssistantMessage,
    /// The reason for its end.
    pub finish_reason: Option<FinishReason>,
    /// The tokens' log probabilities, if requested.
    pub logprobs: Option<Logprobs>,
    /// Fields beyond these.
    pub extra: Extra,
    pub(super) presence: Presence,
}

/// `logprobs` in [`Choice::presence`].
pub(super) const LOGPROBS: u8 = 1;

read_object!(<'de> Choice {
    "index" => index: Index;
    "message" => message: AssistantMessage;
    "finish_reason" => finish_reason: Word<FinishReason>;
    "logprobs" => logprobs: Logprobs, LOGPROBS;
});

impl Serialize for Choice {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("index", &self.index)?;
        map.serialize_entry("message", &MessageWithRole(&self.message))?;
        map.serialize_entry("finish_reason", &self.finish_reason)?;
        self.presence.write(&mut map, LOGPROBS, "logprobs", &self.logprobs)?;
        self.extra.write(&mut map)?;
        map.end()
    }
}

/// A reply's message with its role, as services write it; a message of a conversation gets its role from its variant.
struct MessageWithRole<'a>(&'a AssistantMessage);

impl Serialize for MessageWithRole<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("role", &Role::Assistant)?;
        self.0.write(&mut map)?;
        map.end()
    }
}

impl ChatReply {
    /// Parses a reply, and keeps its JSON.
    pub(super) fn from_json(json: &str) -> Result<Self, Unreadable> {
        budget::within(json.len(), || ChatReply::read(json))
    }

    fn read(json: &str) -> Result<Self, Unreadable> {
        let is_object = json.trim_start().starts_with('{');
        let read = is_object.then(|| serde_json::from_str(json).ok()).flatten();
        let (mut reply, raw): (ChatReply, Box<str>) = match read {
            Some(reply) => (reply, json.into()),
            // Text of another kind is a wrong answer, not a damaged one.
            None if !json.trim_start().starts_with(['{', '[']) && !is_json(json) => {
                return Err(Unreadable::NoReply);
            }
            None => {
                let (value, text) = repaired(json)?;
                let reply = ChatReply::deserialize(&value);
                (reply.map_err(|e| Unreadable::Malformed(e.to_string()))?, text.into())
            }
        };
        if reply.is_suspect()
            && let Some(reported) = reported_error(&raw)
        {
            return Err(Unreadable::Reported(reported, reply.text().to_owned()));
        }
        if reply.choices.is_empty() {
            return Err(Unreadable::NoReply);
        }
        let mut reasons = reply.choices.iter().filter_map(|choice| choice.finish_reason.as_ref());
        if reasons.any(|reason| is_abandoned(reason.as_str())) {
            return Err(Unreadable::abandoned(reply.text().to_owned()));
        }
        reply.raw = Some(raw);
        Ok(reply)
    }

    /// Returns true if it may be an error that the service reports, in place of a reply or next to one.
    fn is_suspect(&self) -> bool {
        self.choices.is_empty()
            || self.extra.keys().any(|name| may_report_error(name))
            || self.choices.iter().any(|choice| choice.extra.contains_key("error"))
    }

    pub(super) fn with_head(mut self, head: Head) -> Self {
        self.head = head;
        self
    }

    /// The first reply's text; empty if there is none, as in a refusal or a tool call.
    pub fn text(&self) -> &str {
        self.message().and_then(|m| m.content.as_deref()).unwrap_or_default()
    }

    /// The model's refusal, if it replaces the first reply's text.
    pub fn refusal(&self) -> Option<&str> {
        self.message().and_then(|m| m.refusal.as_deref())
    }

    /// The tools that the model calls in the first reply; empty when it calls none.
    pub fn tool_calls(&self) -> &[ToolCall] {
        self.message().map(|m| m.tool_calls.as_slice()).unwrap_or_default()
    }

    /// The first reply's message.
    pub fn message(&self) -> Option<&AssistantMessage> {
        self.choices.first().map(|choice| &choice.message)
    }

    /// The service's request id (`x-request-id`), for its support.
    pub fn request_id(&self) -> Option<&str> {
        self.head.headers.get(REQUEST_ID)?.to_str().ok()
    }

    /// Parses the first reply's text as JSON, as requested with
    /// [`ResponseFormat::of`](crate::chat::ResponseFormat::of).
    ///
    /// # Errors
    ///
    /// `structure` when the text is not such JSON: the model refused, was cut off, or did not follow the schema.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_str(self.text()).map_err(|e| {
            let why = match (self.refusal(), &self.finish_reason) {
                (Some(refusal), _) => format!("the model refused: {refusal}"),
                (None, Some(FinishReason::Length)) => {
                    format!("the reply was cut off by the token limit: {e}")
                }
                _ => format!("the reply is not the JSON asked for: {e}"),
            };
            Error::new(ErrorKind::Structure, "chat.parse", why)
                .with_partial(self.text())
                .with_request_id(self.request_id().map(Into::into))
        })
    }

    /// The JSON as received; `None` for a reply that was accumulated from a stream.
    pub fn raw(&self) -> Option<&str> {
        self.raw.as_deref()
    }

    /// The same, without a copy.
    #[cfg(feature = "bridge")]
    pub(crate) fn into_raw(self) -> Option<String> {
        self.raw.map(String::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPLY: &str = r#"{"id":"c","object":"chat.completion","created":1,"model":"m","timings":{"ms":3},
        "choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"{\"a\":1}","mood":"good"}}]}"#;

    #[test]
    fn fields_that_nobody_modelled_are_still_there() {
        let reply = ChatReply::from_json(REPLY).unwrap();
        assert_eq!(reply.extra["timings"]["ms"], 3);
        assert_eq!(reply.message().unwrap().extra["mood"], "good");
        assert_eq!(reply.extra.len() + reply.message().unwrap().extra.len(), 2);
    }

    #[test]
    fn a_structured_reply_is_read_into_its_type() {
        let reply = ChatReply::from_json(REPLY).unwrap();
        assert_eq!(reply.parse::<std::collections::BTreeMap<String, i32>>().unwrap()["a"], 1);
        let error = reply.parse::<Vec<i32>>().unwrap_err();
        assert_eq!((error.code(), error.partial()), ("structure", Some(r#"{"a":1}"#)));
    }

    #[test]
    fn odd_but_real_forms_are_read() {
        let reply = ChatReply::from_json(
            r#"{"id":null,"created":1.7e9,"choices":[{"finish_reason":null,"message":{"content":[{"type":"text","text":"a"}],"tool_calls":null}}],
               "usage":{"prompt_tokens":3,"completion_tokens":null,"prompt_tokens_details":null}}"#,
        )
        .unwrap();
        assert_eq!((reply.created, reply.text()), (1_700_000_000, "a"));
        assert_eq!(reply.usage.unwrap().prompt_tokens, 3);
    }
}
