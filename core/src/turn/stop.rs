//! Stopping a turn from outside its reader.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use futures_util::task::AtomicWaker;

use crate::outbox::StopAsked;
use crate::process::Origin;

/// Stops a turn from anywhere, such as another route, while a task reads it.
///
/// A stopped turn closes the request to the model, keeps the text so far, and ends with
/// [`TurnEvent::Done`](crate::event::TurnEvent::Done) with `stopped`, once the id of a new workspace is known. Stopping it
/// twice, or after its end, does nothing.
///
/// ```
/// use turnwire::{OpenAi, TurnRequest, Turns};
///
/// # #[tokio::main]
/// # async fn main() -> turnwire::Result<()> {
/// let turns = Turns::builder(OpenAi::builder().api_key("sk-…").build()?).build()?;
/// let turn = turns.try_start(TurnRequest::new("안녕하세요"))?;
/// let stopper = turn.stopper();
/// let body = turn.sse(); // the turn itself is out of reach from here on
/// stopper.stop();
/// # drop(body);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Stopper(Arc<Signal>);

struct Signal {
    origin: Origin,
    is_set: AtomicBool,
    is_shut_down: AtomicBool,
    /// The task that polls the turn.
    reader: AtomicWaker,
}

impl Stopper {
    pub(super) fn new() -> Self {
        let (is_set, is_shut_down) = (AtomicBool::new(false), AtomicBool::new(false));
        let reader = AtomicWaker::new();
        Stopper(Arc::new(Signal { origin: Origin::here(), is_set, is_shut_down, reader }))
    }

    /// Stops the turn. Its reader gets the last event at its next poll. In a forked child this does nothing: the turn
    /// is the parent's.
    pub fn stop(&self) {
        if self.0.origin.is_inherited() {
            return;
        }
        self.0.is_set.store(true, Ordering::Release);
        self.0.reader.wake();
    }

    /// Returns true once the stop was requested.
    pub fn is_stopped(&self) -> bool {
        self.0.is_set.load(Ordering::Acquire)
    }

    /// Ends the turn with an error, since its engine is shut down.
    fn shut_down(&self) {
        self.0.is_shut_down.store(true, Ordering::Release);
        self.0.reader.wake();
    }

    pub(super) fn is_shut_down(&self) -> bool {
        self.0.is_shut_down.load(Ordering::Acquire)
    }

    /// Returns true once the turn is to be stopped or shut down.
    pub(super) fn is_asked(&self) -> bool {
        self.is_stopped() || self.is_shut_down()
    }

    /// As [`is_asked`](Self::is_asked), and wakes this task when it is asked later.
    pub(super) fn poll_asked(&self, reader: &Waker) -> bool {
        // Register first: a stop between the two steps would wake no task.
        self.0.reader.register(reader);
        self.is_asked()
    }
}

impl fmt::Debug for Stopper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stopper").field("is_stopped", &self.is_stopped()).finish()
    }
}

/// The result of a user's request to stop a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StopOutcome {
    /// The turn is the user's, and is stopped.
    Stopped,
    /// No turn with this id is known to run.
    Unknown,
    /// The turn is not the user's, and runs on.
    OtherUser,
}

impl From<StopAsked> for StopOutcome {
    fn from(asked: StopAsked) -> Self {
        match asked {
            StopAsked::Told => StopOutcome::Stopped,
            StopAsked::Unknown => StopOutcome::Unknown,
            StopAsked::OtherUser => StopOutcome::OtherUser,
        }
    }
}

/// The running turns, by id.
#[derive(Clone, Default)]
pub(super) struct RunningTurns(Arc<Mutex<HashMap<String, Running>>>);

#[derive(Clone)]
struct Running {
    user: Option<String>,
    stopper: Stopper,
}

/// An entry in [`RunningTurns`], removed when it is dropped.
pub(super) struct Registration {
    turns: RunningTurns,
    id: String,
}

impl RunningTurns {
    pub(super) fn register(&self, id: &str, user: Option<&str>, stopper: Stopper) -> Registration {
        let running = Running { user: user.map(str::to_owned), stopper };
        self.lock().insert(id.to_owned(), running);
        Registration { turns: self.clone(), id: id.to_owned() }
    }

    /// Stops the turn with this id, unless a user is given and it is another's.
    pub(super) fn stop(&self, id: &str, user: Option<&str>) -> StopOutcome {
        let Some(running) = self.lock().get(id).cloned() else { return StopOutcome::Unknown };
        if user.is_some() && user != running.user.as_deref() {
            return StopOutcome::OtherUser;
        }
        // Outside the lock, as a waker is foreign code.
        running.stopper.stop();
        StopOutcome::Stopped
    }

    /// Ends all turns with an error.
    pub(super) fn shut_down(&self) {
        let running: Vec<_> = self.lock().values().map(|running| running.stopper.clone()).collect();
        for stopper in running {
            stopper.shut_down();
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Running>> {
        // No code that can panic runs under the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.turns.lock().remove(&self.id);
    }
}
