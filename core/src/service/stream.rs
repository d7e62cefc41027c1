//! A running turn: bytes → frames → events, driven by polling.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
use futures_core::stream::FusedStream;
use http::HeaderMap;
use tokio::task::coop::poll_proceed;
use tokio::time::Instant;

use super::Wire;
use super::input::{Input, Step};
use crate::config::Limits;
use crate::error::{Error, ErrorKind, Result};
use crate::event::{ChatAnswer, TurnEvent};
use crate::http::{Piece, PieceSource};

/// A stream of a turn's events from the service.
///
/// It reads only when polled, so a slow reader slows the service down and needs no memory. Dropping it closes the
/// connection. It ends well only after [`TurnEvent::Done`]; otherwise its last item is an error that keeps the text so far
/// ([`Error::partial`](crate::error::Error::partial)): `api` when the service reports a failure, `truncated` when the
/// stream just ends. After an error or its end, it stays ended.
pub struct TurnStream {
    source: PieceSource,
    input: Input,
    /// Events of a whole answer.
    ready: VecDeque<TurnEvent>,
    so_far: ChatAnswer,
    state: State,
    limits: Limits,
    started: Instant,
    first_content: Option<Duration>,
}

enum State {
    Reading,
    Ended(Result<()>),
}

impl TurnStream {
    pub(super) fn new(source: PieceSource, wire: Wire, limits: Limits, started: Instant) -> Self {
        TurnStream {
            source,
            input: Input::new(wire, limits.clone()),
            ready: VecDeque::new(),
            so_far: ChatAnswer::default(),
            state: State::Reading,
            limits,
            started,
            first_content: None,
        }
    }

    /// A stream of the events of a whole answer.
    pub(super) fn of_answer(
        source: PieceSource,
        answer: ChatAnswer,
        limits: Limits,
        started: Instant,
    ) -> Self {
        let mut stream = TurnStream::new(source, Wire::Events, limits, started);
        stream.ready.extend(answer.into_events());
        stream
    }

    /// The reply so far.
    pub fn partial(&self) -> &ChatAnswer {
        &self.so_far
    }

    /// The whole reply, once the stream has been read to its end.
    ///
    /// # Errors
    ///
    /// The error that ended the stream, or `truncated` when it was not read to its end; it has the text so far.
    /// [`finish`](Self::finish) reads the rest first.
    pub fn into_answer(mut self) -> Result<ChatAnswer> {
        match std::mem::replace(&mut self.state, State::Ended(Ok(()))) {
            State::Ended(Ok(())) => Ok(std::mem::take(&mut self.so_far)),
            State::Ended(Err(error)) => Err(error),
            State::Reading => {
                let why = "the stream was not read to its end";
                let error = self.source.context().error(ErrorKind::Truncated, why);
                Err(self.with_partial(error))
            }
        }
    }

    /// Reads the rest of the stream and returns the whole reply.
    ///
    /// # Errors
    ///
    /// The error that ended the stream, with the text so far.
    pub async fn finish(mut self) -> Result<ChatAnswer> {
        while let Some(event) = std::future::poll_fn(|task| self.poll_event(task)).await {
            event?;
        }
        self.into_answer()
    }

    /// The service's id of the request (`x-request-id`), for support requests.
    pub fn request_id(&self) -> Option<&str> {
        self.source.context().request_id()
    }

    /// The headers of the response; empty for a stream that this library did not open.
    pub fn headers(&self) -> &HeaderMap {
        &self.source.head().headers
    }

    /// The time from the call to the first piece of content; `None` before it.
    pub fn first_content(&self) -> Option<Duration> {
        self.first_content
    }

    /// Returns true if all received bytes have been read.
    #[cfg(feature = "bridge")]
    pub(crate) fn is_dry(&self) -> bool {
        self.ready.is_empty() && self.input.is_dry()
    }

    fn poll_event(&mut self, task: &mut TaskContext<'_>) -> Poll<Option<Result<TurnEvent>>> {
        if self.is_terminated() {
            return Poll::Ready(None);
        }
        if let Some(error) = self.source.stopped() {
            return Poll::Ready(Some(Err(self.end_with(error))));
        }
        loop {
            // A service that sends without a pause must not starve the reader's other work, such as time limits.
            let share = ready!(poll_proceed(task));
            if let Some(event) = self.ready.pop_front() {
                share.made_progress();
                return Poll::Ready(Some(self.take_in(event, task)));
            }
            let context = self.source.context();
            let step = match self.input.next(context) {
                Ok(Some(step)) => Ok(step),
                Ok(None) => match ready!(self.source.poll(task)) {
                    Some(Ok(Piece::Bytes(bytes))) => {
                        share.made_progress();
                        self.input.take(bytes);
                        continue;
                    }
                    #[cfg(feature = "eventsource-stream")]
                    Some(Ok(Piece::Event { data, .. })) => {
                        super::input::read(self.source.context(), &data)
                    }
                    Some(Err(error)) => Err(error),
                    None => {
                        let begun = !self.so_far.reply.is_empty();
                        self.input.at_end(self.source.context(), begun)
                    }
                },
                Err(error) => Err(error),
            };
            share.made_progress();
            match step {
                Ok(Step::Event(event)) => return Poll::Ready(Some(self.take_in(event, task))),
                Ok(Step::Nothing) => {}
                Ok(Step::Answer(answer)) => self.ready.extend(answer.into_events()),
                Ok(Step::End) => self.ready.push_back(TurnEvent::done()),
                Err(error) => return Poll::Ready(Some(Err(self.end_with(error)))),
            }
        }
    }

    fn take_in(&mut self, event: TurnEvent, task: &mut TaskContext<'_>) -> Result<TurnEvent> {
        match &event {
            TurnEvent::Done { .. } => {
                self.state = State::Ended(Ok(()));
                self.source.finish(task);
            }
            TurnEvent::Error { message, code } => {
                let error = self.source.context().told(message, code.as_deref());
                self.source.finish(task);
                return Err(self.end_with(error));
            }
            TurnEvent::Content { content } => {
                self.source.content_came();
                if !content.is_empty() {
                    self.first_content.get_or_insert_with(|| self.started.elapsed());
                }
            }
            TurnEvent::Workspace { .. } => {}
            TurnEvent::Turn { .. }
            | TurnEvent::Audio { .. }
            | TurnEvent::Sentiment { .. }
            | TurnEvent::StageFailed { .. }
            | TurnEvent::Usage { .. } => self.source.content_came(),
        }
        self.so_far.add(&event);
        let kept = self.so_far.reply.len() + self.so_far.audio.as_ref().map_or(0, Bytes::len);
        if kept > self.limits.reply {
            let why =
                format!("the reply is larger than {} bytes, the limit `reply`", self.limits.reply);
            let error = self.source.context().error(ErrorKind::TooLarge, why);
            return Err(self.end_with(error));
        }
        Ok(event)
    }

    fn with_partial(&self, error: Error) -> Error {
        let error = error.with_usage(self.so_far.usage);
        match self.so_far.reply.as_str() {
            "" => error,
            text => error.with_partial(text),
        }
    }

    fn end_with(&mut self, error: Error) -> Error {
        let error = self.with_partial(error);
        self.state = State::Ended(Err(error.clone()));
        self.source.close();
        error
    }
}

impl Stream for TurnStream {
    type Item = Result<TurnEvent>;

    fn poll_next(mut self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        self.poll_event(task)
    }
}

impl FusedStream for TurnStream {
    fn is_terminated(&self) -> bool {
        matches!(self.state, State::Ended(_))
    }
}

impl fmt::Debug for TurnStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TurnStream")
            .field("request_id", &self.request_id())
            .field("ended", &self.is_terminated())
            .field("first_content", &self.first_content)
            .finish_non_exhaustive()
    }
}
