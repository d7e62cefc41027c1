//! Parses a stream's body: events, bare text, or one whole answer in their place.

use bytes::Bytes;

use super::Wire;
use super::bare::{Bare, is_events};
use crate::config::Limits;
use crate::error::{Error, ErrorKind, Result};
use crate::event::{self, ChatAnswer, TurnEvent};
use crate::http::{BodyFormat, Context, Received};
use crate::sse::{Decoder, Frame};

/// Hint for a service that streams bare text.
const TEXT_HINT: &str = "if the service streams bare text, set wire = text";

/// Parser of the pieces of a body.
pub(super) struct Input {
    received: Received,
    format: Format,
    /// True once an event of any type, or text, has arrived.
    spoken: bool,
    /// Bare text in place of events.
    bare: Bare,
    limits: Limits,
}

enum Format {
    /// Unknown before the first byte that is neither white space nor a byte order mark.
    Unknown,
    Events(Box<Decoder>),
    /// Bare text, and the bytes of an incomplete character.
    Text(Vec<u8>),
    /// One JSON object in place of a stream: a whole answer, or an error.
    Whole(Vec<u8>),
}

/// A parsed step of the body.
pub(super) enum Step {
    Event(TurnEvent),
    /// Nothing to report; the connection is alive.
    Nothing,
    /// Events of a whole answer.
    Answer(ChatAnswer),
    /// The body's good end.
    End,
}

impl Input {
    pub(super) fn new(wire: Wire, limits: Limits) -> Self {
        let format = match wire {
            Wire::Events => Format::Unknown,
            Wire::Text => Format::Text(Vec::new()),
        };
        let bare = Bare::new(limits.reply);
        Input { received: Received::default(), format, spoken: false, bare, limits }
    }

    /// Sets the next piece; the previous one must have been read.
    pub(super) fn take(&mut self, bytes: Bytes) {
        if matches!(self.format, Format::Unknown | Format::Events(_)) {
            self.bare.take(&bytes);
        }
        self.received = Received::new(bytes);
    }

    /// Returns true if all of the current piece has been read.
    #[cfg(feature = "bridge")]
    pub(super) fn is_dry(&self) -> bool {
        self.received.is_dry()
    }

    /// The next step in the current piece; `None` when another is needed.
    pub(super) fn next(&mut self, context: &Context) -> Result<Option<Step>> {
        loop {
            let mut input = self.received.rest();
            match &mut self.format {
                Format::Unknown => {
                    self.format = match context.format_of_stream(input)? {
                        None => return Ok(None),
                        Some(BodyFormat::Json) => Format::Whole(Vec::new()),
                        Some(BodyFormat::Events) => {
                            Format::Events(Box::new(Decoder::new().max_event(self.limits.event)))
                        }
                    };
                }
                Format::Events(_) if self.received.is_dry() => return Ok(None),
                Format::Events(decoder) => {
                    let before = input.len();
                    let frame = decoder.decode(&mut input).map_err(|e| {
                        let why = format!("{e}, the limit `event`");
                        context.error(ErrorKind::TooLarge, why).with_source(e)
                    })?;
                    let read_bytes = before - input.len();
                    let step = match frame {
                        None => Ok(None),
                        Some(Frame::Comment(_)) => Ok(Some(Step::Nothing)),
                        Some(Frame::Event(event)) => {
                            self.spoken = true;
                            self.bare.are_events();
                            read(context, &event.data).map(Some)
                        }
                    };
                    self.received.advance(read_bytes);
                    return step;
                }
                Format::Text(rest) => {
                    if input.is_empty() {
                        return Ok(None);
                    }
                    rest.extend_from_slice(input);
                    let all = input.len();
                    self.received.advance(all);
                    match is_events(rest) {
                        _ if self.spoken => {}
                        Some(false) => self.spoken = true,
                        Some(true) => return Err(unwanted_events(context)),
                        None => return Ok(Some(Step::Nothing)),
                    }
                    let content = take_text(rest);
                    return Ok(Some(match content.is_empty() {
                        true => Step::Nothing,
                        false => Step::Event(TurnEvent::Content { content }),
                    }));
                }
                Format::Whole(json) => {
                    json.extend_from_slice(input);
                    let all = input.len();
                    self.received.advance(all);
                    if json.len() > self.limits.reply {
                        let why = format!(
                            "the reply is larger than {} bytes, the limit `reply`",
                            self.limits.reply
                        );
                        return Err(context.error(ErrorKind::TooLarge, why));
                    }
                    return Ok(None);
                }
            }
        }
    }

    /// The last step, at the body's end. `begun` is true if any part of the reply has arrived.
    pub(super) fn at_end(&mut self, context: &Context, begun: bool) -> Result<Step> {
        match &mut self.format {
            Format::Whole(json) => {
                let answer = ChatAnswer::read(context, &std::mem::take(json));
                return answer.map(Step::Answer).map_err(|error| match error.kind() {
                    ErrorKind::Decode => error.with_hint(TEXT_HINT),
                    _ => error,
                });
            }
            Format::Text(rest) if !rest.is_empty() => {
                let content = String::from_utf8_lossy(&std::mem::take(rest)).into_owned();
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
        if let Some(text) = self.bare.text() {
            return Err(bare(context, &text));
        }
        let why = match begun || self.spoken {
            true => "the stream ended before the turn did",
            false => "the stream ended without a reply",
        };
        Err(context.error(ErrorKind::Truncated, why))
    }
}

/// Reads one event. An unreadable event ends the stream only if the reply would be incomplete without it.
pub(super) fn read(context: &Context, data: &str) -> Result<Step> {
    // On the hot path the JSON is neither padded nor empty.
    if !data.starts_with('{') && matches!(data.trim(), "" | "null") {
        return Ok(Step::Nothing);
    }
    match event::read(data) {
        Ok(event) => Ok(event.map_or(Step::Nothing, Step::Event)),
        Err(event::Unreadable { why, is_optional: true }) => {
            tracing::warn!("a chat service's event is skipped: {why}");
            Ok(Step::Nothing)
        }
        Err(event::Unreadable { why, is_optional: false }) => {
            let why = format!("{why}: {}", context.excerpt(data.as_bytes()));
            Err(context.error(ErrorKind::Decode, why))
        }
    }
}

/// The error of a stream that was bare text. Not retryable: another call would be billed again.
fn bare(context: &Context, text: &str) -> Error {
    let why = "expected an event stream, got bare text";
    context.error(ErrorKind::UnexpectedReply, why).with_partial(text).with_hint(TEXT_HINT)
}

/// The error of an event stream where bare text was expected: its raw form is no text for a reader.
fn unwanted_events(context: &Context) -> Error {
    let why = "expected bare text, got an event stream";
    let hint = "if the service streams events, set wire = events";
    context.error(ErrorKind::UnexpectedReply, why).with_hint(hint)
}

/// Removes the text from the bytes, up to an incomplete character. Invalid UTF-8 becomes U+FFFD.
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
        // At the end, an incomplete character may be continued by the next piece.
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
