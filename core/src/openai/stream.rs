//! A reply while it is made: bytes → frames → chunks, as they are polled.

use std::fmt;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
use futures_core::stream::FusedStream;
use tokio::time::Instant;
use tracing::Span;

use super::accumulate::Accumulator;
use super::chunk::{ChatChunk, ChunkReader, Unreadable, read_whole};
use super::reply::ChatReply;
use super::source::{Piece, Source};
use super::telemetry;
use crate::sse::{Decoder, Frame};
use crate::{Error, ErrorKind, Limits, Result};

/// How long the rest of a stream is waited for after every reply in it has ended: the usage and `[DONE]`.
const REST: Duration = Duration::from_secs(5);

/// The chunks of a reply, as the service makes them.
///
/// It reads only when it is polled, so a slow reader slows the service down and takes no memory. Dropping it
/// closes the connection. It ends well only if the service says so, by `[DONE]` or by a finish reason for
/// every reply; else its last item is an error that keeps the text so far
/// ([`Error::partial`](crate::Error::partial)). After an error or its end, it stays ended.
pub struct ChatStream {
    source: Source,
    decoder: Decoder,
    /// The bytes at hand, and how many of them the decoder took.
    bytes: Bytes,
    taken: usize,
    format: Format,
    reader: ChunkReader,
    whole: Accumulator,
    state: State,
    asked: usize,
    limits: Limits,
    started: Instant,
    first_token: Option<Duration>,
    span: Span,
}

/// What the body turns out to be.
enum Format {
    /// Not known before its first byte that is not white space.
    Unknown,
    Events,
    /// One JSON object, whole: a service that does not stream, or an error.
    Json(Vec<u8>),
}

enum State {
    Reading,
    Ended(Result<()>),
}

/// What a piece of the stream comes to.
enum Step {
    Chunk(ChatChunk),
    Nothing,
    Done,
}

impl ChatStream {
    pub(super) fn new(source: Source, setup: Setup) -> Self {
        ChatStream {
            source,
            decoder: Decoder::new().max_event(setup.limits.event),
            bytes: Bytes::new(),
            taken: 0,
            format: Format::Unknown,
            reader: ChunkReader::default(),
            whole: Accumulator::default(),
            state: State::Reading,
            asked: setup.asked,
            limits: setup.limits,
            started: setup.started,
            first_token: None,
            span: setup.span,
        }
    }

    /// The reply as far as it has come.
    pub fn partial(&self) -> &ChatReply {
        self.whole.reply()
    }

    /// The whole reply, once the stream has been read to its end.
    ///
    /// # Errors
    ///
    /// The error that ended the stream, or `truncated` when it was not read to its end; the text so far is
    /// on it. [`finish`](Self::finish) reads what is left first.
    pub fn into_reply(mut self) -> Result<ChatReply> {
        match std::mem::replace(&mut self.state, State::Ended(Ok(()))) {
            State::Ended(Ok(())) => {}
            State::Ended(Err(error)) => return Err(error),
            State::Reading => {
                let why = "the stream was not read to its end";
                return Err(self.with_partial(self.source.error(ErrorKind::Truncated, why)));
            }
        }
        let reply = std::mem::take(&mut self.whole).into_reply();
        Ok(reply.with_headers(self.source.headers().clone()))
    }

    /// Reads what is left of the stream, and gives the whole reply.
    ///
    /// # Errors
    ///
    /// The error that ended the stream, with the text so far.
    pub async fn finish(mut self) -> Result<ChatReply> {
        while let Some(chunk) = std::future::poll_fn(|task| self.poll_chunk(task)).await {
            chunk?;
        }
        self.into_reply()
    }

    /// The service's id of the request (`x-request-id`), for its support.
    pub fn request_id(&self) -> Option<&str> {
        self.source.request_id()
    }

    /// The headers of the response; none for a stream that was not opened by this library.
    pub fn headers(&self) -> &http::HeaderMap {
        self.source.headers()
    }

    /// The time from the call to the first chunk with content; `None` before it.
    pub fn first_token(&self) -> Option<Duration> {
        self.first_token
    }

    fn poll_chunk(&mut self, task: &mut TaskContext<'_>) -> Poll<Option<Result<ChatChunk>>> {
        loop {
            if let State::Ended(_) = self.state {
                return Poll::Ready(None);
            }
            let step = match self.next_step() {
                Ok(Some(step)) => step,
                Ok(None) => match ready!(self.source.poll(task)) {
                    Some(Ok(Piece::Bytes(bytes))) => {
                        self.bytes = bytes;
                        self.taken = 0;
                        continue;
                    }
                    #[cfg(feature = "eventsource-stream")]
                    Some(Ok(Piece::Event { event, data })) => {
                        match read_event(&mut self.reader, &self.source, &event, &data) {
                            Ok(step) => step,
                            Err(error) => return self.fail(error),
                        }
                    }
                    // What broke after every reply's end was no part of them.
                    Some(Err(error)) if self.is_whole() && is_transport(&error) => Step::Done,
                    Some(Err(error)) => return self.fail(error),
                    None => match self.at_eof() {
                        Ok(step) => step,
                        Err(error) => return self.fail(error),
                    },
                },
                Err(error) => return self.fail(error),
            };
            match step {
                Step::Chunk(chunk) => return Poll::Ready(Some(self.take_in(chunk))),
                Step::Nothing => {}
                Step::Done => {
                    self.end(Ok(()));
                    self.source.finish(task);
                }
            }
        }
    }

    /// What the bytes at hand hold next; `None` when more are needed.
    fn next_step(&mut self) -> Result<Option<Step>> {
        loop {
            let mut input = self.bytes.get(self.taken..).unwrap_or_default();
            match &mut self.format {
                Format::Unknown => {
                    let Some(first) = input.iter().find(|b| !b.is_ascii_whitespace()) else {
                        return Ok(None);
                    };
                    // No line of an event stream that means anything begins with a brace or a bracket.
                    self.format = match first {
                        b'{' | b'[' => Format::Json(Vec::new()),
                        _ => Format::Events,
                    };
                }
                Format::Json(json) => {
                    json.extend_from_slice(input);
                    self.taken = self.bytes.len();
                    if json.len() > self.limits.reply {
                        return Err(self.too_large());
                    }
                    return Ok(None);
                }
                Format::Events => {
                    let before = input.len();
                    let frame = self.decoder.decode(&mut input).map_err(|e| {
                        self.source.error(ErrorKind::TooLarge, e.to_string()).with_source(e)
                    })?;
                    self.taken += before - input.len();
                    return match frame {
                        None => Ok(None),
                        Some(Frame::Comment(_)) => Ok(Some(Step::Nothing)),
                        Some(Frame::Event(event)) => {
                            read_event(&mut self.reader, &self.source, &event.event, &event.data)
                                .map(Some)
                        }
                    };
                }
            }
        }
    }

    fn at_eof(&mut self) -> Result<Step> {
        if let Format::Json(json) = &mut self.format {
            let json = std::mem::take(json);
            self.format = Format::Events;
            let chunk = whole_reply(&self.source, &json)?;
            return Ok(Step::Chunk(chunk));
        }
        if let Some(event) = self.decoder.finish() {
            return read_event(&mut self.reader, &self.source, &event.event, &event.data);
        }
        if self.is_whole() {
            return Ok(Step::Done);
        }
        let why = match self.whole.has_begun() {
            true => "the stream ended before the reply did",
            false => "the stream ended without a reply",
        };
        Err(self.source.error(ErrorKind::Truncated, why))
    }

    fn take_in(&mut self, chunk: ChatChunk) -> Result<ChatChunk> {
        if chunk.has_content() {
            self.source.content_came();
            self.first_token.get_or_insert_with(|| self.started.elapsed());
        }
        let was_whole = self.is_whole();
        self.whole.add(&chunk);
        if self.whole.bytes() > self.limits.reply {
            let error = self.too_large();
            return Err(self.end_with(error));
        }
        if !was_whole && self.is_whole() {
            self.source.hurry(REST);
        }
        Ok(chunk)
    }

    fn is_whole(&self) -> bool {
        self.whole.all_finished(self.asked)
    }

    fn too_large(&self) -> Error {
        let why = format!("the reply is larger than {} bytes", self.limits.reply);
        self.source.error(ErrorKind::TooLarge, why)
    }

    fn with_partial(&self, error: Error) -> Error {
        match self.whole.has_begun() {
            true => error.with_partial(self.whole.reply().text()),
            false => error,
        }
    }

    fn fail(&mut self, error: Error) -> Poll<Option<Result<ChatChunk>>> {
        Poll::Ready(Some(Err(self.end_with(error))))
    }

    fn end_with(&mut self, error: Error) -> Error {
        let error = self.with_partial(error);
        self.end(Err(error.clone()));
        self.source.close();
        error
    }

    fn end(&mut self, result: Result<()>) {
        if let Err(error) = &result {
            telemetry::record_error(&self.span, error);
        }
        self.record_reply();
        self.state = State::Ended(result);
        self.bytes = Bytes::new();
        self.taken = 0;
    }

    /// Closes the span, whose duration is the call's.
    fn record_reply(&mut self) {
        telemetry::record_reply(&self.span, self.whole.reply(), self.first_token);
        self.span = Span::none();
    }
}

/// What a stream starts with, besides its source.
pub(super) struct Setup {
    /// How many replies were asked for.
    pub(super) asked: usize,
    pub(super) limits: Limits,
    pub(super) started: Instant,
    pub(super) span: Span,
}

/// Reads one event's data.
fn read_event(reader: &mut ChunkReader, source: &Source, event: &str, data: &str) -> Result<Step> {
    // The hot path hands over JSON that is neither padded nor empty, and begins with a brace.
    if !data.starts_with('{') {
        match data.trim() {
            "[DONE]" => return Ok(Step::Done),
            "" => return Ok(Step::Nothing),
            _ => {}
        }
    }
    let read = reader.read(data);
    if event == "error"
        && !matches!(read, Err(Unreadable::Error(_)))
        && let Ok(error) = serde_json::from_str(data)
    {
        return Err(source.api_error(&error));
    }
    match read {
        Ok(chunk) => Ok(Step::Chunk(chunk)),
        Err(Unreadable::Error(error)) => Err(source.api_error(&error)),
        Err(Unreadable::Malformed(e)) => {
            let why = format!("an event is no chunk: {e}: {}", source.excerpt(data.as_bytes()));
            Err(source.error(ErrorKind::Decode, why).with_source(e))
        }
    }
}

/// Reads a body that is one JSON object, in place of a stream, as a chunk that adds the whole reply.
fn whole_reply(source: &Source, json: &[u8]) -> Result<ChatChunk> {
    let text = String::from_utf8_lossy(json);
    match read_whole(&text) {
        Ok(chunk) => Ok(chunk),
        Err(Unreadable::Error(error)) => Err(source.api_error(&error)),
        Err(Unreadable::Malformed(e)) => {
            let why = format!("the reply is JSON, but no reply: {e}: {}", source.excerpt(json));
            Err(source.error(ErrorKind::Decode, why).with_source(e))
        }
    }
}

/// Whether the error is the line's, not the service's or the caller's.
fn is_transport(error: &Error) -> bool {
    use ErrorKind::*;
    matches!(error.kind(), Connection | Truncated | IdleTimeout | ContentTimeout)
}

impl Stream for ChatStream {
    type Item = Result<ChatChunk>;

    fn poll_next(mut self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        self.poll_chunk(task)
    }
}

impl FusedStream for ChatStream {
    fn is_terminated(&self) -> bool {
        matches!(self.state, State::Ended(_))
    }
}

impl Drop for ChatStream {
    fn drop(&mut self) {
        if matches!(self.state, State::Reading) {
            self.record_reply();
        }
    }
}

impl fmt::Debug for ChatStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChatStream")
            .field("request_id", &self.request_id())
            .field("ended", &self.is_terminated())
            .field("first_token", &self.first_token)
            .finish_non_exhaustive()
    }
}
