//! A turn as the body of a response, in the form of a wire.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use tokio::time::{Instant, Sleep, sleep_until};

use super::Turn;
use crate::error::{Error, Result};
use crate::event::{TurnEvent, Wire, WireWriter};
use crate::process::Bound;

/// The size in bytes at which a piece is sent, so that the text of a fast model is not buffered for a slow reader.
const PIECE: usize = 16 * 1024;

/// The size in bytes of a buffer for the pieces of a slow model, which share it.
const BUFFER: usize = 2 * 1024;

/// A keep-alive comes this part of the longest silence before its end: the second write to a closed connection, which is the
/// one that fails, must come within two such silences, and takes time as well.
const EARLY: u32 = 8;

/// The wait for the next keep-alive where the time does not fit into the clock.
const NEVER: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// The bytes of a turn as the body of a response, to be sent under [`Wire::headers`].
///
/// Events that are ready at the same time form one piece. After a silence
/// ([`TurnsBuilder::keep_alive`](crate::turn::TurnsBuilder::keep_alive)) a comment keeps the connection alive. Dropping it
/// means that the reader has gone.
///
/// An error becomes an `error` event with a sentence for the user and its code; the rest is logged
/// ([`TurnsBuilder::detailed_errors`](crate::turn::TurnsBuilder::detailed_errors) sends it). Only plain text
/// ([`Wire::Text`]) cannot carry it: there the last item is the error, with which a server breaks off the response. A body of
/// [`Wire::Text`] has no keep-alive either.
pub struct TurnBytes {
    turn: Turn,
    writer: WireWriter,
    /// The next piece; its spare capacity is for later ones.
    buffer: BytesMut,
    /// The silence before a keep-alive, and its bytes.
    keep_alive: Option<(Duration, &'static str)>,
    /// The start of the silence: the first poll after a piece that found no event.
    silent_since: Option<Instant>,
    /// `None` before the first wait.
    timer: Option<Bound<Pin<Box<Sleep>>>>,
    ended: bool,
    /// The error that breaks off plain text.
    failure: Option<Error>,
}

impl Turn {
    /// The turn as the body of a response, as the event stream of a chat service. Call [`stopper`](Self::stopper) and
    /// [`id`](Self::id) before.
    pub fn sse(self) -> TurnBytes {
        self.bytes(Wire::Sse)
    }

    /// The turn as the body of a response, as a UI message stream of the AI SDK: its `useChat` reads it. The message's id is
    /// [`reply_id`](Self::reply_id).
    pub fn ui_stream(self) -> TurnBytes {
        self.bytes(Wire::Ui)
    }

    /// The turn as the body of a response: the text of its reply, in UTF-8. The last item of a turn that fails is its error.
    pub fn text_stream(self) -> TurnBytes {
        self.bytes(Wire::Text)
    }

    /// The turn as the body of a response in this form.
    pub fn bytes(self, wire: Wire) -> TurnBytes {
        TurnBytes {
            writer: WireWriter::new(wire, self.reply_id()),
            keep_alive: self.response().keep_alive.map(early).zip(wire.keep_alive()),
            turn: self.without_audio(),
            buffer: BytesMut::with_capacity(BUFFER),
            silent_since: None,
            timer: None,
            ended: false,
            failure: None,
        }
    }
}

impl TurnBytes {
    /// The turn behind these bytes.
    pub fn turn(&self) -> &Turn {
        &self.turn
    }

    /// The form of these bytes.
    pub fn wire(&self) -> Wire {
        self.writer.wire()
    }

    /// Encodes the events that are ready.
    fn gather(&mut self, task: &mut Context<'_>) {
        if self.ended {
            return;
        }
        let mut polled = self.turn.poll_event(task);
        while let Poll::Ready(event) = polled {
            match event {
                Some(Ok(event)) => {
                    self.writer.event(&event, self.turn.finish_reason(), &mut self.buffer);
                }
                Some(Err(error)) => {
                    self.write_error(error);
                    self.ended = true;
                }
                None => self.ended = true,
            }
            if self.ended || self.buffer.len() >= PIECE {
                return;
            }
            polled = self.turn.poll_another(task);
        }
        self.writer.begin(&mut self.buffer);
    }

    /// Encodes an error: the reader gets a sentence and the code; the rest is for the log.
    fn write_error(&mut self, error: Error) {
        tracing::warn!(error.code = error.code(), "a turn failed: {error}");
        let event = match self.turn.response().detailed_errors {
            true => TurnEvent::failed(error.to_string(), Some(error.code().to_owned())),
            false => TurnEvent::error(&error),
        };
        self.writer.event(&event, None, &mut self.buffer);
        self.failure = Some(error).filter(|_| self.wire() == Wire::Text);
    }

    /// Waits until a keep-alive is due. The timer is armed once, and checked when it fires: a piece costs no timer
    /// operation.
    fn poll_silence(&mut self, task: &mut Context<'_>) -> Poll<&'static str> {
        let Some((silence, keep_alive)) = self.keep_alive else { return Poll::Pending };
        let since = *self.silent_since.get_or_insert_with(Instant::now);
        let due = since.checked_add(silence).unwrap_or(since + NEVER);
        let timer = self.timer.get_or_insert_with(|| Bound::new(Box::pin(sleep_until(due))));
        // `None` in a forked child, where the timer is the parent's.
        let Some(timer) = timer.get_mut() else { return Poll::Pending };
        while timer.as_mut().poll(task).is_ready() {
            if timer.deadline() >= due {
                return Poll::Ready(keep_alive);
            }
            timer.as_mut().reset(due);
        }
        Poll::Pending
    }
}

fn early(silence: Duration) -> Duration {
    silence - silence / EARLY
}

impl Stream for TurnBytes {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        this.gather(task);
        if this.buffer.is_empty() {
            if this.ended {
                return Poll::Ready(this.failure.take().map(Err));
            }
            let keep_alive = ready!(this.poll_silence(task));
            this.buffer.extend_from_slice(keep_alive.as_bytes());
        }
        this.silent_since = None;
        Poll::Ready(Some(Ok(this.buffer.split().freeze())))
    }
}

impl fmt::Debug for TurnBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TurnBytes").field("turn", &self.turn).finish_non_exhaustive()
    }
}
