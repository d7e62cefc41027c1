//! The client for an OpenAI-compatible LLM: typed requests, replies complete or streamed.
//!
//! ```text
//! ChatRequest ─▶ OpenAi ──┬─ chat ────────▶ ChatReply
//!                         └─ chat_stream ─▶ ChatStream ─▶ ChatChunk, ChatChunk, …
//!                                               └─ partial(), finish(), into_reply() ─▶ ChatReply
//! ```
//!
//! [`ChatStream`] reads only when it is polled: a slow reader slows the service down, and dropping the stream closes
//! its connection. While it yields chunks it accumulates the whole reply, tool calls and usage included.
//!
//! # Failures
//!
//! Transient failures before the response are retried ([`RetryPolicy`](crate::config::RetryPolicy)); once a stream has
//! begun, nothing is sent again. A stream ends successfully only if the service marks its end: one that breaks off,
//! stalls or sends an error ends with an [`Error`](crate::error::Error) that keeps the text so far
//! ([`partial`](crate::error::Error::partial)). An HTML page or JSON in place of a stream is an error with an excerpt.
//!
//! # Example
//!
//! A tool call, and the reply to its result:
//!
//! ```no_run
//! use turnwire::chat::{Message, Tool};
//! use turnwire::{ChatRequest, OpenAi};
//!
//! # async fn run() -> turnwire::Result<()> {
//! let llm = OpenAi::from_env()?;
//! let mut request = ChatRequest::new("gpt-4o-mini")
//!     .system("Answer in one sentence.")
//!     .user("지금 몇 시예요?")
//!     .tool(Tool::with_schema("clock", "The time of day.", serde_json::json!({"type": "object"}), None));
//! let reply = llm.chat(&request).await?;
//! request = request.messages(reply.message().cloned().map(Message::from));
//! for call in reply.tool_calls() {
//!     request = request.message(Message::tool(&call.id, "14:05"));
//! }
//! let reply = llm.chat_stream(&request).await?.finish().await?;
//! println!("{}", reply.text());
//! # Ok(())
//! # }
//! ```

pub(crate) mod accumulate;
mod assistant;
mod body;
mod budget;
pub(crate) mod builder;
mod chunk;
pub(crate) mod chunk_reader;
mod client;
mod content;
mod delta;
mod event;
mod extra;
pub(crate) mod filling;
pub(crate) mod gather;
mod halves;
mod head;
mod interop;
mod json_text;
mod lenient;
mod message;
mod models;
mod object;
mod open_enum;
mod options;
mod places;
mod prune;
mod reply;
mod request;
#[cfg(feature = "schema")]
mod schema;
pub(crate) mod shape;
pub(crate) mod span;
mod stream;
mod telemetry;
mod template;
mod tool;
mod unreadable;
mod usage;
mod vary;
mod verbatim;
mod wire;

pub use assistant::{AssistantMessage, CustomCall, FunctionCall, ToolCall};
pub use builder::OpenAiBuilder;
pub use chunk::ChatChunk;
pub use client::OpenAi;
pub use delta::{ChunkChoice, Delta, ToolCallDelta, ToolCallPiece};
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
