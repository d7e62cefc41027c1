//! The result type of every call from a host.

use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;

use super::chat::OpenStream;
use super::events::Events;
use super::head::Head;
use super::list::{List, Weigh};
use super::pull::{Pull, Taken};
use super::source::Once;
use super::web_reply::WebReply;
use crate::caller;
use crate::error::{Error, ErrorKind, Result};
use crate::process::runtime;

/// The result of a call, in the form that crosses to a host.
#[derive(Debug)]
pub struct Answer {
    /// The head of its HTTP response; `None` for results without one, such as the counters of an outbox.
    pub head: Option<Head>,
    /// The result itself.
    pub body: Body,
}

/// The body of an answer.
#[derive(Debug)]
#[non_exhaustive]
pub enum Body {
    /// The call has no result.
    Nothing,
    /// A value, as its JSON.
    Json(String),
    /// Complete bytes.
    Bytes(Bytes),
    /// A model's reply that has begun, to be read as chunks or as raw bytes.
    Chunks(OpenStream),
    /// The events of a turn.
    Events(Pull<Events>),
    /// Audio as a stream of byte chunks.
    Audio(Pull<List<Bytes>>),
    /// The reply to a request of a page.
    Web(WebReply),
}

/// A running call: a pull of one answer.
pub type Call = Pull<List<Answer>>;

/// Converts a result of core to an [`Answer`].
pub trait IntoAnswer {
    /// The answer.
    ///
    /// # Errors
    ///
    /// `config` when the thread that reads a stream cannot be started; `decode` when the result cannot be serialised.
    fn into_answer(self) -> Result<Answer>;
}

/// Starts a call on the library's runtime, in the caller's context. [`Call::take_answer`] returns its answer or error.
///
/// # Errors
///
/// `config` when no thread can be started.
pub fn call<T: IntoAnswer>(
    future: impl Future<Output = Result<T>> + Send + 'static,
) -> Result<Call> {
    started(Box::pin(async move { future.await.and_then(T::into_answer) }))
}

/// The same for all types of calls: a task of its own for each type would be a tenth of the package's code.
fn started(answer: Pin<Box<dyn Future<Output = Result<Answer>> + Send>>) -> Result<Call> {
    Ok(Pull::new(&runtime()?, Once::new(caller::inherit(answer))))
}

/// Starts a call that may block its thread, as for a file.
///
/// # Errors
///
/// `config` when no thread can be started.
pub fn call_blocking<T: IntoAnswer + Send + 'static>(
    act: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<Call> {
    call(on_blocking_thread(act))
}

/// Runs a function on a thread that may block.
pub(super) async fn on_blocking_thread<T: Send + 'static>(
    act: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let runtime = runtime()?;
    let act: Box<dyn FnOnce() -> Result<T> + Send> = Box::new(act);
    runtime.spawn_blocking(act).await.unwrap_or_else(|error| {
        let why = format!("the call was not completed: {error}");
        Err(Error::new(ErrorKind::Cancelled, "bridge.call", why))
    })
}

impl Call {
    /// A call that has ended already.
    pub(super) fn ended<T: IntoAnswer>(result: Result<T>) -> Self {
        Pull::ready(result.and_then(T::into_answer))
    }

    /// Takes the answer, without waiting. It is returned once, followed by [`Taken::End`].
    pub fn take_answer(&self) -> Taken<Answer> {
        match self.take() {
            Taken::Items(mut answers) => answers.take_first().map_or(Taken::End, Taken::Items),
            Taken::Nothing => Taken::Nothing,
            Taken::End => Taken::End,
            Taken::Failed(error) => Taken::Failed(error),
        }
    }
}

impl Answer {
    pub(super) fn new(head: Option<Head>, body: Body) -> Self {
        Answer { head, body }
    }
}

impl Weigh for Answer {
    fn weight(&self) -> usize {
        match &self.body {
            Body::Json(text) => text.len(),
            Body::Bytes(bytes) => bytes.len(),
            Body::Web(reply) => reply.weight(),
            Body::Nothing | Body::Chunks(_) | Body::Events(_) | Body::Audio(_) => 0,
        }
    }
}
