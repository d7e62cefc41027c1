//! A turn as the body of a response: the event stream that chat services answer with.

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

/// The size from which a piece is sent, in bytes: a model that is faster than its reader is not hoarded.
const PIECE: usize = 16 * 1024;

/// The bytes of a turn's event stream, to be sent under [`RESPONSE_HEADERS`](crate::event::RESPONSE_HEADERS).
///
/// Events that are ready at the same time come in one piece. After 15 s of silence a comment keeps the line alive. An
/// error becomes an `error` event, in words for the user and with its code; the rest is logged
/// ([`TurnsBuilder::detailed_errors`](crate::turn::TurnsBuilder::detailed_errors) sends it). Dropping it is the reader's going
/// away.
pub struct TurnBytes {
    turn: Turn,
    /// Runs since the last piece; `None` before anything was waited for.
    silence: Option<Bound<Pin<Box<Sleep>>>>,
    ended: bool,
}

impl Turn {
    /// The turn as the body of a response. [`stopper`](Self::stopper) and [`id`](Self::id) are to be taken before.
    pub fn sse(self) -> TurnBytes {
        TurnBytes { turn: self.without_audio(), silence: None, ended: false }
    }
}

impl TurnBytes {
    /// The turn whose bytes these are.
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
                    // The reader gets its words and code; the rest is for the log.
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
        // After the end there is no silence to break, and in a forked child the timer is the parent's.
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
