//! Bytes → frames: the standard's line parser as a state machine that accepts any split of the bytes.

use std::borrow::Cow;
use std::sync::Arc;

use memchr::memchr;
use serde::de::IgnoredAny;

use super::block::Block;
use super::frame::DEFAULT_EVENT;
use super::line::{Line, line_end, parse_line, split_event};
use super::text::decode_text;
use super::{Event, Frame};

/// The limit on one event unless [`Decoder::max_event`] sets another: 8 MiB.
pub(crate) const DEFAULT_MAX_EVENT: usize = 8 * 1024 * 1024;

/// The type of an event that consists of bare JSON, which the standard ignores: no type in a stream has a line break.
pub(crate) const STRAY: &str = "\n";

const BOM: &[u8] = b"\xEF\xBB\xBF";

/// The capacity that a buffer keeps after an event: one large event must not hold its memory for the rest of the stream.
const KEPT_CAPACITY: usize = 64 * 1024;

/// Decodes an event stream, fed in pieces of any size.
///
/// Any split of the same bytes yields the same frames, in time linear in the bytes. An event that lies whole
/// in one piece is borrowed from it, not copied. Invalid UTF-8 becomes U+FFFD, as in the standard.
///
/// ```
/// use turnwire::sse::{Decoder, Frame};
///
/// let mut decoder = Decoder::new();
/// let mut data = Vec::new();
/// for mut piece in [&b"data: hel"[..], b"lo\n\n: ping\nda", b"ta: x\n\n"] {
///     while let Some(frame) = decoder.decode(&mut piece)? {
///         if let Frame::Event(event) = frame {
///             data.push(event.data.into_owned());
///         }
///     }
/// }
/// assert_eq!(data, ["hello", "x"]);
/// # Ok::<(), turnwire::sse::EventTooLarge>(())
/// ```
#[derive(Debug)]
pub struct Decoder {
    max_event: usize,
    /// The bytes of a leading byte order mark received so far; `BOM.len()` once it is complete or ruled out.
    bom: usize,
    /// True if the last line ended with CR: an LF right after it belongs to that line end.
    after_cr: bool,
    /// The start of a line whose end has not been received.
    line: Vec<u8>,
    block: Block,
    /// True if a part of an event may have been received.
    has_begun: bool,
    last_event_id: Arc<str>,
    retry: Option<u64>,
    failed: bool,
    /// True if lines that resemble an error, which the standard ignores, are yielded.
    keeps_stray: bool,
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}

impl Decoder {
    /// A decoder at the start of a stream, with a limit of 8 MiB on one event.
    pub fn new() -> Self {
        Decoder {
            max_event: DEFAULT_MAX_EVENT,
            bom: 0,
            after_cr: false,
            line: Vec::new(),
            block: Block::default(),
            has_begun: false,
            last_event_id: Arc::default(),
            retry: None,
            failed: false,
            keeps_stray: false,
        }
    }

    /// Also yields lines that the standard ignores and failing services send: an `error` field as an event of that
    /// type, and bare JSON as an event of the type [`STRAY`].
    pub(crate) fn keep_stray(mut self) -> Self {
        self.keeps_stray = true;
        self
    }

    /// Sets the limit on one event: its data so far and the current line, in bytes.
    #[must_use]
    pub fn max_event(mut self, bytes: usize) -> Self {
        self.max_event = bytes;
        self
    }

    /// Sets the last event id that a stream starts with, as after a reconnection.
    #[must_use]
    pub fn initial_last_event_id(mut self, id: impl Into<Arc<str>>) -> Self {
        self.last_event_id = id.into();
        self
    }

    /// The last id in the stream, in a block that a blank line ended.
    pub fn last_event_id(&self) -> &str {
        &self.last_event_id
    }

    /// The last reconnection time in the stream, in milliseconds.
    pub fn retry(&self) -> Option<u64> {
        self.retry
    }

    /// Consumes `input` up to the end of the next frame, and returns that frame.
    ///
    /// `None` means that all of `input` was consumed and more is needed: call it again with the next piece.
    ///
    /// # Errors
    ///
    /// [`EventTooLarge`] if one event exceeds the limit. The decoder then stays failed.
    pub fn decode<'a>(&mut self, input: &mut &'a [u8]) -> Result<Option<Frame<'a>>, EventTooLarge> {
        if self.failed {
            return Err(EventTooLarge { max: self.max_event });
        }
        if let Some(data) = self.whole_event(input, line_end) {
            let (data, id) = (decode_text(data), self.last_event_id.clone());
            return Ok(Some(Frame::Event(Event {
                event: DEFAULT_EVENT.into(),
                data,
                id,
                retry: None,
            })));
        }
        self.has_begun = true;
        // The block's first data line, as long as it can be yielded without a copy.
        let mut whole: Option<&'a [u8]> = None;
        loop {
            if self.after_cr && !input.is_empty() {
                self.after_cr = false;
                *input = input.strip_prefix(b"\n").unwrap_or(input);
            }
            let held = self.block.data.len() + whole.map_or(0, <[u8]>::len) + self.line.len();
            let end = line_end(input);
            let taken = end.unwrap_or(input.len());
            if held + taken > self.max_event {
                self.failed = true;
                self.line = Vec::new();
                self.block = Block::default();
                return Err(EventTooLarge { max: self.max_event });
            }
            let (line, rest) = input.split_at(taken);
            let Some((terminator, rest)) = rest.split_first().filter(|_| end.is_some()) else {
                self.line.extend_from_slice(line);
                *input = rest;
                self.keep(whole);
                return Ok(None);
            };
            *input = rest;
            self.after_cr = *terminator == b'\r';

            if !self.line.is_empty() {
                self.line.extend_from_slice(line);
                let line = std::mem::take(&mut self.line);
                let comment = self.buffered_line(&line, whole.take());
                self.line = reuse(line);
                if let Some(text) = comment {
                    return Ok(Some(Frame::Comment(text)));
                }
                continue;
            }
            match parse_line(line) {
                Line::Blank => {
                    if let Some(event) = self.dispatch(whole.take()) {
                        return Ok(Some(Frame::Event(event)));
                    }
                }
                Line::Comment(text) => {
                    self.keep(whole);
                    return Ok(Some(Frame::Comment(decode_text(text))));
                }
                Line::Data(value) if !self.block.has_data => {
                    self.block.has_data = true;
                    whole = Some(value);
                }
                Line::Data(value) => {
                    self.keep(whole.take());
                    self.append_data(value);
                }
                Line::Field(name, value) => self.field(line, name, value),
            }
        }
    }

    /// Consumes the usual event in one step, and returns its data, undecoded: an event without a type, whole in `input`,
    /// of one line. `None` for all others, of which [`decode`](Self::decode) consumes all, but for a byte order mark.
    ///
    /// `length_of` measures the data at the start of the bytes that it is given: up to a line end, and without one.
    pub(crate) fn whole_event<'a>(
        &mut self,
        input: &mut &'a [u8],
        length_of: impl FnOnce(&'a [u8]) -> Option<usize>,
    ) -> Option<&'a [u8]> {
        if self.bom < BOM.len() {
            self.skip_bom(input);
        }
        if self.failed || !self.is_between_events() {
            return None;
        }
        let (length, data, rest) = split_event(input, length_of)?;
        (length <= self.max_event).then_some(())?;
        *input = rest;
        Some(data)
    }

    /// Ends the stream, and returns its unterminated event if that is complete anyway: `[DONE]`, or complete JSON.
    ///
    /// The standard drops an event without a final blank line. Some servers omit that line, so self-delimiting data is
    /// accepted; a bare number is not, because more digits could have followed.
    pub fn finish(&mut self) -> Option<Event<'static>> {
        if self.failed {
            return None;
        }
        let line = std::mem::take(&mut self.line);
        match parse_line(&line) {
            Line::Data(value) => self.append_data(value),
            Line::Field(name, value) if self.keeps_stray => self.field(&line, name, value),
            _ => {}
        }
        if !self.block.has_data && !self.block.stray.is_empty() {
            return self.dispatch(None);
        }
        let ends_itself = {
            let data = self.block.data.trim_ascii();
            let is_number = data.first().is_some_and(|b| b.is_ascii_digit() || *b == b'-');
            data == b"[DONE]" || !is_number && serde_json::from_slice::<IgnoredAny>(data).is_ok()
        };
        if ends_itself {
            return self.dispatch(None).map(Event::into_owned);
        }
        self.block = Block::default();
        None
    }

    /// Returns true if nothing of the next event has been received.
    fn is_between_events(&mut self) -> bool {
        // A flag of its own, since of a thousand paced streams each has to fetch its state into the cache for its chunk.
        if self.has_begun {
            self.has_begun = !self.block.is_empty() || !self.line.is_empty() || self.after_cr;
        }
        !self.has_begun
    }

    /// Removes one leading byte order mark, which may come split.
    fn skip_bom(&mut self, input: &mut &[u8]) {
        while let (Some(expected), Some((byte, rest))) = (BOM.get(self.bom), input.split_first()) {
            if byte != expected {
                // It was not a byte order mark: these bytes are content.
                self.line.extend_from_slice(BOM.get(..self.bom).unwrap_or_default());
                self.has_begun = self.bom > 0;
                self.bom = BOM.len();
                return;
            }
            self.bom += 1;
            *input = rest;
        }
    }

    /// Copies the data line that could have been borrowed, because the block continues after this input.
    fn keep(&mut self, whole: Option<&[u8]>) {
        if let Some(data) = whole {
            self.block.data.extend_from_slice(data);
        }
    }

    /// Handles a line that came in more than one piece; returns its text if it is a comment.
    fn buffered_line(&mut self, line: &[u8], whole: Option<&[u8]>) -> Option<Cow<'static, str>> {
        self.keep(whole);
        match parse_line(line) {
            Line::Comment(text) => {
                return Some(Cow::Owned(decode_text(text).into_owned()));
            }
            Line::Data(value) => self.append_data(value),
            Line::Field(name, value) => self.field(line, name, value),
            Line::Blank => {} // a buffered line has at least one byte
        }
        None
    }

    fn append_data(&mut self, value: &[u8]) {
        if std::mem::replace(&mut self.block.has_data, true) {
            self.block.data.push(b'\n');
        }
        self.block.data.extend_from_slice(value);
    }

    /// A field other than `data`.
    fn field(&mut self, line: &[u8], name: &[u8], value: &[u8]) {
        match name {
            b"event" => self.block.event = decode_text(value).into_owned(),
            b"id" if memchr(0, value).is_none() => {
                self.block.id = Some(decode_text(value).into());
            }
            b"retry" if !value.is_empty() && value.iter().all(u8::is_ascii_digit) => {
                // A number that overflows is not a usable time.
                if let Some(ms) = str::from_utf8(value).ok().and_then(|v| v.parse().ok()) {
                    self.retry = Some(ms);
                    self.block.retry = Some(ms);
                }
            }
            _ if self.keeps_stray => self.stray(line, name, value),
            _ => {}
        }
    }

    /// Keeps a line of a field `error`, or of JSON: both have a recognisable start, and JSON may continue for several
    /// lines.
    fn stray(&mut self, line: &[u8], name: &[u8], value: &[u8]) {
        let (text, is_kept) = match name {
            b"error" => {
                self.block.is_error = true;
                (value, true)
            }
            _ => (
                line,
                !self.block.stray.is_empty()
                    || matches!(line.trim_ascii_start().first(), Some(b'{' | b'[')),
            ),
        };
        let stray = &mut self.block.stray;
        if is_kept && stray.len() + text.len() < KEPT_CAPACITY {
            stray.extend_from_slice(text);
            stray.push(b'\n');
        }
    }

    /// The standard's "dispatch the event"; `whole` is the data if it can be borrowed.
    fn dispatch<'a>(&mut self, whole: Option<&'a [u8]>) -> Option<Event<'a>> {
        if let Some(id) = self.block.id.take() {
            self.last_event_id = id;
        }
        let retry = self.block.retry.take();
        let event = std::mem::take(&mut self.block.event);
        let stray = std::mem::take(&mut self.block.stray);
        let is_error = std::mem::take(&mut self.block.is_error) || event == "error";
        if !std::mem::replace(&mut self.block.has_data, false) {
            let event = if is_error { "error" } else { STRAY };
            let data = String::from_utf8_lossy(stray.trim_ascii()).into_owned();
            let id = || self.last_event_id.clone();
            let is_told = !data.is_empty();
            return is_told.then(|| Event {
                event: event.into(),
                data: data.into(),
                id: id(),
                retry,
            });
        }
        let data = match whole {
            Some(data) => decode_text(data),
            None => {
                // The buffer itself becomes the text, without a copy.
                let data = std::mem::take(&mut self.block.data);
                Cow::Owned(
                    String::from_utf8(data)
                        .unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned()),
                )
            }
        };
        let event = if event.is_empty() { DEFAULT_EVENT.into() } else { Cow::Owned(event) };
        Some(Event { event, data, id: self.last_event_id.clone(), retry })
    }
}

/// An empty buffer that keeps a reasonable capacity.
fn reuse(mut buffer: Vec<u8>) -> Vec<u8> {
    buffer.clear();
    buffer.shrink_to(KEPT_CAPACITY);
    buffer
}

/// One event exceeded the decoder's limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("one server-sent event is larger than {max} bytes")]
#[non_exhaustive]
pub struct EventTooLarge {
    /// The limit, in bytes.
    pub max: usize,
}
