//! The same clients for programs without an async runtime: plain calls, and streams that are iterators.
//!
//! They can be used anywhere, also on a thread of a Tokio runtime, where they block that thread.

mod openai;
#[cfg(feature = "service")]
mod service;
#[cfg(feature = "turns")]
mod turns;
mod wait;

pub use openai::{ChatStream, OpenAi};
#[cfg(feature = "service")]
pub use service::{ChatService, TurnStream};
#[cfg(feature = "turns")]
pub use turns::{Turn, Turns};
