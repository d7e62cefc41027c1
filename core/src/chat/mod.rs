//! OpenAI-compatible chat: typed requests, replies whole or streamed, and their accumulation.
//!
//! The heart is [`ChatStream`]: it turns a response's bytes into chunks, and puts the whole reply together
//! beside.

pub(crate) mod accumulate;
mod assistant;
mod body;
mod budget;
pub(crate) mod builder;
mod chunk;
pub(crate) mod chunk_reader;
mod client;
mod content;
mod event;
mod extra;
pub(crate) mod gather;
mod head;
mod interop;
mod json_text;
mod lenient;
mod message;
mod models;
mod object;
mod open_enum;
mod options;
mod prune;
mod reply;
mod request;
#[cfg(feature = "schema")]
mod schema;
pub(crate) mod shape;
mod stream;
mod telemetry;
pub(crate) mod template;
mod tool;
mod unreadable;
mod usage;
mod verbatim;
mod wire;

pub use assistant::{AssistantMessage, CustomCall, FunctionCall, ToolCall};
pub use builder::OpenAiBuilder;
pub use chunk::{ChatChunk, ChunkChoice, Delta, ToolCallDelta};
pub use client::OpenAi;
pub use extra::Extra;
pub use message::{Content, ImageUrl, Message, Part, TextMessage};
pub use models::{Model, ModelList};
pub use open_enum::{FinishReason, ImageDetail, ReasoningEffort, Role, ServiceTier, Verbosity};
pub use options::{Stop, StreamOptions};
pub use reply::{ChatReply, Choice};
pub use request::ChatRequest;
pub use stream::ChatStream;
pub use tool::{FunctionTool, ResponseFormat, SchemaFormat, Tool, ToolChoice, ToolMode};
pub use usage::{CompletionTokens, Logprobs, PromptTokens, TokenLogprob, Usage};

#[cfg(feature = "schema")]
pub use schemars::JsonSchema;
