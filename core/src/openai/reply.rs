//! The model's reply, whole: received at once, or put together from a stream.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

use super::lenient;
use super::message::AssistantMessage;
use super::prune::pruned_object;
use super::unreadable::{Unreadable, reported_error};
use super::usage::{Logprobs, Usage};
use super::{FinishReason, Role, ServiceTier};
use crate::http::{Headers, REQUEST_ID};
use crate::{Error, ErrorKind, Result};

/// A whole reply.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "WireReply")]
#[non_exhaustive]
pub struct ChatReply {
    /// The service's id of the completion.
    pub id: String,
    object: Object,
    /// When it was made, in seconds since 1970.
    pub created: u64,
    /// The model that answered, often more exact than the one asked for.
    pub model: String,
    /// The replies, one unless `n` asked for more.
    pub choices: Vec<Choice>,
    /// Why the first reply ended, as in [`choices`](Self::choices).
    #[serde(skip)]
    pub finish_reason: Option<FinishReason>,
    /// The tokens that it took, if the service tells; a stream tells when it is
    /// [asked](crate::ChatRequest::include_usage).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// The class of service that was used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_tier: Option<ServiceTier>,
    /// Names the service's configuration, to notice its changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system_fingerprint: Option<String>,
    /// The JSON as it came; none for a reply that was put together from a stream.
    #[serde(skip)]
    raw: Option<Box<str>>,
    #[serde(skip)]
    headers: Headers,
}

#[derive(Deserialize)]
struct WireReply {
    #[serde(default, deserialize_with = "lenient::string")]
    id: String,
    #[serde(default, deserialize_with = "lenient::number")]
    created: u64,
    #[serde(default, deserialize_with = "lenient::string")]
    model: String,
    #[serde(default, deserialize_with = "lenient::or_default")]
    choices: Vec<Choice>,
    #[serde(default)]
    usage: Option<Usage>,
    #[serde(default, deserialize_with = "lenient::word")]
    service_tier: Option<ServiceTier>,
    #[serde(default, deserialize_with = "lenient::optional")]
    system_fingerprint: Option<String>,
}

impl From<WireReply> for ChatReply {
    fn from(wire: WireReply) -> Self {
        ChatReply {
            id: wire.id,
            created: wire.created,
            model: wire.model,
            finish_reason: wire.choices.first().and_then(|choice| choice.finish_reason.clone()),
            choices: wire.choices,
            usage: wire.usage,
            service_tier: wire.service_tier,
            system_fingerprint: wire.system_fingerprint,
            ..ChatReply::default()
        }
    }
}

/// The kind of object that a reply's JSON says it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
enum Object {
    #[default]
    #[serde(rename = "chat.completion")]
    ChatCompletion,
}

/// Writes a reply's message with its role, as services do; a conversation's has it from its variant.
fn with_role<S: Serializer>(message: &AssistantMessage, serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Spoken<'a> {
        role: Role,
        #[serde(flatten)]
        message: &'a AssistantMessage,
    }
    Spoken { role: Role::Assistant, message }.serialize(serializer)
}

/// One of the replies.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Choice {
    /// Which of them, from 0.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub index: u32,
    /// What the model says.
    #[serde(default, serialize_with = "with_role")]
    pub message: AssistantMessage,
    /// Why it ended.
    #[serde(default, deserialize_with = "lenient::word")]
    pub finish_reason: Option<FinishReason>,
    /// The tokens' log probabilities, if asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logprobs: Option<Logprobs>,
}

impl ChatReply {
    /// Reads a reply from its JSON, which it keeps.
    pub(super) fn from_json(json: &str) -> Result<Self, Unreadable> {
        if let Some(error) = reported_error(json) {
            return Err(Unreadable::Error(error));
        }
        let is_object = json.trim_start().starts_with('{');
        let mut reply: ChatReply = match serde_json::from_str(json) {
            Ok(reply) if is_object => reply,
            read => {
                let pruned = pruned_object(json)?;
                let reply = ChatReply::deserialize(&pruned);
                reply.map_err(|e| Unreadable::Malformed(read.err().unwrap_or(e)))?
            }
        };
        if reply.choices.is_empty() {
            return Err(Unreadable::NoReply);
        }
        reply.raw = Some(json.into());
        Ok(reply)
    }

    pub(super) fn with_headers(mut self, headers: http::HeaderMap) -> Self {
        self.headers = Headers(headers);
        self
    }

    /// The first reply's text; empty when there is none, as in a refusal or a call of tools.
    pub fn text(&self) -> &str {
        self.message().and_then(|m| m.content.as_deref()).unwrap_or_default()
    }

    /// Why the model declines, if it does, in place of the first reply's text.
    pub fn refusal(&self) -> Option<&str> {
        self.message().and_then(|m| m.refusal.as_deref())
    }

    /// The first reply's message.
    pub fn message(&self) -> Option<&AssistantMessage> {
        self.choices.first().map(|choice| &choice.message)
    }

    /// The service's id of the request (`x-request-id`), for its support.
    pub fn request_id(&self) -> Option<&str> {
        self.headers.0.get(REQUEST_ID)?.to_str().ok()
    }

    /// The headers of the response, as they came: what a service hands out in them is the caller's. `Debug` shows their
    /// names alone.
    pub fn headers(&self) -> &http::HeaderMap {
        &self.headers.0
    }

    /// Reads the first reply's text as JSON, as asked for by
    /// [`ResponseFormat::of`](crate::ResponseFormat::of).
    ///
    /// # Errors
    ///
    /// `structure` when the text is no such JSON: the model refused, was cut off, or did not follow.
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

    /// The JSON as it came; `None` for a reply that was put together from a stream.
    pub fn raw(&self) -> Option<&str> {
        self.raw.as_deref()
    }

    /// The fields of the reply that are not modelled, read from the kept JSON.
    pub fn extra(&self) -> Map<String, Value> {
        unmodelled(self.raw(), "", REPLY_FIELDS)
    }

    /// The fields of a choice's message that are not modelled, read from the kept JSON. `position` counts the
    /// choices as they stand in [`choices`](Self::choices).
    pub fn message_extra(&self, position: usize) -> Map<String, Value> {
        unmodelled(self.raw(), &format!("/choices/{position}/message"), MESSAGE_FIELDS)
    }
}

pub(super) const REPLY_FIELDS: &[&str] =
    &["id", "object", "created", "model", "choices", "usage", "service_tier", "system_fingerprint"];

pub(super) const MESSAGE_FIELDS: &[&str] =
    &["role", "content", "refusal", "reasoning_content", "reasoning", "tool_calls"];

/// The fields of the object at `pointer` (RFC 6901) in `json` that are not among `known`.
pub(super) fn unmodelled(json: Option<&str>, pointer: &str, known: &[&str]) -> Map<String, Value> {
    let value = json.and_then(|json| serde_json::from_str(json).ok()).unwrap_or(Value::Null);
    let Some(Value::Object(object)) = value.pointer(pointer) else {
        return Map::new();
    };
    let unknown = object.iter().filter(|(name, _)| !known.contains(&name.as_str()));
    unknown.map(|(name, value)| (name.clone(), value.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPLY: &str = r#"{"id":"c","object":"chat.completion","created":1,"model":"m","timings":{"ms":3},
        "choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"{\"a\":1}","mood":"good"}}]}"#;

    #[test]
    fn fields_that_nobody_modelled_are_still_there() {
        let reply = ChatReply::from_json(REPLY).unwrap();
        assert_eq!(reply.extra()["timings"]["ms"], 3);
        assert_eq!(reply.message_extra(0)["mood"], "good");
        assert_eq!(reply.extra().len() + reply.message_extra(0).len(), 2);
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
