//! OpenAI-compatible chat: typed requests, replies whole or streamed, and their accumulation.
//!
//! The heart is [`ChatStream`]: it turns a response's bytes into chunks, and puts the whole reply together
//! beside.

mod accumulate;
mod builder;
mod chunk;
mod client;
mod event;
pub(crate) mod gather;
mod interop;
mod lenient;
mod message;
mod models;
mod open_enum;
mod options;
mod prune;
mod reply;
mod request;
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

pub use builder::OpenAiBuilder;
pub use chunk::{ChatChunk, ChunkChoice, Delta, ToolCallDelta};
pub use client::OpenAi;
pub use message::{
    AssistantMessage, Content, FunctionCall, ImageUrl, Message, Part, TextMessage, ToolCall,
};
pub use models::{Model, ModelList};
pub use open_enum::{FinishReason, ImageDetail, ReasoningEffort, Role, ServiceTier, Verbosity};
pub use options::{Stop, StreamOptions};
pub use reply::{ChatReply, Choice};
pub use request::ChatRequest;
pub use stream::ChatStream;
pub use tool::{FunctionTool, ResponseFormat, SchemaFormat, Tool, ToolChoice, ToolMode};
pub use usage::{CompletionTokens, Logprobs, PromptTokens, TokenLogprob, Usage};
