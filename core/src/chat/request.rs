//! A request to the model: messages and options.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::message::{Content, Message};
use super::options::{Stop, StreamOptions};
use super::tool::{ResponseFormat, Tool, ToolChoice};
use super::verbatim::Verbatim;
use super::{ReasoningEffort, ServiceTier, Verbosity};

/// Defines the request with its options: a public field and a setter for each, and the list of their names.
macro_rules! chat_request {
    ($($(#[doc = $doc:literal])+ $name:ident($argument:ty): $type:ty,)+) => {
        /// A chat completion request: the conversation so far, and options.
        ///
        /// Unset options are not sent, so the service's defaults apply. Set a field that this library does not know
        /// with [`extra`](Self::extra).
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
            /// The JSON passed to [`from_json`](Self::from_json).
            #[serde(flatten, skip_deserializing)]
            pub(super) given: Verbatim,
            /// The model that answers.
            #[serde(default, skip_serializing_if = "String::is_empty")]
            pub model: String,
            /// The conversation, oldest first.
            #[serde(default)]
            pub messages: Vec<Message>,
            $(
                $(#[doc = $doc])+
                #[serde(default, skip_serializing_if = "Option::is_none")]
                pub $name: Option<$type>,
            )+
            /// The end user (`user` on the wire), for the service's abuse detection.
            #[serde(default, rename = "user", skip_serializing_if = "Option::is_none")]
            pub end_user: Option<String>,
            /// Further fields, sent unchanged; they replace fields of the same name.
            #[serde(flatten)]
            pub extra: Map<String, Value>,
        }

        impl ChatRequest {
            /// The names of the typed fields, as they are on the wire.
            pub const FIELDS: &[&str] = &["model", "messages", "user", $(stringify!($name),)+];

            $(
                $(#[doc = $doc])+
                pub fn $name(mut self, value: $argument) -> Self {
                    self.$name = Some(value.into());
                    self
                }
            )+
        }
    };
}

chat_request! {
    /// The sampling temperature, 0 to 2.
    temperature(impl Into<f64>): f64,
    /// Samples only from the likeliest tokens with this total probability.
    top_p(impl Into<f64>): f64,
    /// The number of replies.
    n(u32): u32,
    /// Stop sequences: texts at which the reply ends, not included in it.
    stop(impl Into<Stop>): Stop,
    /// The maximum number of tokens of a reply, reasoning included.
    max_completion_tokens(u32): u32,
    /// The maximum number of tokens of a reply, for services that do not know `max_completion_tokens`.
    max_tokens(u32): u32,
    /// Makes tokens that occurred at all less likely, -2 to 2.
    presence_penalty(impl Into<f64>): f64,
    /// Makes tokens less likely the more often they occurred, -2 to 2.
    frequency_penalty(impl Into<f64>): f64,
    /// Changes the likelihood of tokens, keyed by their ids.
    logit_bias(impl Into<BTreeMap<String, f64>>): BTreeMap<String, f64>,
    /// Requests the log probabilities of the tokens.
    logprobs(bool): bool,
    /// The number of alternatives for each token.
    top_logprobs(u32): u32,
    /// Makes replies reproducible, as far as the service can.
    seed(impl Into<i64>): i64,
    /// The end user as a stable hash, in place of `end_user`.
    safety_identifier(impl Into<String>): String,
    /// Groups requests with a common prompt prefix, for the service's cache.
    prompt_cache_key(impl Into<String>): String,
    /// Key-value pairs that the service stores with the completion.
    metadata(impl Into<BTreeMap<String, String>>): BTreeMap<String, String>,
    /// Asks the service to store the completion.
    store(bool): bool,
    /// The tools that the model may call.
    tools(impl Into<Vec<Tool>>): Vec<Tool>,
    /// The tools that the model may, or must, call.
    tool_choice(impl Into<ToolChoice>): ToolChoice,
    /// Allows the model to call several tools at once.
    parallel_tool_calls(bool): bool,
    /// The required form of the reply.
    response_format(impl Into<ResponseFormat>): ResponseFormat,
    /// The effort of a reasoning model.
    reasoning_effort(impl Into<ReasoningEffort>): ReasoningEffort,
    /// The length of the model's answers.
    verbosity(impl Into<Verbosity>): Verbosity,
    /// The class of service.
    service_tier(impl Into<ServiceTier>): ServiceTier,
    /// Optional additions to a stream.
    stream_options(impl Into<StreamOptions>): StreamOptions,
}

impl ChatRequest {
    /// A request to `model`, without messages.
    pub fn new(model: impl Into<String>) -> Self {
        ChatRequest { model: model.into(), ..Self::default() }
    }

    /// Adds instructions from the developer, for newer models in place of [`system`](Self::system).
    pub fn developer(self, content: impl Into<Content>) -> Self {
        self.message(Message::developer(content))
    }

    /// Adds instructions.
    pub fn system(self, content: impl Into<Content>) -> Self {
        self.message(Message::system(content))
    }

    /// Adds a message of the user.
    pub fn user(self, content: impl Into<Content>) -> Self {
        self.message(Message::user(content))
    }

    /// Adds a message of the model.
    pub fn assistant(self, text: impl Into<String>) -> Self {
        self.message(Message::assistant(text))
    }

    /// Adds a message: your own, or a reply's.
    pub fn message(mut self, message: impl Into<Message>) -> Self {
        self.messages.push(message.into());
        self
    }

    /// Adds messages, oldest first.
    pub fn messages(mut self, messages: impl IntoIterator<Item = Message>) -> Self {
        self.messages.extend(messages);
        self
    }

    /// Sets the end user (the field `user`), for the service's abuse detection.
    pub fn end_user(mut self, user: impl Into<String>) -> Self {
        self.end_user = Some(user.into());
        self
    }

    /// Adds a tool to those that the model may call.
    pub fn tool(mut self, tool: Tool) -> Self {
        self.tools.get_or_insert_default().push(tool);
        self
    }

    /// Asks a stream to end with the usage.
    pub fn include_usage(mut self) -> Self {
        self.stream_options.get_or_insert_default().include_usage = Some(true);
        self
    }

    /// Sets a field that this version does not know, or overrides one that it does.
    pub fn extra(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.extra.insert(name.into(), value.into());
        self
    }
}
