//! What a stream's bytes hold: events, bare text, or one whole answer in their place.

use bytes::Bytes;

use super::{ChatAnswer, Wire};
use crate::http::Context;
use crate::sse::{Decoder, Frame};
use crate::{ErrorKind, Limits, Result, TurnEvent, event};

/// The bytes of a byte order mark.
const BOM: &[u8] = b"\xEF\xBB\xBF";

/// Reads pieces of a body.
pub(super) struct Input {
    /// The piece at hand, and how much of it has been read.
    bytes: Bytes,
    taken: usize,
    format: Format,
    /// Whether an event of any type came: what has none is most likely no event stream.
    spoken: bool,
    limits: Limits,
}

enum Format {
    /// Not known before the first byte that is neither white space nor a byte order mark.
    Unknown,
    Events(Box<Decoder>),
    /// Bare text, and the bytes of a character that has not come whole yet.
    Text(Vec<u8>),
    /// One JSON object in place of a stream: an answer that came whole, or an error.
    Whole(Vec<u8>),
}

/// What a piece comes to.
pub(super) enum Step {
    Event(TurnEvent),
    /// Nothing, but the line is alive.
    Nothing,
    /// Events that came all at once.
    Answer(ChatAnswer),
    /// The body's end, and it ended well.
    End,
}

impl Input {
    pub(super) fn new(wire: Wire, limits: Limits) -> Self {
        let format = match wire {
            Wire::Events => Format::Unknown,
            Wire::Text => Format::Text(Vec::new()),
        };
        Input { bytes: Bytes::new(), taken: 0, format, spoken: false, limits }
    }

    /// Takes the next piece; the one before must have been read.
    pub(super) fn take(&mut self, bytes: Bytes) {
        self.bytes = bytes;
        self.taken = 0;
    }

    /// What the piece at hand holds next; `None` when another is needed.
    pub(super) fn next(&mut self, context: &Context) -> Result<Option<Step>> {
        loop {
            let mut input = self.bytes.get(self.taken..).unwrap_or_default();
            match &mut self.format {
                Format::Unknown => {
                    let is_before = |b: &u8| b.is_ascii_whitespace() || BOM.contains(b);
                    self.format = match input.iter().find(|b| !is_before(b)) {
                        None => return Ok(None),
                        // No line of an event stream that means anything begins with one of these.
                        Some(b'{' | b'[') => Format::Whole(Vec::new()),
                        Some(b'<') => {
                            let page = context.excerpt(input);
                            let why = format!("a page came in place of a stream: {page}");
                            return Err(context.error(ErrorKind::UnexpectedReply, why));
                        }
                        Some(_) => {
                            Format::Events(Box::new(Decoder::new().max_event(self.limits.event)))
                        }
                    };
                }
                Format::Events(decoder) => {
                    let before = input.len();
                    let frame = decoder.decode(&mut input).map_err(|e| {
                        context.error(ErrorKind::TooLarge, e.to_string()).with_source(e)
                    })?;
                    self.taken += before - input.len();
                    return match frame {
                        None => Ok(None),
                        Some(Frame::Comment(_)) => Ok(Some(Step::Nothing)),
                        Some(Frame::Event(event)) => {
                            self.spoken = true;
                            read(context, &event.data).map(Some)
                        }
                    };
                }
                Format::Text(rest) => {
                    if input.is_empty() {
                        return Ok(None);
                    }
                    rest.extend_from_slice(input);
                    self.taken = self.bytes.len();
                    let content = take_text(rest);
                    return Ok(Some(match content.is_empty() {
                        true => Step::Nothing,
                        false => Step::Event(TurnEvent::Content { content }),
                    }));
                }
                Format::Whole(json) => {
                    json.extend_from_slice(input);
                    self.taken = self.bytes.len();
                    if json.len() > self.limits.reply {
                        let why = format!("the reply is larger than {} bytes", self.limits.reply);
                        return Err(context.error(ErrorKind::TooLarge, why));
                    }
                    return Ok(None);
                }
            }
        }
    }

    /// What is left at the body's end. `begun` tells whether any of the reply came.
    pub(super) fn at_end(&mut self, context: &Context, begun: bool) -> Result<Step> {
        match &mut self.format {
            Format::Whole(json) => {
                return ChatAnswer::read(context, &std::mem::take(json)).map(Step::Answer);
            }
            Format::Text(rest) if !rest.is_empty() => {
                rest.clear();
                let content = char::REPLACEMENT_CHARACTER.to_string();
                return Ok(Step::Event(TurnEvent::Content { content }));
            }
            Format::Text(_) if begun => return Ok(Step::End),
            Format::Events(decoder) => {
                if let Some(event) = decoder.finish() {
                    self.spoken = true;
                    return read(context, &event.data);
                }
            }
            Format::Text(_) | Format::Unknown => {}
        }
        let why = match (&self.format, begun || self.spoken) {
            (_, true) => "the stream ended before the turn did",
            (Format::Events(_), false) => {
                "no event came; if the service streams bare text, set the wire to text"
            }
            (_, false) => "the stream ended without a reply",
        };
        Err(context.error(ErrorKind::Truncated, why))
    }
}

/// Reads one event.
pub(super) fn read(context: &Context, data: &str) -> Result<Step> {
    if data.trim().is_empty() {
        return Ok(Step::Nothing);
    }
    let event = event::read(data).map_err(|why| {
        let why = format!("{why}: {}", context.excerpt(data.as_bytes()));
        context.error(ErrorKind::Decode, why)
    })?;
    Ok(event.map_or(Step::Nothing, Step::Event))
}

/// Takes the text out of the bytes, up to a character that has not come whole yet. What is no UTF-8 becomes U+FFFD.
fn take_text(bytes: &mut Vec<u8>) -> String {
    let mut text = String::new();
    let mut kept = 0;
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        let invalid = chunk.invalid();
        let is_last = chunk.valid().len() + invalid.len() + kept == bytes.len();
        kept += chunk.valid().len() + invalid.len();
        if invalid.is_empty() {
            continue;
        }
        // At the end, the start of a character may be what the next piece goes on with.
        let is_start = std::str::from_utf8(invalid).is_err_and(|e| e.error_len().is_none());
        if is_last && is_start {
            kept -= invalid.len();
        } else {
            text.push(char::REPLACEMENT_CHARACTER);
        }
    }
    bytes.drain(..kept);
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn text_in_any_pieces_is_the_text_as_a_whole(
            bytes in prop_oneof![
                prop::collection::vec(any::<u8>(), 0..60),
                any::<String>().prop_map(String::into_bytes),
            ],
            sizes in prop::collection::vec(1usize..5, 1..8),
        ) {
            let mut text = String::new();
            let mut rest = Vec::new();
            let mut left = &bytes[..];
            for size in sizes.iter().cycle() {
                if left.is_empty() {
                    break;
                }
                let (piece, after) = left.split_at((*size).min(left.len()));
                rest.extend_from_slice(piece);
                text.push_str(&take_text(&mut rest));
                left = after;
            }
            if !rest.is_empty() {
                text.push(char::REPLACEMENT_CHARACTER);
            }
            prop_assert_eq!(text, String::from_utf8_lossy(&bytes));
        }
    }
}
