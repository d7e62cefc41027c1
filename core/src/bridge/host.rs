//! Functions of the host that core calls: core passes a question, and the host replies at once or later.
//!
//! # Rules
//!
//! - **A function is called on a blocking thread**, never on the library's own, which drives all connections: a classifier
//!   may be slow. The threads are new after a fork. At most 64 calls of one function run at a time; others wait. An abandoned
//!   call makes room for another, although its thread goes on; once 192 threads of one function run, calls of it fail.
//! - **It answers through its [`Reply`]**, at once or later from any thread. Dropping it unanswered is an error.
//! - **An exception** becomes an error of code `callback`, with the host's exception as its source. A side stage that fails
//!   in this way never breaks the turn.
//! - **A question may be abandoned**: its budget is over, or its turn is gone. [`Reply::is_abandoned`] reports it, and
//!   [`Reply::on_abandoned`] is called, so that the host can cancel its own work. A question abandoned before the call is
//!   never asked.
//! - **The context of the caller** accompanies each question ([`Reply::context`]): the one passed to
//!   [`start`](super::start) for the turn.

use std::error::Error as StdError;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::caller::{self, Context};
use crate::error::{Error, ErrorKind, Result};
use crate::process::{Bound, PerProcess, runtime};

/// The most concurrent calls of one function whose answers are awaited. Each has a thread.
const MOST_CALLS: usize = 64;
/// The most threads of one function, including those of abandoned calls that hang. All functions share 512.
const MOST_THREADS: usize = 192;

/// A function of the host, from a question to an answer.
pub struct HostFn<Q, A>(Arc<Inner<Q, A>>);

struct Inner<Q, A> {
    operation: &'static str,
    function: Box<dyn Fn(Q, Reply<A>) + Send + Sync>,
    /// Per process, since the parent's permits in use would never be returned in a child.
    permits: PerProcess<Arc<Permits>>,
}

struct Permits {
    calls: Arc<Semaphore>,
    threads: Arc<Semaphore>,
}

/// The permit of a call, shared by the asking side and the thread. The first that drops its place returns the permit.
struct Place(Option<Arc<Mutex<Option<OwnedSemaphorePermit>>>>);

impl Place {
    /// Leaves the permit to the other side.
    fn leave(&mut self) {
        self.0 = None;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(permit) = self.0.take() {
            permit.lock().unwrap_or_else(PoisonError::into_inner).take();
        }
    }
}

/// The answer to a question.
pub struct Reply<A> {
    /// Empty once answered.
    pending: Bound<Pending<A>>,
    operation: &'static str,
    context: Option<Context>,
}

/// An unanswered question. It belongs to the process that asked.
struct Pending<A> {
    answer: oneshot::Sender<Result<A>>,
    question: Arc<Question>,
}

/// The failure of a host function.
#[derive(Debug)]
pub struct Failure {
    /// The host's message, such as `ValueError: no such label`. It appears in logs and on the timeline.
    pub message: String,
    /// The host's exception. It becomes the source of the error, where a binding finds it again by its type.
    pub cause: Option<Box<dyn StdError + Send + Sync>>,
}

impl<Q: Send + 'static, A: Send + 'static> HostFn<Q, A> {
    /// A function of the host. Errors name the `operation`, such as `turn.sentiment`.
    pub fn new(
        operation: &'static str,
        function: impl Fn(Q, Reply<A>) + Send + Sync + 'static,
    ) -> Self {
        let function = Box::new(function);
        HostFn(Arc::new(Inner { operation, function, permits: PerProcess::new() }))
    }

    /// Asks the host and waits for its answer. Dropping the future abandons the question.
    ///
    /// # Errors
    ///
    /// `callback` when the function fails or never answers, or too many calls of it hang; `config` when no thread can be
    /// started.
    pub async fn ask(&self, question: Q) -> Result<A> {
        let operation = self.0.operation;
        let context = caller::current();
        let runtime = runtime()?;
        let permits = self.0.permits.get_or_try_make(|| {
            let [calls, threads] =
                [MOST_CALLS, MOST_THREADS].map(|most| Arc::new(Semaphore::new(most)));
            Ok(Arc::new(Permits { calls, threads }))
        })?;
        // The semaphore is never closed.
        let call = permits.calls.clone().acquire_owned().await;
        let call = Arc::new(Mutex::new(Some(call.map_err(|_| unanswered(operation))?)));
        let thread = permits.threads.clone().try_acquire_owned().map_err(|_| hanging(operation))?;
        // Dropped with this future if the question is abandoned.
        let mut asking = Place(Some(call.clone()));
        let called = Place(Some(call));
        let (sender, answered) = oneshot::channel();
        let asked = Asked(Arc::default());
        let pending = Bound::new(Pending { answer: sender, question: asked.0.clone() });
        let reply = Reply { pending, operation, context };
        let host = self.0.clone();
        runtime.spawn_blocking(move || {
            let (_thread, _called) = (thread, called);
            if !reply.is_abandoned() {
                (host.function)(question, reply);
            }
        });
        let answer = answered.await.unwrap_or_else(|_| Err(unanswered(operation)));
        asking.leave();
        answer
    }
}

impl<A> Reply<A> {
    /// Answers the question. Does nothing if it was abandoned.
    pub fn answer(self, answer: A) {
        self.end(Ok(answer));
    }

    /// Fails the question with an error of code `callback`.
    pub fn fail(self, failure: Failure) {
        let error = failure.into_error(self.operation);
        self.end(Err(error));
    }

    /// Fails the question because its answer cannot be read.
    pub(super) fn refuse(self, why: String) {
        let error = Error::new(ErrorKind::Callback, self.operation, why);
        self.end(Err(error));
    }

    /// Returns true if the answer is no longer awaited, as in a child of the process that asked.
    pub fn is_abandoned(&self) -> bool {
        self.question().is_none_or(|question| question.lock().is_abandoned)
    }

    /// Calls `act` once if the question is abandoned before it is answered: on a blocking thread, or at once on this one if
    /// it is abandoned already. A later `act` replaces it.
    pub fn on_abandoned(&self, act: impl FnOnce() + Send + 'static) {
        let Some(question) = self.question() else { return };
        let mut state = question.lock();
        if state.is_abandoned {
            drop(state);
            act();
        } else {
            let former = state.on_abandoned.replace(Box::new(act));
            drop(state);
            // It holds values of the host, so not under the lock.
            drop(former);
        }
    }

    /// The context of the caller on whose behalf the question is asked.
    pub fn context(&self) -> Option<&Context> {
        self.context.as_ref()
    }

    /// Answers the question with an answer that is still being made: until the [`Asked`] in it is dropped, or the returned
    /// question forgets it, giving the answer up calls the act of [`on_abandoned`](Self::on_abandoned).
    pub(super) fn answer_growing(mut self, answer: impl FnOnce(Asked) -> A) -> Arc<Question> {
        let growing = Arc::<Question>::default();
        if let Some(Pending { answer: sender, question }) = self.pending.take() {
            growing.lock().on_abandoned = question.lock().on_abandoned.take();
            // Sending fails if the question was abandoned; then the answer is dropped here.
            let _ = sender.send(Ok(answer(Asked(growing.clone()))));
        }
        growing
    }

    pub(super) fn operation(&self) -> &'static str {
        self.operation
    }

    pub(super) fn end(mut self, result: Result<A>) {
        if let Some(Pending { answer, question }) = self.pending.take() {
            question.forget_act();
            // Sending fails if the question was abandoned.
            let _ = answer.send(result);
        }
    }

    fn question(&self) -> Option<&Question> {
        self.pending.own(self.operation).ok().map(|pending| &*pending.question)
    }
}

impl<A> Drop for Reply<A> {
    fn drop(&mut self) {
        if let Some(pending) = self.pending.take() {
            pending.question.forget_act();
        }
    }
}

impl Failure {
    pub(super) fn into_error(self, operation: &'static str) -> Error {
        let why = format!("the function raised {}", self.message);
        let error = Error::new(ErrorKind::Callback, operation, why);
        match self.cause {
            Some(cause) => error.with_boxed_source(cause),
            None => error,
        }
    }
}

/// The error of a question that the host drops.
pub(super) fn unanswered(operation: &'static str) -> Error {
    Error::new(ErrorKind::Callback, operation, "the function ended without an answer")
}

fn hanging(operation: &'static str) -> Error {
    let why = format!(
        "{MOST_THREADS} calls of the function hang, so it is not called again until one ends: give its own waits a timeout"
    );
    Error::new(ErrorKind::Callback, operation, why)
}

/// The state of a question, shared by the asking side and the host.
#[derive(Default)]
pub(super) struct Question(Mutex<State>);

#[derive(Default)]
struct State {
    is_abandoned: bool,
    on_abandoned: Option<Box<dyn FnOnce() + Send>>,
}

impl Question {
    fn lock(&self) -> MutexGuard<'_, State> {
        // No code that can panic runs under the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Drops what was to be done, which holds values of the host. Not under the lock.
    pub(super) fn forget_act(&self) {
        let act = self.lock().on_abandoned.take();
        drop(act);
    }
}

/// The asking side of a question, dropped when the answer is no longer awaited.
pub(super) struct Asked(Arc<Question>);

impl Drop for Asked {
    fn drop(&mut self) {
        let act = {
            let mut question = self.0.lock();
            question.is_abandoned = true;
            question.on_abandoned.take()
        };
        // Host code, so not on this thread, which may be the library's own.
        if let Some(act) = act
            && let Ok(runtime) = runtime()
        {
            runtime.spawn_blocking(act);
        }
    }
}

impl<Q, A> Clone for HostFn<Q, A> {
    fn clone(&self) -> Self {
        HostFn(self.0.clone())
    }
}

impl<Q, A> fmt::Debug for HostFn<Q, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostFn").field("operation", &self.0.operation).finish_non_exhaustive()
    }
}

impl<A> fmt::Debug for Reply<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply").field("operation", &self.operation).finish_non_exhaustive()
    }
}
