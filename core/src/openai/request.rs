//! What is asked of the model: messages and options.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::message::{Content, Message};
use super::tool::{ResponseFormat, Tool, ToolChoice};
use super::{ReasoningEffort, ServiceTier, Verbosity};
use crate::{Error, ErrorKind, Result};

/// Defines the request with its options: a public field and a setter for each, and the list of their names.
macro_rules! chat_request {
    ($($(#[doc = $doc:literal])+ $name:ident: $type:ty,)+) => {
        /// A chat completion request: what is said so far, and how to go on.
        ///
        /// Options that are not set are not sent, so the service's defaults hold. What has no field here goes
        /// along by [`extra`](Self::extra).
        ///
        /// ```
        /// use turnwire::ChatRequest;
        ///
        /// let request = ChatRequest::new("gpt-4o-mini")
        ///     .system("Answer in one sentence.")
        ///     .user("안녕하세요")
        ///     .temperature(0.3)
        ///     .extra("top_k", 40);
        /// # let _ = request;
        /// ```
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
        #[non_exhaustive]
        #[must_use]
        pub struct ChatRequest {
            /// The model that answers.
            pub model: String,
            /// The conversation, oldest first.
            #[serde(default)]
            pub messages: Vec<Message>,
            $(
                $(#[doc = $doc])+
                #[serde(default, skip_serializing_if = "Option::is_none")]
                pub $name: Option<$type>,
            )+
            /// The end user, for the service's protection against abuse.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub user: Option<String>,
            /// Further fields, sent as they are; they replace fields of the same name.
            #[serde(flatten)]
            pub extra: Map<String, Value>,
        }

        impl ChatRequest {
            /// The names of the fields that are typed.
            pub const FIELDS: &[&str] = &["model", "messages", "user", $(stringify!($name),)+];

            $(
                $(#[doc = $doc])+
                pub fn $name(mut self, value: impl Into<$type>) -> Self {
                    self.$name = Some(value.into());
                    self
                }
            )+
        }
    };
}

chat_request! {
    /// How much chance there is in the choice of words, 0 to 2.
    temperature: f64,
    /// Considers only the likeliest words of this total probability.
    top_p: f64,
    /// How many replies to make.
    n: u32,
    /// Texts at which the reply ends, without them.
    stop: Stop,
    /// The most tokens of a reply, thinking included.
    max_completion_tokens: u32,
    /// The most tokens of a reply, for services that do not know `max_completion_tokens`.
    max_tokens: u32,
    /// Makes words less likely that were used at all, -2 to 2.
    presence_penalty: f64,
    /// Makes words less likely the more they were used, -2 to 2.
    frequency_penalty: f64,
    /// Changes the likelihood of tokens, by their ids.
    logit_bias: BTreeMap<String, f64>,
    /// Whether to tell the log probabilities of the tokens.
    logprobs: bool,
    /// How many alternatives to tell for each token.
    top_logprobs: u32,
    /// Makes replies repeatable, as far as the service can.
    seed: i64,
    /// The end user as a stable hash, in place of `user`.
    safety_identifier: String,
    /// Groups requests whose prompts begin alike, for the service's cache.
    prompt_cache_key: String,
    /// Notes that the service keeps with the completion.
    metadata: BTreeMap<String, String>,
    /// Whether the service keeps the completion.
    store: bool,
    /// The tools that the model may call.
    tools: Vec<Tool>,
    /// Which tools the model may, or must, call.
    tool_choice: ToolChoice,
    /// Whether the model may call several tools at once.
    parallel_tool_calls: bool,
    /// The form that the reply must have.
    response_format: ResponseFormat,
    /// How long a reasoning model may think.
    reasoning_effort: ReasoningEffort,
    /// How much the model says.
    verbosity: Verbosity,
    /// The class of service.
    service_tier: ServiceTier,
    /// What a stream carries besides the reply.
    stream_options: StreamOptions,
}

/// What a stream carries besides the reply.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StreamOptions {
    /// Whether the stream ends with a chunk that tells the usage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub include_usage: Option<bool>,
    /// Whether chunks are padded so that their sizes tell nothing of their content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub include_obfuscation: Option<bool>,
}

impl ChatRequest {
    /// A request to `model`, without messages.
    pub fn new(model: impl Into<String>) -> Self {
        ChatRequest { model: model.into(), ..Self::default() }
    }

    /// A request from its JSON, every field of which is sent as it is, known or not.
    ///
    /// `stream` is left out: the call decides.
    ///
    /// # Errors
    ///
    /// `invalid_request` when it is not a JSON object.
    pub fn from_json(json: &str) -> Result<Self> {
        let mut extra: Map<String, Value> = serde_json::from_str(json).map_err(|e| {
            let why = format!("the request is no JSON object: {e}");
            Error::new(ErrorKind::InvalidRequest, "chat.request", why).with_source(e)
        })?;
        extra.remove("stream");
        let model = extra.get("model").and_then(Value::as_str).unwrap_or_default().to_owned();
        Ok(ChatRequest { model, extra, ..Self::default() })
    }

    /// Adds instructions.
    pub fn system(self, content: impl Into<Content>) -> Self {
        self.message(Message::system(content))
    }

    /// Adds what the person says.
    pub fn user(self, content: impl Into<Content>) -> Self {
        self.message(Message::user(content))
    }

    /// Adds what the model said.
    pub fn assistant(self, text: impl Into<String>) -> Self {
        self.message(Message::assistant(text))
    }

    /// Adds a message: one of your own making, or a reply's.
    pub fn message(mut self, message: impl Into<Message>) -> Self {
        self.messages.push(message.into());
        self
    }

    /// Adds messages, oldest first.
    pub fn messages(mut self, messages: impl IntoIterator<Item = Message>) -> Self {
        self.messages.extend(messages);
        self
    }

    /// Names the end user (the field `user`), for the service's protection against abuse.
    pub fn end_user(mut self, user: impl Into<String>) -> Self {
        self.user = Some(user.into());
        self
    }

    /// Asks a stream to end with the usage.
    pub fn include_usage(mut self) -> Self {
        self.stream_options.get_or_insert_default().include_usage = Some(true);
        self
    }

    /// Sends a field that this version does not know, or another value for one that it does.
    pub fn extra(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.extra.insert(name.into(), value.into());
        self
    }

    /// How many replies are asked for.
    pub(super) fn asked(&self) -> usize {
        let extra = self.extra.get("n").map(|n| n.as_u64().unwrap_or(1));
        usize::try_from(extra.unwrap_or(self.n.unwrap_or(1).into())).unwrap_or(1)
    }

    /// The body to send.
    pub(super) fn body(&self, stream: bool, operation: &'static str) -> Result<Bytes> {
        let refuse = |why: &str| Error::new(ErrorKind::InvalidRequest, operation, why);
        if self.model.is_empty() && !self.extra.contains_key("model") {
            return Err(refuse("the request names no model"));
        }
        // Through a map, where an extra field replaces a typed one instead of standing there twice.
        let body = serde_json::to_value(self).and_then(|mut body| {
            if let Some(body) = body.as_object_mut() {
                if stream {
                    body.insert("stream".into(), true.into());
                } else if !self.extra.contains_key("stream_options") {
                    body.remove("stream_options"); // services refuse it without a stream
                }
            }
            serde_json::to_vec(&body)
        });
        body.map(Bytes::from).map_err(|e| refuse(&e.to_string()))
    }
}

/// Texts at which a reply ends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Stop {
    /// One text.
    One(String),
    /// Several, of which the first that comes ends the reply.
    Many(Vec<String>),
}

impl From<&str> for Stop {
    fn from(text: &str) -> Self {
        Stop::One(text.to_owned())
    }
}

impl From<Vec<String>> for Stop {
    fn from(texts: Vec<String>) -> Self {
        Stop::Many(texts)
    }
}

impl<const N: usize> From<[&str; N]> for Stop {
    fn from(texts: [&str; N]) -> Self {
        Stop::Many(texts.map(str::to_owned).into())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sent(request: &ChatRequest, stream: bool) -> Value {
        serde_json::from_slice(&request.body(stream, "test").unwrap()).unwrap()
    }

    #[test]
    fn what_is_not_set_is_not_sent() {
        let request = ChatRequest::new("m").user("hi");
        let expected = json!({"model": "m", "messages": [{"role": "user", "content": "hi"}]});
        assert_eq!(sent(&request, false), expected);
    }

    #[test]
    fn extra_fields_replace_typed_ones() {
        let request =
            ChatRequest::new("m").temperature(0.5).extra("temperature", 1).extra("x", [1]);
        let body = String::from_utf8(request.body(true, "test").unwrap().to_vec()).unwrap();
        assert_eq!(body, r#"{"model":"m","messages":[],"temperature":1,"x":[1],"stream":true}"#);
    }

    #[test]
    fn a_request_from_json_is_sent_as_it_is() {
        let wire = json!({
            "model": "m", "n": 2, "stop": null, "top_k": 4,
            "messages": [{"role": "user", "content": "hi", "cache_control": {"type": "ephemeral"}}],
        });
        let mut given = wire.clone();
        given["stream"] = true.into();
        let request = ChatRequest::from_json(&given.to_string()).unwrap();
        assert_eq!((request.model.as_str(), request.asked()), ("m", 2));
        assert_eq!(sent(&request, false), wire);
        assert_eq!(ChatRequest::from_json("[]").unwrap_err().code(), "invalid_request");
    }

    #[test]
    fn stream_options_go_with_streams_alone() {
        let request = ChatRequest::new("m").include_usage();
        assert_eq!(sent(&request, true)["stream_options"], json!({"include_usage": true}));
        assert_eq!(sent(&request, false).get("stream_options"), None);
    }

    #[test]
    fn a_request_without_a_model_is_refused() {
        let error = ChatRequest::default().body(true, "chat").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    }

    #[test]
    fn a_request_written_as_json_reads_and_writes_unchanged() {
        let wire = json!({
            "model": "m", "stop": "\n", "n": 2, "seed": 7, "top_k": 40,
            "metadata": {"a": "b"}, "reasoning_effort": "ultra", "tool_choice": "auto",
            "messages": [
                {"role": "system", "content": "s"},
                {"role": "user", "name": "kim", "content": [
                    {"type": "text", "text": "t"},
                    {"type": "image_url", "image_url": {"url": "u", "detail": "low"}},
                    {"type": "input_audio", "input_audio": {"data": "", "format": "wav"}},
                ]},
                {"role": "assistant", "content": null, "tool_calls": [
                    {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}},
                ]},
                {"role": "tool", "tool_call_id": "c", "content": "r"},
                {"role": "narrator", "content": "an unknown role"},
            ],
            "response_format": {"type": "json_object"},
            "stream": false,
        });
        let request: ChatRequest = serde_json::from_value(wire.clone()).unwrap();
        assert_eq!(request.extra.len(), 2, "{:?}", request.extra);
        assert_eq!(sent(&request, false), wire);
    }
}
