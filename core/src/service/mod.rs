//! The client of a chat service, which serves turns: a user's message, the model's reply, saving and speech.
//!
//! ```text
//! TurnRequest ─▶ ChatService ─┬─ stream ─▶ TurnStream ─▶ TurnEvent, TurnEvent, …
//!                             ├─ send ───▶ ChatAnswer, whole
//! text ────────▶              ├─ speak ──▶ MP3
//! a turn's id ─▶              └─ stop
//! ```
//!
//! The events are those of [`Turns`](crate::turn::Turns), this crate's own engine for turns.
//!
//! # Failures
//!
//! A turn is retried only while the service has certainly not begun with it: a second one would be billed and saved
//! twice. A service that does not stream is asked for a whole reply, on the same condition
//! ([`ChatServiceBuilder::fallback`]). A stream that breaks off ends with an [`Error`](crate::error::Error) that keeps
//! the text so far. When the service refuses the tokens, a
//! [`TokenProvider`](crate::credentials::TokenProvider) is asked for fresh ones, once a call.
//!
//! # Example
//!
//! ```no_run
//! use futures::StreamExt;
//! use turnwire::{ChatService, TurnEvent, TurnRequest};
//!
//! # async fn run(access: &str, refresh: &str) -> turnwire::Result<()> {
//! let service = ChatService::new("http://localhost:5000")?;
//! let request = TurnRequest::new("안녕").new_workspace().tokens(access, refresh);
//! let mut turn = service.stream(request).await?;
//! while let Some(event) = turn.next().await {
//!     match event? {
//!         TurnEvent::Workspace { workspace_id, .. } => println!("in workspace {workspace_id}"),
//!         TurnEvent::Content { content, .. } => print!("{content}"),
//!         _ => {}
//!     }
//! }
//! # Ok(())
//! # }
//! ```

mod answer;
mod bare;
mod builder;
mod client;
mod failure;
mod input;
mod interop;
mod request;
mod settings;
mod stream;

pub use builder::ChatServiceBuilder;
pub use client::ChatService;
pub use settings::{ServicePaths, Wire};
pub use stream::TurnStream;
