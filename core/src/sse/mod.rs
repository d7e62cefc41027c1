//! Server-sent events: bytes ↔ frames, without I/O and without a clock.
//!
//! ```text
//!                        ┌─▶ Frame::Event(Event)  type, data, id, retry
//! bytes ─▶ Decoder ──────┤                                              ─▶ encode ─▶ bytes
//! in any pieces          └─▶ Frame::Comment       keep-alive
//! ```
//!
//! [`Decoder`] converts bytes to [`Frame`]s, [`encode`] converts frames to bytes. Both follow the WHATWG HTML standard,
//! section 9.2 "Server-sent events". Any split of the same bytes yields the same frames, and an event that lies
//! entirely in one piece is borrowed from it.
//!
//! Decoding fails only if one event exceeds its limit ([`EventTooLarge`], 8 MiB by default). The standard defines every
//! other irregularity: unknown fields are ignored, invalid UTF-8 becomes U+FFFD. At the end of a stream,
//! [`Decoder::finish`] yields an event whose last blank line is missing, if its data is complete.
//!
//! ```
//! use turnwire::sse::{Decoder, Event, Frame, encode};
//!
//! let mut wire = Vec::new();
//! encode(&Frame::Event(Event::new("안녕하세요")), &mut wire);
//!
//! let mut decoder = Decoder::new();
//! let mut input = wire.as_slice();
//! match decoder.decode(&mut input)? {
//!     Some(Frame::Event(event)) => assert_eq!(event.data, "안녕하세요"),
//!     other => panic!("{other:?}"),
//! }
//! # Ok::<(), turnwire::sse::EventTooLarge>(())
//! ```

mod block;
mod buffer;
mod decoder;
mod encoder;
mod frame;
mod line;
mod text;

pub(crate) use buffer::Buffer;
pub(crate) use decoder::{DEFAULT_MAX_EVENT, STRAY};
pub use decoder::{Decoder, EventTooLarge};
pub use encoder::encode;
pub(crate) use encoder::encode_line;
pub use frame::{Event, Frame};
pub(crate) use line::line_end;
pub(crate) use text::decode_text;
