//! The handle of a turn that runs.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_core::stream::FusedStream;

use super::engine::{self, Engine};
use super::timeline::Recorder;
use super::{Timeline, Turns};
use crate::error::Result;
use crate::event::TurnEvent;
use crate::turn_request::TurnRequest;

/// A turn that runs: a stream of its events.
///
/// The reply is read as the turn is polled, so a slow reader slows the model's service down. It ends with
/// [`Done`](TurnEvent::Done), or with an error that keeps the text so far; then it stays ended. Dropping it before its
/// end is the reader's going away: [`OnDisconnect`](crate::turn::OnDisconnect) says what becomes of the reply. The user's
/// message is kept in any case.
pub struct Turn {
    /// `None` once it has been left to others.
    engine: Option<Engine>,
    recorder: Recorder,
    detailed_errors: bool,
}

impl Turn {
    pub(super) fn start(turns: &Turns, request: TurnRequest) -> Self {
        let (engine, recorder) = engine::start(turns, request);
        let detailed_errors = turns.settings.tells.details;
        Turn { engine: Some(engine), recorder, detailed_errors }
    }

    /// Whether its event stream tells errors as the log does.
    pub(super) fn has_detailed_errors(&self) -> bool {
        self.detailed_errors
    }

    /// Ends the turn now, as its reader's going away does.
    pub fn cancel(&mut self) {
        if let Some(engine) = self.engine.take() {
            engine.left();
        }
    }

    /// The timeline so far. The saving of messages goes on after the turn's end, and stands on it when it is over.
    pub fn timeline(&self) -> Timeline {
        self.recorder.timeline()
    }
}

impl Stream for Turn {
    type Item = Result<TurnEvent>;

    fn poll_next(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match &mut self.engine {
            Some(engine) => engine.poll_event(task),
            None => Poll::Ready(None),
        }
    }
}

impl FusedStream for Turn {
    fn is_terminated(&self) -> bool {
        self.engine.as_ref().is_none_or(Engine::is_ended)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.cancel();
    }
}

impl fmt::Debug for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Turn").field("ended", &self.is_terminated()).finish_non_exhaustive()
    }
}
