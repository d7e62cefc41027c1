//! A turn as the body of a response: the event stream of a chat service.

use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
use tokio::time::{Instant, Sleep, sleep};

use super::Turn;
use crate::event::KEEP_ALIVE;
use crate::event::TurnEvent;
use crate::process::Bound;

/// The silence after which a keep-alive is sent.
const SILENCE: Duration = Duration::from_secs(15);

/// The size in bytes at which a piece is sent, so that the text of a fast model is not buffered for a slow reader.
const PIECE: usize = 16 * 1024;

/// The bytes of a turn's event stream, to be sent under [`RESPONSE_HEADERS`](crate::event::RESPONSE_HEADERS).
///
/// Events that are ready at the same time form one piece. After 15 s of silence a comment keeps the connection alive. An
/// error becomes an `error` event with a sentence for the user and its code; the rest is logged
/// ([`TurnsBuilder::detailed_errors`](crate::turn::TurnsBuilder::detailed_errors) sends it). Dropping it means that the
/// reader has gone.
pub struct TurnBytes {
    turn: Turn,
    /// Timer since the last piece; `None` before the first wait.
    silence: Option<Bound<Pin<Box<Sleep>>>>,
    ended: bool,
}

impl Turn {
    /// The turn as the body of a response. Call [`stopper`](Self::stopper) and [`id`](Self::id) before.
    pub fn sse(self) -> TurnBytes {
        TurnBytes { turn: self.without_audio(), silence: None, ended: false }
    }
}

impl TurnBytes {
    /// The turn behind these bytes.
    pub fn turn(&self) -> &Turn {
        &self.turn
    }
}

impl Stream for TurnBytes {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        let mut bytes = Vec::new();
        while !this.ended && bytes.len() < PIECE {
            match Pin::new(&mut this.turn).poll_next(task) {
                Poll::Ready(Some(Ok(event))) => event.encode(&mut bytes),
                Poll::Ready(Some(Err(error))) => {
                    // The reader gets a sentence and the code; the rest is for the log.
                    tracing::warn!(error.code = error.code(), "a turn failed: {error}");
                    let event = match this.turn.has_detailed_errors() {
                        true => TurnEvent::failed(error.to_string(), Some(error.code().to_owned())),
                        false => TurnEvent::error(&error),
                    };
                    event.encode(&mut bytes);
                    this.ended = true;
                }
                Poll::Ready(None) => this.ended = true,
                Poll::Pending => break,
            }
        }
        if bytes.is_empty() {
            if this.ended {
                return Poll::Ready(None);
            }
            let silence = this.silence.get_or_insert_with(|| Bound::new(Box::pin(sleep(SILENCE))));
            let Some(silence) = silence.get_mut() else { return Poll::Pending };
            if silence.as_mut().poll(task).is_pending() {
                return Poll::Pending;
            }
            bytes.extend_from_slice(KEEP_ALIVE.as_bytes());
        }
        // No keep-alive after the end, nor in a forked child, where the timer is the parent's.
        if let Some(silence) = this.silence.as_mut().and_then(Bound::get_mut)
            && !this.ended
        {
            silence.as_mut().reset(Instant::now() + SILENCE);
        }
        Poll::Ready(Some(Ok(bytes.into())))
    }
}

impl fmt::Debug for TurnBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TurnBytes").field("turn", &self.turn).finish_non_exhaustive()
    }
}
