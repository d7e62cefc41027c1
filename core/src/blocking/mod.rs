//! The same clients for programs without an async runtime: plain calls, and streams that are iterators.
//!
//! They can be used anywhere, also on a thread of a Tokio runtime, where they block that thread.

mod openai;
mod service;
mod turns;
mod wait;

pub use openai::{ChatStream, OpenAi};
pub use service::{ChatService, TurnStream};
pub use turns::{Turn, Turns};
