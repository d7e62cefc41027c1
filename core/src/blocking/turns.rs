//! Turns for programs without an async runtime.

use std::fmt;
use std::future::poll_fn;
use std::iter::FusedIterator;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use futures_core::stream::{FusedStream, Stream};
use tokio::runtime::Runtime;

use super::wait::wait;
use crate::chat::OpenAi;
use crate::error::Result;
use crate::event::TurnEvent;
use crate::outbox::{FlushReport, Outbox};
use crate::process::runtime;
use crate::turn::{Timeline, TurnsBuilder};
use crate::turn_request::TurnRequest;

/// Runs turns, for code that is not async; see [`turnwire::Turns`](crate::turn::Turns).
///
/// What runs beside a reply runs on a thread of the library's; the reply is read as its iterator is.
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
    runtime: &'static Runtime,
}

impl Turns {
    /// Settings of turns with this model's service; end them with
    /// [`build_blocking`](crate::turn::TurnsBuilder::build_blocking).
    pub fn builder(llm: OpenAi) -> TurnsBuilder {
        crate::turn::Turns::builder(llm)
    }

    /// Starts a turn; see [`turnwire::Turns::start`](crate::turn::Turns::start).
    pub fn start(&self, request: TurnRequest) -> Turn {
        let _context = self.runtime.enter();
        Turn { inner: self.inner.start(request), runtime: self.runtime }
    }

    /// Speaks a text, sentence by sentence, as one piece of audio.
    ///
    /// # Errors
    ///
    /// As [`turnwire::Turns::speak`](crate::turn::Turns::speak).
    pub fn speak(&self, text: impl Into<String>) -> Result<Bytes> {
        wait(self.runtime, self.inner.speak(text))
    }

    /// The outbox that delivers the messages; `None` without a store.
    pub fn outbox(&self) -> Option<&Outbox> {
        self.inner.outbox()
    }

    /// Waits, at most this long, until what was handed over is delivered or dead.
    pub fn flush(&self, deadline: Duration) -> FlushReport {
        wait(self.runtime, self.inner.flush(deadline))
    }

    /// The same, and ends: no message is taken any more.
    pub fn shutdown(&self, deadline: Duration) -> FlushReport {
        wait(self.runtime, self.inner.shutdown(deadline))
    }
}

/// A turn that runs: an iterator over its events; see [`turnwire::Turn`](crate::turn::Turn).
pub struct Turn {
    inner: crate::turn::Turn,
    runtime: &'static Runtime,
}

impl Turn {
    /// Ends the turn now, as its reader's going away does.
    pub fn cancel(&mut self) {
        let _context = self.runtime.enter();
        self.inner.cancel();
    }

    /// The timeline so far.
    pub fn timeline(&self) -> Timeline {
        self.inner.timeline()
    }
}

impl TurnsBuilder {
    /// Ready to run turns, for code that is not async.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build).
    pub fn build_blocking(self) -> Result<Turns> {
        Ok(Turns { inner: self.build()?, runtime: runtime()? })
    }
}

impl Iterator for Turn {
    type Item = Result<TurnEvent>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.inner.is_terminated() {
            return None;
        }
        wait(self.runtime, poll_fn(|task| Pin::new(&mut self.inner).poll_next(task)))
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
