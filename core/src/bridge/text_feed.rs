//! The text of a host on its way to a speech: bounded, so that a host that is ahead of the speech waits.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_core::Stream;

use super::host::Failure;
use super::host_text::{HostText, WholeCharacters};
use super::waiting::Waiting;
use super::wakes::{Wake, Wakes};
use crate::error::{Error, ErrorKind, Result};
use crate::process::Bound;

/// The size of waiting text, in bytes, from which on the feed accepts no more.
const FULL: usize = 16 * 1024;

const OPERATION: &str = "speech.text";

/// The writing side of a text. Dropping it ends the text.
///
/// A host waits for room through [`Waiting`]. In a forked child every operation is an error of code `forked`.
pub struct TextFeed {
    shared: Bound<Arc<Shared>>,
}

/// The reading side: a stream of text. Dropping it closes the feed.
pub struct FedText {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// Wakes threads that wait for room.
    drained: Condvar,
}

#[derive(Default)]
struct State {
    text: String,
    characters: WholeCharacters,
    end: Option<Result<()>>,
    /// True once nobody reads the text any more.
    is_closed: bool,
    /// The reader, while it waits for text.
    reader: Option<Waker>,
    /// The host, while it waits for room.
    wakes: Wakes,
}

/// The state of a feed after a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feed {
    /// It has room for more.
    Open,
    /// It is full: wait before the next push.
    Full,
    /// Nobody reads the text any more.
    Closed,
}

impl TextFeed {
    /// A feed and its reader.
    pub fn new() -> (Self, FedText) {
        let shared = Arc::<Shared>::default();
        (TextFeed { shared: Bound::new(shared.clone()) }, FedText { shared })
    }

    /// Appends text. It is accepted even by a full feed, whose host should wait before the next piece.
    ///
    /// # Errors
    ///
    /// `forked` in a child.
    pub fn push<'a>(&self, piece: impl Into<HostText<'a>>) -> Result<Feed> {
        let mut state = self.shared.own(OPERATION)?.lock();
        if state.is_closed || state.end.is_some() {
            return Ok(Feed::Closed);
        }
        let text = state.characters.push(piece.into());
        state.text.push_str(&text);
        let feed = if state.is_full() { Feed::Full } else { Feed::Open };
        let reader = if text.is_empty() { None } else { state.reader.take() };
        drop(state);
        reader.into_iter().for_each(Waker::wake);
        Ok(feed)
    }

    /// Ends the text.
    pub fn end(&self) {
        self.finish(|| Ok(()));
    }

    /// Ends the text with a failure of the host, which ends the speech after the sentences that came before.
    pub fn fail(&self, failure: Failure) {
        self.finish(|| {
            let why = format!("the text to speak ended with {}", failure.message);
            let error = Error::new(ErrorKind::Callback, OPERATION, why);
            Err(match failure.cause {
                Some(cause) => error.with_boxed_source(cause),
                None => error,
            })
        });
    }

    fn finish(&self, end: impl FnOnce() -> Result<()>) {
        let Ok(shared) = self.shared.own(OPERATION) else { return };
        let mut state = shared.lock();
        if state.end.is_none() {
            let lone = state.characters.finish();
            state.text.extend(lone);
            state.end = Some(end());
            let reader = state.reader.take();
            drop(state);
            reader.into_iter().for_each(Waker::wake);
        }
    }
}

impl Waiting for TextFeed {
    /// Waits for room, or until nobody reads the text any more.
    fn wait(&self, tick: Duration) -> bool {
        let Ok(shared) = self.shared.own(OPERATION) else { return true };
        let state = shared.lock();
        let waited = shared.drained.wait_timeout_while(state, tick, |state| !state.has_room());
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.has_room()
    }

    fn wake(&self, wake: Wake) {
        let Ok(shared) = self.shared.own(OPERATION) else { return wake() };
        let mut state = shared.lock();
        if state.has_room() {
            drop(state);
            wake();
        } else {
            state.wakes.add(wake);
        }
    }

    fn wake_all(&self) {
        let Ok(shared) = self.shared.own(OPERATION) else { return };
        let wakes = shared.lock().wakes.take();
        wakes.call();
    }

    fn cancel(&self) {
        self.end();
    }
}

impl Drop for TextFeed {
    fn drop(&mut self) {
        self.end();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // No code that can panic runs under the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state so that the host may have room, and wakes it.
    fn make_room<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.lock();
        let changed = change(&mut state);
        let wakes = state.wakes.take();
        drop(state);
        self.drained.notify_all();
        wakes.call();
        changed
    }
}

impl State {
    fn is_full(&self) -> bool {
        self.text.len() >= FULL
    }

    /// Returns true if a host need not wait.
    fn has_room(&self) -> bool {
        self.is_closed || !self.is_full()
    }
}

impl Stream for FedText {
    type Item = Result<String>;

    fn poll_next(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut state = self.shared.lock();
        if !state.text.is_empty() {
            drop(state);
            let text = self.shared.make_room(|state| std::mem::take(&mut state.text));
            return Poll::Ready(Some(Ok(text)));
        }
        match &mut state.end {
            Some(end) => Poll::Ready(std::mem::replace(end, Ok(())).err().map(Err)),
            None => {
                state.reader = Some(task.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl Drop for FedText {
    fn drop(&mut self) {
        self.shared.make_room(|state| {
            state.is_closed = true;
            state.text = String::new();
        });
    }
}

impl fmt::Debug for TextFeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TextFeed").finish_non_exhaustive()
    }
}

impl fmt::Debug for FedText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FedText").finish_non_exhaustive()
    }
}
