//! A turn on the library's runtime, for a host that reads it from its own thread or event loop.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;

use super::events::{EventSource, Events};
use super::in_context::InContext;
use super::list::List;
use super::pull::Pull;
use super::trace::Trace;
use super::traced;
use crate::caller::{self, Context};
use crate::error::{Error, ErrorKind, Result};
use crate::event::Wire;
use crate::process::{Bound, runtime};
use crate::turn::{self, StopOutcome, Stopper, Timeline, TurnRequest, Turns};

/// A running turn. It is read once, as [`events`](Self::events) or as [`bytes`](Self::bytes): the owner of that pull is
/// the turn's reader, and dropping it means that the reader has gone. So does dropping an unread turn.
///
/// In a forked child, every operation on a turn of the parent is an error of code `forked`.
pub struct Turn {
    id: String,
    message_id: String,
    reply_id: String,
    running: Bound<Running>,
}

/// The parts of a turn that belong to its process.
struct Running {
    stopper: Stopper,
    timeline: Box<dyn Fn() -> Timeline + Send + Sync>,
    end: Box<dyn Fn(Duration) -> BoxFuture<'static, ()> + Send + Sync>,
    reading: Mutex<Reading>,
    context: Option<Context>,
}

/// The state of the reading.
enum Reading {
    NotBegun(Box<turn::Turn>),
    /// Ends the pull that reads it.
    Begun(Arc<dyn Fn() + Send + Sync>),
}

/// Checks the request and starts its turn on the library's runtime. The user's message is in the outbox when this
/// returns, which may take 50 ms if its file is slow. Functions of the host that run for this turn get `context` with
/// each question. The turn continues `trace`.
///
/// # Errors
///
/// As [`Turns::try_start`]; `config` when no thread can be started.
pub fn start(
    turns: &Turns,
    request: TurnRequest,
    context: Option<Context>,
    trace: Option<Arc<Trace>>,
) -> Result<Turn> {
    let runtime = runtime()?;
    let _entered = runtime.enter();
    traced::started(trace, || {
        let turn = caller::scope(context.as_ref(), || turns.try_start(request))?;
        Ok(Turn::new(turn, context))
    })
}

/// Stops the turn with this id, if it is this user's in case one is given. It may wait for the outbox's file. Returns true if
/// it is known to run and is stopped.
pub fn stop(turns: &Turns, id: &str, user_id: Option<&str>) -> bool {
    match user_id {
        Some(user_id) => turns.stop_of_user(id, user_id) == StopOutcome::Stopped,
        None => turns.stop(id),
    }
}

impl Turn {
    /// A turn that was started in this context, and in the current trace.
    pub(super) fn new(turn: turn::Turn, context: Option<Context>) -> Self {
        let end = turn.watch_end();
        traced::limit(end(traced::PATIENCE));
        Turn {
            id: turn.id().to_owned(),
            message_id: turn.message_id().to_owned(),
            reply_id: turn.reply_id().to_owned(),
            running: Bound::new(Running {
                stopper: turn.stopper(),
                timeline: Box::new(turn.watch_timeline()),
                end: Box::new(end),
                reading: Mutex::new(Reading::NotBegun(Box::new(turn))),
                context,
            }),
        }
    }

    /// The turn's id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The id of the user's message.
    pub fn message_id(&self) -> &str {
        &self.message_id
    }

    /// The id of the AI's message.
    pub fn reply_id(&self) -> &str {
        &self.reply_id
    }

    /// Starts reading the turn as events.
    ///
    /// # Errors
    ///
    /// `invalid_request` when the turn has a reader already. Errors of the turn come from the pull.
    pub fn events(&self) -> Result<Pull<Events>> {
        self.read(|InContext { stream: turn, context }| {
            let source = EventSource::new(turn, context, turn::Turn::is_dry);
            Ok(Pull::new(&runtime()?, source))
        })
    }

    /// Starts reading the turn as the body of a response. An error of the turn is an event in it; on [`Wire::Text`] it comes from
    /// the pull.
    ///
    /// # Errors
    ///
    /// `invalid_request` when the turn has a reader already.
    pub fn bytes(&self, wire: Wire) -> Result<Pull<List<Bytes>>> {
        self.read(|turn| {
            let runtime = runtime()?;
            let _entered = runtime.enter();
            let InContext { stream, context } = turn;
            let bytes = InContext { stream: stream.bytes(wire), context };
            Pull::of_stream(bytes)
        })
    }

    /// The timeline so far. Messages are saved after the turn's end, and appear on it once that is done.
    ///
    /// # Errors
    ///
    /// `forked` in a child.
    pub fn timeline(&self) -> Result<Timeline> {
        let running = self.running.own("turn.timeline")?;
        Ok((running.timeline)())
    }

    /// Waits for the turn's end, and at most for this time after it for its deliveries.
    pub(super) fn end(&self, limit: Duration) -> Result<BoxFuture<'static, ()>> {
        Ok((self.running.own("turn.finished")?.end)(limit))
    }

    /// Stops the turn: its reader gets the text so far, and its last event.
    ///
    /// # Errors
    ///
    /// `forked` in a child.
    pub fn stop(&self) -> Result<()> {
        self.running.own("turn.stop")?.stopper.stop();
        Ok(())
    }

    /// Ends the turn now, as if its reader had gone. Queued events can still be taken.
    pub fn cancel(&self) {
        let Ok(running) = self.running.own("turn.cancel") else { return };
        let end = match &mut *running.reading() {
            Reading::NotBegun(turn) => return turn.cancel(),
            Reading::Begun(end) => end.clone(),
        };
        // Outside the lock, as it wakes the reader, which is host code.
        end();
    }

    fn read<I: super::Items>(
        &self,
        read: impl FnOnce(InContext<turn::Turn>) -> Result<Pull<I>>,
    ) -> Result<Pull<I>> {
        let running = self.running.own("turn.read")?;
        let mut reading = running.reading();
        let nobody = Reading::Begun(Arc::new(|| {}));
        match std::mem::replace(&mut *reading, nobody) {
            Reading::NotBegun(turn) => {
                let pull = read(InContext { stream: *turn, context: running.context.clone() })?;
                *reading = Reading::Begun(Arc::new(pull.canceller()));
                Ok(pull)
            }
            begun => {
                *reading = begun;
                let why = "the turn has a reader already: it is read once, as events or as bytes";
                Err(Error::new(ErrorKind::InvalidRequest, "turn.read", why))
            }
        }
    }
}

impl Running {
    fn reading(&self) -> MutexGuard<'_, Reading> {
        // The state is replaced in one step, so a poisoned one is consistent.
        self.reading.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Turn").field("id", &self.id).finish_non_exhaustive()
    }
}
