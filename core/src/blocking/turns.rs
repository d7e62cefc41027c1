//! Turns for programs without an async runtime.

use std::fmt;
use std::future::poll_fn;
use std::iter::FusedIterator;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use futures_core::stream::{FusedStream, Stream};

use tokio::runtime::Handle;

use super::turn_bytes::TurnBytes;
use super::wait::wait;
use crate::chat::OpenAi;
use crate::error::Result;
use crate::event::{ChatAnswer, TurnEvent, Wire};
use crate::outbox::{FlushReport, Outbox};
use crate::process::runtime;
use crate::turn::{StopOutcome, Stopper, Timeline, TurnsBuilder};
use crate::turn_request::TurnRequest;

/// Runs turns, for code that is not async; see [`turnwire::Turns`](crate::turn::Turns).
///
/// Side stages run on a thread of the library; the reply is read by its iterator.
///
/// ```no_run
/// use turnwire::blocking::Turns;
/// use turnwire::{OpenAi, TurnEvent, TurnRequest};
///
/// # fn main() -> turnwire::Result<()> {
/// let turns = Turns::builder(OpenAi::from_env()?).system_prompt("한 문장으로 답하세요.").build_blocking()?;
/// for event in turns.start(TurnRequest::new("안녕하세요")) {
///     if let TurnEvent::Content { content } = event? {
///         print!("{content}");
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Turns {
    inner: crate::turn::Turns,
}

impl Turns {
    /// The same engine, for code that is not async.
    ///
    /// # Errors
    ///
    /// `config` when the library's thread cannot be started.
    pub fn new(turns: crate::turn::Turns) -> Result<Self> {
        runtime()?;
        Ok(Turns { inner: turns })
    }

    /// The builder of turns with this client of the model; finish it with
    /// [`build_blocking`](crate::turn::TurnsBuilder::build_blocking).
    pub fn builder(llm: OpenAi) -> TurnsBuilder {
        crate::turn::Turns::builder(llm)
    }

    /// Checks the request and starts its turn.
    ///
    /// # Errors
    ///
    /// As [`turnwire::Turns::try_start`](crate::turn::Turns::try_start).
    pub fn try_start(&self, request: TurnRequest) -> Result<Turn> {
        in_context(|| Ok(Turn { inner: self.inner.try_start(request)? }))
    }

    /// Starts a turn; if it cannot run, its only item is the error.
    pub fn start(&self, request: TurnRequest) -> Turn {
        in_context(|| Turn { inner: self.inner.start(request) })
    }

    /// Stops the turn with this id; see [`turnwire::Turns::stop`](crate::turn::Turns::stop).
    pub fn stop(&self, turn_id: &str) -> bool {
        self.inner.stop(turn_id)
    }

    /// Stops a turn on behalf of a user; see [`turnwire::Turns::stop_of_user`](crate::turn::Turns::stop_of_user).
    pub fn stop_of_user(&self, turn_id: &str, user_id: &str) -> StopOutcome {
        self.inner.stop_of_user(turn_id, user_id)
    }

    /// Speaks a text, sentence by sentence, as one piece of audio.
    ///
    /// # Errors
    ///
    /// As [`turnwire::Turns::speak`](crate::turn::Turns::speak).
    pub fn speak(&self, text: impl Into<String>) -> Result<Bytes> {
        wait(self.inner.speak(text))?
    }

    /// The outbox that delivers the messages; `None` without a store.
    pub fn outbox(&self) -> Option<&Outbox> {
        self.inner.outbox()
    }

    /// Waits, at most this long, until every accepted message is delivered or dead.
    pub fn flush(&self, deadline: Duration) -> FlushReport {
        wait(self.inner.flush(deadline)).unwrap_or_else(|_| self.undelivered())
    }

    /// Waits as [`flush`](Self::flush), and shuts down: no message is accepted afterwards.
    pub fn shutdown(&self, deadline: Duration) -> FlushReport {
        wait(self.inner.shutdown(deadline)).unwrap_or_else(|_| self.undelivered())
    }

    /// The report if waiting is impossible.
    fn undelivered(&self) -> FlushReport {
        let pending = self.inner.outbox().map_or(0, |outbox| outbox.stats().pending);
        FlushReport { pending, ..FlushReport::default() }
    }
}

/// A running turn: an iterator over its events; see [`turnwire::Turn`](crate::turn::Turn).
pub struct Turn {
    inner: crate::turn::Turn,
}

impl Turn {
    /// The turn's id, for [`Turns::stop`].
    pub fn id(&self) -> &str {
        self.inner.id()
    }

    /// The id of the user's message.
    pub fn message_id(&self) -> &str {
        self.inner.message_id()
    }

    /// The id of the AI's message.
    pub fn reply_id(&self) -> &str {
        self.inner.reply_id()
    }

    /// A handle that stops the turn while another thread reads it.
    pub fn stopper(&self) -> Stopper {
        self.inner.stopper()
    }

    /// The reply's text so far.
    pub fn partial(&self) -> &str {
        self.inner.partial()
    }

    /// The whole answer, once the turn has been read to its end.
    ///
    /// # Errors
    ///
    /// The error that ended the turn, or `truncated` when it was not read to its end.
    pub fn into_answer(mut self) -> Result<ChatAnswer> {
        in_context(|| self.inner.take().into_answer())
    }

    /// Reads the rest of the turn, and returns the whole answer.
    ///
    /// # Errors
    ///
    /// The error that ended the turn, with the text so far.
    pub fn finish(mut self) -> Result<ChatAnswer> {
        let turn = self.inner.take();
        wait(turn.finish())?
    }

    /// Ends the turn now, as if its reader had gone.
    pub fn cancel(&mut self) {
        in_context(|| self.inner.cancel());
    }

    /// The turn as the body of a response: an iterator over the bytes of its event stream.
    pub fn sse(self) -> TurnBytes {
        self.bytes(Wire::Sse)
    }

    /// The turn as a UI message stream of the AI SDK.
    pub fn ui_stream(self) -> TurnBytes {
        self.bytes(Wire::Ui)
    }

    /// The text of the reply, in UTF-8. The last item of a turn that fails is its error.
    pub fn text_stream(self) -> TurnBytes {
        self.bytes(Wire::Text)
    }

    /// The turn as the body of a response in this form.
    pub fn bytes(mut self, wire: Wire) -> TurnBytes {
        TurnBytes::new(self.inner.take().bytes(wire))
    }

    /// The timeline so far.
    pub fn timeline(&self) -> Timeline {
        self.inner.timeline()
    }
}

impl TurnsBuilder {
    /// Builds the engine for code that is not async.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build).
    pub fn build_blocking(self) -> Result<Turns> {
        Turns::new(self.build()?)
    }
}

/// Runs `act` inside the library's runtime, in which turns start and end.
fn in_context<T>(act: impl FnOnce() -> T) -> T {
    let runtime = runtime().ok();
    let _context = runtime.as_ref().map(Handle::enter);
    act()
}

impl Iterator for Turn {
    type Item = Result<TurnEvent>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.inner.is_terminated() {
            return None;
        }
        let next = wait(poll_fn(|task| Pin::new(&mut self.inner).poll_next(task)));
        next.unwrap_or_else(|error| Some(Err(error)))
    }
}

impl FusedIterator for Turn {}

impl Drop for Turn {
    fn drop(&mut self) {
        self.cancel();
    }
}

impl fmt::Debug for Turns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl fmt::Debug for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
