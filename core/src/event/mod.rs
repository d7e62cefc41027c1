//! The events of a turn: the protocol of the chat service, and its JSON encoding and decoding. No I/O, no clock.
//!
//! A turn's stream consists of [`TurnEvent`]s, each encoded by [`TurnEvent::encode`] as its own frame, under
//! [`RESPONSE_HEADERS`]. While no event is due, the caller sends [`KEEP_ALIVE`] at an interval of its choice.

mod answer;
mod read;
mod turn_event;
mod write;

pub use answer::ChatAnswer;
pub(crate) use read::{MP3, Unreadable, audio, read};
pub use turn_event::TurnEvent;

/// The headers of a response that streams events. The last two keep proxies from buffering the events.
pub const RESPONSE_HEADERS: [(&str, &str); 3] = [
    ("Content-Type", "text/event-stream; charset=utf-8"),
    ("Cache-Control", "no-cache, no-transform"),
    ("X-Accel-Buffering", "no"),
];

/// A comment that proves to readers and proxies that the connection is alive. It is not an event.
pub const KEEP_ALIVE: &str = ": keep-alive\n\n";
