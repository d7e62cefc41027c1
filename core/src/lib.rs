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
//! Each room of the crate is a module with its own page:
//!
//! | module | contents |
//! | --- | --- |
//! | [`chat`] | [`OpenAi`], the client of an LLM: requests, replies, streams |
//! | [`turn`] | [`Turns`], the engine that serves a whole turn: reply, speech, saving |
//! | [`service`] | [`ChatService`], the client of a chat service that serves turns |
//! | [`event`] | [`TurnEvent`], the events of a turn and their JSON |
//! | [`outbox`] | [`Outbox`], a durable queue of messages to be saved |
//! | [`store`] | [`ChatStore`], the client of the store that keeps messages |
//! | [`speech`] | [`Speech`], from a growing text to audio in order |
//! | [`sse`] | the event stream's decoder and encoder on their own |
//! | [`blocking`] | the clients for programs without an async runtime |
//! | [`config`], [`credentials`], [`error`] | options, secrets, and the one [`Error`] |
#![forbid(unsafe_code)]

pub mod blocking;
#[cfg(feature = "bridge")]
#[doc(hidden)]
pub mod bridge;
pub mod chat;
pub mod config;
pub mod credentials;
pub mod error;
pub mod event;
pub mod outbox;
pub mod service;
pub mod speech;
pub mod sse;
pub mod store;
pub mod turn;

mod guard;
mod http;
mod json;
mod open_enum;
mod process;
mod redact;
mod turn_request;

pub use chat::{ChatReply, ChatRequest, ChatStream, Message, OpenAi};
pub use error::{Error, ErrorKind, Result};
pub use event::TurnEvent;
pub use outbox::Outbox;
pub use service::ChatService;
pub use speech::{GoogleTranslateSpeaker, Speech};
pub use store::ChatStore;
pub use turn::{Turn, TurnRequest, Turns};

// Types of other crates in public signatures, so that their versions need not be guessed.
pub use ::http::HeaderMap;
/// Writes the asynchronous methods of this crate's traits as `async fn`, in an `impl` under `#[async_trait]`.
pub use async_trait::async_trait;
pub use bytes::Bytes;
pub use tokio_util::sync::CancellationToken;
