//! Client SDK for streamed chat with a language model.
//!
//! ```no_run
//! use futures::StreamExt;
//! use turnwire::{ChatRequest, OpenAi};
//!
//! # async fn run() -> turnwire::Result<()> {
//! let llm = OpenAi::from_env()?;
//! let mut stream = llm.chat_stream(ChatRequest::new("gpt-4o-mini").user("안녕하세요")).await?;
//! while let Some(chunk) = stream.next().await {
//!     print!("{}", chunk?.text());
//! }
//! let reply = stream.into_reply()?; // the whole; an error if the stream did not end well
//! # let _ = reply;
//! # Ok(())
//! # }
//! ```
//!
//! - [`OpenAi`] is the client, [`blocking::OpenAi`] the same for programs without an async runtime.
//! - [`ChatRequest`] is what is asked, [`ChatStream`] and [`ChatReply`] what is answered.
//! - [`ChatService`] asks a chat service for turns and reads their [`TurnEvent`]s; [`ChatStore`] keeps messages.
//! - [`Speech`] speaks a text as it is written, by a [`Speaker`] such as [`GoogleTranslateSpeaker`]; [`SentenceCutter`] finds its sentences.
//! - [`Error`] is the one error; [`ErrorKind`] lists its codes.
//! - [`sse`] holds the event stream's decoder and encoder on their own.
#![forbid(unsafe_code)]

pub mod blocking;
#[cfg(feature = "bridge")]
pub mod bridge;
pub mod event;
pub mod sse;

mod config;
mod error;
mod guard;
mod http;
mod json;
mod open_enum;
mod openai;
mod outbox;
mod process;
mod redact;
mod secret;
mod service;
mod speech;
mod store;
mod token;
mod turn;
mod turn_request;

pub use config::{Limits, RetryPolicy, Timeouts};
pub use error::{ApiError, Error, ErrorKind, Result};
pub use event::TurnEvent;
pub use http::CallOptions;
pub use openai::*;
pub use outbox::*;
pub use secret::{Secret, Tokens};
pub use service::*;
pub use speech::*;
pub use store::*;
pub use token::{TokenProvider, TokenRequest};
pub use turn::*;
pub use turn_request::TurnRequest;

// What stands in public signatures, so that its version need not be guessed.
pub use ::http::HeaderMap;
pub use schemars::JsonSchema;
pub use tokio_util::sync::CancellationToken;
