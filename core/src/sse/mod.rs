//! Server-sent events: bytes ↔ frames, without I/O and without a clock.
//!
//! [`Decoder`] turns bytes into [`Frame`]s, [`encode`] turns data into bytes. Both follow the WHATWG HTML
//! standard, section 9.2 "Server-sent events".

mod decoder;
mod encoder;
mod frame;
mod line;

pub(crate) use decoder::{DEFAULT_MAX_EVENT, STRAY};
pub use decoder::{Decoder, EventTooLarge};
pub use encoder::encode;
pub use frame::{Event, Frame};
