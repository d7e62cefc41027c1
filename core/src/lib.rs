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
//! | [`web`] | the routes of such a service, for any web framework |
//! | [`service`] | [`ChatService`], the client of a chat service that serves turns |
//! | [`event`] | [`TurnEvent`], the events of a turn and their JSON |
//! | [`outbox`] | [`Outbox`], a durable queue of messages to be saved |
//! | [`nats`] | the outbox over several machines, through a NATS broker |
//! | [`store`] | [`ChatStore`], the client of the store that keeps messages |
//! | [`sqlite_store`] | [`SqliteStore`], an embedded store in a file |
//! | [`conversation`] | the trait for a store of your own, and its messages |
//! | [`speech`] | [`Speech`], from a growing text to audio in order |
//! | [`sse`] | the event stream's decoder and encoder on their own |
//! | [`blocking`] | the clients for programs without an async runtime |
//! | [`presets`] | prompts for languages and audiences |
//! | [`propagation`] | the trace context of requests |
//! | [`config`], [`credentials`], [`error`] | options, secrets, and the one [`Error`] |
//!
//! # Features
//!
//! The client of an LLM is always there. The rest of the rooms are features:
//!
//! | feature | adds |
//! | --- | --- |
//! | `turns` (default) | [`turn`] and [`web`], with `outbox`, `service`, `speech` and `store` |
//! | `outbox` | [`outbox`], in memory |
//! | `outbox-sqlite` (default) | outboxes in a file, which survive their process |
//! | `service` | [`service`] |
//! | `speech` | [`speech`] |
//! | `store` | [`store`], with `outbox` |
//! | `store-sqlite` (default) | [`sqlite_store`], with `store` |
//! | `nats` | [`nats`], with `outbox` |
//! | `schema` | JSON Schemas of Rust types, for structured replies and tools |
//! | `timeline-svg` | the drawing of a [`turn::Timeline`] |
//! | `eventsource-stream` | a [`ChatStream`] from events of the crate `eventsource-stream` |
#![forbid(unsafe_code)]
#![cfg_attr(not(test), warn(clippy::unreachable))]
#![cfg_attr(docsrs, feature(doc_cfg))]
// `bridge` turns every room on but `nats`: with both, the lints look at all of them.
#![cfg_attr(
    not(feature = "bridge"),
    allow(dead_code, unused_imports, reason = "the lower rooms serve rooms that are not compiled")
)]

pub mod blocking;
#[cfg(feature = "bridge")]
#[doc(hidden)]
pub mod bridge;
pub mod chat;
pub mod config;
#[cfg(feature = "store")]
pub mod conversation;
pub mod credentials;
pub mod error;
#[cfg(any(feature = "service", feature = "turns"))]
pub mod event;
#[cfg(feature = "nats")]
pub mod nats;
#[cfg(feature = "outbox")]
pub mod outbox;
#[cfg(feature = "turns")]
pub mod presets;
pub mod propagation;
#[cfg(feature = "service")]
pub mod service;
#[cfg(feature = "speech")]
pub mod speech;
#[cfg(feature = "store-sqlite")]
pub mod sqlite_store;
pub mod sse;
#[cfg(feature = "store")]
pub mod store;
#[cfg(feature = "turns")]
pub mod turn;
#[cfg(feature = "turns")]
pub mod web;

#[cfg_attr(
    not(feature = "bridge"),
    allow(dead_code, unreachable_pub, reason = "only a host language sets a context")
)]
mod caller;
mod guard;
mod http;
mod json;
mod open_enum;
mod process;
mod redact;
#[cfg(feature = "outbox")]
mod sqlite;
#[cfg(any(feature = "service", feature = "turns"))]
mod turn_request;

pub use chat::{ChatReply, ChatRequest, ChatStream, Message, OpenAi};
pub use error::{Error, ErrorKind, Result};
#[cfg(any(feature = "service", feature = "turns"))]
pub use event::TurnEvent;
#[cfg(feature = "outbox")]
pub use outbox::Outbox;
#[cfg(feature = "service")]
pub use service::ChatService;
#[cfg(feature = "speech")]
pub use speech::{GoogleTranslateSpeaker, Speech};
#[cfg(feature = "store-sqlite")]
pub use sqlite_store::SqliteStore;
#[cfg(feature = "store")]
pub use store::ChatStore;
#[cfg(feature = "turns")]
pub use turn::{Turn, Turns};
#[cfg(any(feature = "service", feature = "turns"))]
pub use turn_request::TurnRequest;

// Types of other crates in public signatures, so that their versions need not be guessed.
pub use ::http::HeaderMap;
/// Writes the asynchronous methods of this crate's traits as `async fn`, in an `impl` under `#[async_trait]`.
pub use async_trait::async_trait;
pub use bytes::Bytes;
pub use tokio_util::sync::CancellationToken;
