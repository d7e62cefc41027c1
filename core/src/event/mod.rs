//! The events of a turn: what the chat service streams, and their JSON, in and out. No I/O, no clock.
//!
//! A turn's stream is made of [`TurnEvent`]s, each encoded by [`TurnEvent::encode`] as a frame of its own, under
//! [`RESPONSE_HEADERS`]. While there is nothing to say, [`KEEP_ALIVE`] is sent from time to time; when, is the caller's
//! matter.

mod answer;
mod read;
mod turn_event;
mod write;

pub use answer::ChatAnswer;
pub(crate) use read::{MP3, Unreadable, audio, read};
pub use turn_event::TurnEvent;

/// The headers of a response that streams events. The last two keep proxies from holding the events back.
pub const RESPONSE_HEADERS: [(&str, &str); 3] = [
    ("Content-Type", "text/event-stream; charset=utf-8"),
    ("Cache-Control", "no-cache, no-transform"),
    ("X-Accel-Buffering", "no"),
];

/// A comment that shows readers and proxies that the line is alive. It is no event.
pub const KEEP_ALIVE: &str = ": keep-alive\n\n";
