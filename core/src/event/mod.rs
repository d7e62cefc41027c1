//! The events of a turn: the protocol of the chat service, and its JSON encoding and decoding. No I/O, no clock.
//!
//! A turn's stream consists of [`TurnEvent`]s, each encoded by [`TurnEvent::encode`] as its own frame, under
//! [`RESPONSE_HEADERS`]. While no event is due, the caller sends [`KEEP_ALIVE`] at an interval of its choice. [`Wire`] lists
//! the other forms of such a body.
//!
//! ```text
//! Turns ──────▶ TurnEvent ─▶ encode ─▶ data: {"type": "content", "content": "안녕"} ─▶ your front end
//! ChatService ◀─ TurnEvent ◀─ from_json ◀───────────────────────────────────────── a chat service
//! ```
//!
//! A stream is `workspace` and `content` events in any order, then one of `done` and `error`. Others are sent only when
//! they are asked for ([`TurnEvent`] lists them). [`ChatAnswer`] is their sum.
//!
//! # Failures
//!
//! A type or a field that is not known is skipped, as the protocol grows by them ([`TurnEvent::from_json`] returns `None`
//! for such a type). Text that is no JSON object, and an event without a field that it needs, are a `decode` error.
//!
//! # Example
//!
//! ```
//! use turnwire::TurnEvent;
//!
//! # fn main() -> turnwire::Result<()> {
//! let mut body = Vec::new();
//! TurnEvent::content("안녕").encode(&mut body);
//! let json = r#"{"type": "content", "content": "안녕"}"#;
//! assert_eq!(String::from_utf8_lossy(&body), format!("data: {json}\n\n"));
//! assert_eq!(TurnEvent::from_json(json)?, Some(TurnEvent::content("안녕")));
//! assert_eq!(TurnEvent::from_json(r#"{"type": "of a later version"}"#)?, None);
//! # Ok(())
//! # }
//! ```

mod answer;
mod content;
mod object;
mod read;
mod turn_event;
mod ui;
mod wire;
mod write;

pub use answer::ChatAnswer;
pub(crate) use read::{MP3, Unreadable, audio, read};
pub use turn_event::TurnEvent;
pub(crate) use wire::WireWriter;
pub use wire::{KEEP_ALIVE, RESPONSE_HEADERS, TEXT_RESPONSE_HEADERS, UI_RESPONSE_HEADERS, Wire};
