//! A reply while it is received: bytes → frames → chunks, as they are polled.

mod end;

use std::fmt;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll, ready};
use std::time::Duration;

use futures_core::Stream;
use futures_core::stream::FusedStream;
use tokio::time::Instant;
use tracing::Span;

use super::accumulate::Accumulator;
use super::chunk::ChatChunk;
use super::chunk_reader::ChunkReader;
#[cfg(feature = "eventsource-stream")]
use super::event::apply_event;
use super::event::{StepResult, apply_next};
use super::gather::Gather;
use super::reply::ChatReply;
use crate::config::Limits;
use crate::error::{Error, ErrorKind, Result};
use crate::http::{BodyFormat, Piece, PieceSource, Received};
use crate::sse::Decoder;

/// The longest wait for the rest of a stream (the usage and `[DONE]`) after every reply in it has ended.
const REST: Duration = Duration::from_secs(5);

/// The most steps in one poll before it yields to other tasks, above all to time limits.
const STRETCH: u32 = 1024;

/// The chunks of a reply, as the service sends them.
///
/// It reads only when it is polled, so a slow reader slows the service down and uses no memory. Dropping it closes the
/// connection. It ends successfully only if the service marks the end, with `[DONE]` or with a finish reason for every
/// reply; otherwise its last item is an error that keeps the text so far
/// ([`Error::partial`](crate::error::Error::partial)). After an error or its end, it yields nothing more.
pub struct ChatStream {
    pub(super) source: PieceSource,
    decoder: Decoder,
    received: Received,
    format: Format,
    reader: ChunkReader,
    whole: Accumulator,
    state: State,
    /// The steps since the stream last yielded to other tasks.
    stretch: u32,
    /// True if the wait for the rest is limited to [`REST`], because every reply has ended.
    hurried: bool,
    asked: usize,
    limits: Limits,
    started: Instant,
    first_token: Option<Duration>,
    /// The number of chunks after the first one with content.
    later_chunks: u32,
    /// The mean time between the chunks of the reply, once it is whole.
    pace: Option<Duration>,
    span: Span,
}

/// The format of the body.
enum Format {
    /// Unknown until the first byte that is neither white space nor part of a byte order mark.
    Unknown,
    Events,
    /// One complete JSON object: a service that does not stream, or an error.
    Json(Vec<u8>),
    /// A JSON object that has been parsed.
    JsonRead,
}

enum State {
    Reading,
    Ended(Result<()>),
}

impl ChatStream {
    pub(super) fn new(source: PieceSource, setup: Setup) -> Self {
        ChatStream {
            source,
            decoder: Decoder::new().max_event(setup.limits.event).keep_stray(),
            received: Received::default(),
            format: Format::Unknown,
            reader: ChunkReader::default(),
            whole: Accumulator::default(),
            state: State::Reading,
            stretch: 0,
            hurried: false,
            asked: setup.asked,
            limits: setup.limits,
            started: setup.started,
            first_token: None,
            later_chunks: 0,
            pace: None,
            span: setup.span,
        }
    }

    /// The reply received so far.
    pub fn partial(&self) -> &ChatReply {
        self.whole.reply()
    }

    /// The complete reply, after the stream has been read to its end.
    ///
    /// # Errors
    ///
    /// The error that ended the stream, or `truncated` when it was not read to its end; the error keeps the text so
    /// far. [`finish`](Self::finish) reads the rest first.
    pub fn into_reply(mut self) -> Result<ChatReply> {
        match std::mem::replace(&mut self.state, State::Ended(Ok(()))) {
            State::Ended(Ok(())) => {}
            State::Ended(Err(error)) => return Err(error),
            State::Reading => {
                let why = "the stream was not read to its end";
                return Err(
                    self.with_partial(self.source.context().error(ErrorKind::Truncated, why))
                );
            }
        }
        let reply = std::mem::take(&mut self.whole).into_reply();
        Ok(reply.with_head(self.source.head().clone()))
    }

    /// Reads the rest of the stream, and returns the complete reply.
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

    /// The service's request id (`x-request-id`), for its support.
    pub fn request_id(&self) -> Option<&str> {
        self.source.context().request_id()
    }

    /// The time from the call to the first chunk with content; `None` before it.
    pub fn first_token(&self) -> Option<Duration> {
        self.first_token
    }

    fn poll_chunk(&mut self, task: &mut TaskContext<'_>) -> Poll<Option<Result<ChatChunk>>> {
        let mut chunk = None;
        Poll::Ready(match ready!(self.poll_into(task, &mut chunk)) {
            Some(Ok(())) => chunk.map(Ok),
            Some(Err(error)) => Some(Err(error)),
            None => None,
        })
    }

    /// Polls for the next chunk, and passes it to the receiver.
    pub(crate) fn poll_into(
        &mut self,
        task: &mut TaskContext<'_>,
        chunks: &mut impl Gather,
    ) -> Poll<Option<Result<()>>> {
        if self.is_terminated() {
            return Poll::Ready(None);
        }
        // A source that is polled checks it as well.
        if let Some(error) = (!self.is_dry()).then(|| self.source.stopped()).flatten() {
            return Poll::Ready(Some(Err(self.end_with(error))));
        }
        loop {
            if self.stretch == STRETCH {
                self.stretch = 0;
                task.waker().wake_by_ref();
                return Poll::Pending;
            }
            self.stretch += 1;
            let step = match self.next_step(chunks) {
                Ok(Some(step)) => Ok(step),
                Ok(None) => match ready!(self.source.poll(task)) {
                    Some(Ok(Piece::Bytes(bytes))) => {
                        self.received = Received::new(bytes);
                        continue;
                    }
                    #[cfg(feature = "eventsource-stream")]
                    Some(Ok(Piece::Event { event, data })) => {
                        let context = self.source.context();
                        apply_event(
                            &mut self.reader,
                            context,
                            &event,
                            &data,
                            &mut self.whole,
                            chunks,
                        )
                    }
                    Some(Err(error)) => Err(error),
                    None => self.at_eof(chunks),
                },
                Err(error) => Err(error),
            };
            match step {
                Ok(StepResult::Chunk { content }) => return Poll::Ready(Some(self.took(content))),
                Ok(StepResult::Nothing) => {}
                Ok(StepResult::Done) => return Poll::Ready(self.at_done(task, chunks)),
                Err(error) => return Poll::Ready(self.at_error(error, chunks)),
            }
        }
    }

    /// Returns true if all received bytes have been read.
    pub(crate) fn is_dry(&self) -> bool {
        self.received.is_dry()
    }

    /// Reads the next step from the received bytes; `None` when more are needed.
    fn next_step(&mut self, chunks: &mut impl Gather) -> Result<Option<StepResult>> {
        if !matches!(self.format, Format::Events)
            && let ControlFlow::Break(step) = self.step_without_events()?
        {
            return Ok(step);
        }
        if self.received.is_dry() {
            return Ok(None);
        }
        let mut input = self.received.rest();
        let before = input.len();
        let step = apply_next(
            &mut self.decoder,
            &mut input,
            &mut self.reader,
            self.source.context(),
            &mut self.whole,
            chunks,
        );
        let read = before - input.len();
        self.received.advance(read);
        step
    }

    /// Detects the format, and collects a body of JSON. It breaks with the step unless events follow.
    #[cold]
    fn step_without_events(&mut self) -> Result<ControlFlow<Option<StepResult>>> {
        let input = self.received.rest();
        if matches!(self.format, Format::Unknown) {
            self.format = match self.source.context().format_of_stream(input)? {
                None => return Ok(ControlFlow::Break(None)),
                Some(BodyFormat::Json) => Format::Json(Vec::new()),
                Some(BodyFormat::Events) => Format::Events,
            };
        }
        match &mut self.format {
            Format::Json(json) => {
                json.extend_from_slice(input);
                let (kept, read) = (json.len(), input.len());
                self.received.advance(read);
                if kept > self.limits.reply {
                    return Err(self.too_large());
                }
                Ok(ControlFlow::Break(None))
            }
            Format::JsonRead => Ok(ControlFlow::Break(Some(StepResult::Done))),
            Format::Unknown | Format::Events => Ok(ControlFlow::Continue(())),
        }
    }

    /// Enforces the limits after a chunk.
    fn took(&mut self, content: bool) -> Result<()> {
        self.later_chunks = self.later_chunks.wrapping_add(1);
        if content {
            self.source.content_came();
            self.first_token.get_or_insert_with(|| {
                self.later_chunks = 0;
                self.started.elapsed()
            });
        }
        if self.whole.bytes() > self.limits.reply {
            let error = self.too_large();
            return Err(self.end_with(error));
        }
        // It is no longer complete when another reply has begun.
        let is_whole = self.is_whole();
        if self.hurried != is_whole {
            self.hurried = is_whole;
            self.pace = if is_whole { self.mean_so_far() } else { None };
            self.source.hurry(is_whole.then_some(REST));
        }
        Ok(())
    }

    fn is_whole(&self) -> bool {
        self.whole.all_finished(self.asked)
    }

    #[cold]
    fn too_large(&self) -> Error {
        let why =
            format!("the reply is larger than {} bytes, the limit `reply`", self.limits.reply);
        self.source.context().error(ErrorKind::TooLarge, why)
    }
}

/// The initial state of a stream, besides its source.
pub(super) struct Setup {
    /// The number of requested replies.
    pub(super) asked: usize,
    pub(super) limits: Limits,
    pub(super) started: Instant,
    pub(super) span: Span,
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
