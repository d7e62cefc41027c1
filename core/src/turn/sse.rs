//! A turn as the body of a response: the event stream of a chat service.

use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use tokio::time::{Instant, Sleep, sleep_until};

use super::Turn;
use crate::error::Error;
use crate::event::KEEP_ALIVE;
use crate::event::TurnEvent;
use crate::process::Bound;

/// The silence after which a keep-alive is sent.
const SILENCE: Duration = Duration::from_secs(15);

/// The size in bytes at which a piece is sent, so that the text of a fast model is not buffered for a slow reader.
const PIECE: usize = 16 * 1024;

/// The size in bytes of a buffer for the pieces of a slow model, which share it.
const BUFFER: usize = 2 * 1024;

/// The bytes of a turn's event stream, to be sent under [`RESPONSE_HEADERS`](crate::event::RESPONSE_HEADERS).
///
/// Events that are ready at the same time form one piece. After 15 s of silence a comment keeps the connection alive. An
/// error becomes an `error` event with a sentence for the user and its code; the rest is logged
/// ([`TurnsBuilder::detailed_errors`](crate::turn::TurnsBuilder::detailed_errors) sends it). Dropping it means that the
/// reader has gone.
pub struct TurnBytes {
    turn: Turn,
    /// The next piece; its spare capacity is for later ones.
    buffer: BytesMut,
    /// The start of the silence: the first poll after a piece that found no event.
    silent_since: Option<Instant>,
    /// `None` before the first wait.
    timer: Option<Bound<Pin<Box<Sleep>>>>,
    ended: bool,
}

impl Turn {
    /// The turn as the body of a response. Call [`stopper`](Self::stopper) and [`id`](Self::id) before.
    pub fn sse(self) -> TurnBytes {
        TurnBytes {
            turn: self.without_audio(),
            buffer: BytesMut::with_capacity(BUFFER),
            silent_since: None,
            timer: None,
            ended: false,
        }
    }
}

impl TurnBytes {
    /// The turn behind these bytes.
    pub fn turn(&self) -> &Turn {
        &self.turn
    }

    /// Encodes the events that are ready.
    fn gather(&mut self, task: &mut Context<'_>) {
        if self.ended {
            return;
        }
        let mut polled = self.turn.poll_event(task);
        while let Poll::Ready(event) = polled {
            match event {
                Some(Ok(event)) => event.write_frame(&mut self.buffer),
                Some(Err(error)) => {
                    self.write_error(&error);
                    self.ended = true;
                }
                None => self.ended = true,
            }
            if self.ended || self.buffer.len() >= PIECE {
                return;
            }
            polled = self.turn.poll_another(task);
        }
    }

    /// Encodes an error: the reader gets a sentence and the code; the rest is for the log.
    fn write_error(&mut self, error: &Error) {
        tracing::warn!(error.code = error.code(), "a turn failed: {error}");
        let event = match self.turn.has_detailed_errors() {
            true => TurnEvent::failed(error.to_string(), Some(error.code().to_owned())),
            false => TurnEvent::error(error),
        };
        event.write_frame(&mut self.buffer);
    }

    /// Waits until a keep-alive is due. The timer is armed once, and checked when it fires: a piece costs no timer
    /// operation.
    fn poll_silence(&mut self, task: &mut Context<'_>) -> Poll<()> {
        let due = *self.silent_since.get_or_insert_with(Instant::now) + SILENCE;
        let timer = self.timer.get_or_insert_with(|| Bound::new(Box::pin(sleep_until(due))));
        // `None` in a forked child, where the timer is the parent's.
        let Some(timer) = timer.get_mut() else { return Poll::Pending };
        while timer.as_mut().poll(task).is_ready() {
            if timer.deadline() >= due {
                return Poll::Ready(());
            }
            timer.as_mut().reset(due);
        }
        Poll::Pending
    }
}

impl Stream for TurnBytes {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        this.gather(task);
        if this.buffer.is_empty() {
            if this.ended {
                return Poll::Ready(None);
            }
            ready!(this.poll_silence(task));
            this.buffer.extend_from_slice(KEEP_ALIVE.as_bytes());
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
