//! Values that belong to one process: a child after a fork gets its own, and never touches its parent's.
//!
//! A fork copies memory but not threads. A runtime, a connection or a stream in the child looks intact, but nothing
//! drives it, its locks may be held for ever, and its sockets are the parent's. So there are two kinds of value:
//! [`PerProcess`], which a child creates anew, and [`Bound`], which is unusable in a child and leaked there.

use std::convert::Infallible;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex};
use std::thread;

use arc_swap::ArcSwapOption;
use tokio::runtime::{self, Builder, Handle};
use tokio::sync::oneshot;
use uuid::{ContextV7, Timestamp, Uuid};

use crate::error::{Error, ErrorKind, Result};

/// A value for each process, created on the process's first access.
///
/// It takes no lock: a lock that another thread holds at the moment of a fork would stay held in the child.
pub(crate) struct PerProcess<T> {
    current: ArcSwapOption<Owned<T>>,
}

struct Owned<T> {
    process: u32,
    value: T,
}

impl<T: Clone> PerProcess<T> {
    pub(crate) const fn new() -> Self {
        PerProcess { current: ArcSwapOption::const_empty() }
    }

    /// This process's value, if it has created one.
    pub(crate) fn get(&self) -> Option<T> {
        let owned = self.current.load_full()?;
        if owned.process == std::process::id() {
            return Some(owned.value.clone());
        }
        // The inherited value is leaked rather than dropped.
        std::mem::forget(owned);
        None
    }

    /// This process's value. When two threads create it at once, one of the two values is kept.
    pub(crate) fn get_or_make(&self, make: impl FnOnce() -> T) -> T {
        let Ok(value) = self.get_or_try_make(|| Ok::<T, Infallible>(make()));
        value
    }

    /// The same for a fallible constructor.
    pub(crate) fn get_or_try_make<E>(
        &self,
        make: impl FnOnce() -> std::result::Result<T, E>,
    ) -> std::result::Result<T, E> {
        let process = std::process::id();
        let before = self.current.load_full();
        if let Some(owned) = before.as_ref().filter(|owned| owned.process == process) {
            return Ok(owned.value.clone());
        }
        let made = Arc::new(Owned { process, value: make()? });
        let found = self.current.compare_and_swap(&before, Some(made.clone()));
        match &*found {
            Some(owned) if owned.process == process => Ok(owned.value.clone()),
            _ => {
                // The inherited value is leaked rather than dropped.
                std::mem::forget(before);
                Ok(made.value.clone())
            }
        }
    }
}

impl<T: Clone> Default for PerProcess<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Drop for PerProcess<T> {
    fn drop(&mut self) {
        let owned = self.current.swap(None);
        if owned.as_ref().is_some_and(|owned| owned.process != std::process::id()) {
            std::mem::forget(owned);
        }
    }
}

/// The process in which a value was created.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin {
    process: u32,
    runtime: Option<runtime::Id>,
}

impl Origin {
    /// This process, and the current thread's runtime.
    pub(crate) fn here() -> Self {
        Origin { process: std::process::id(), runtime: runtime_id() }
    }

    /// Returns true in a process that was forked from that one.
    ///
    /// A runtime does not run in a child. So on the origin's runtime, where streams are polled, the process id is not
    /// checked: that would be a system call for each chunk.
    pub(crate) fn is_inherited(self) -> bool {
        let is_at_home = self.runtime.is_some() && self.runtime == runtime_id();
        !is_at_home && self.process != std::process::id()
    }
}

fn runtime_id() -> Option<runtime::Id> {
    Handle::try_current().ok().map(|runtime| runtime.id())
}

/// A value that only the process that created it may use: a running stream, turn or call.
///
/// In a forked child every use is an error of code `forked`, and the value is leaked, never dropped: dropping it would
/// take locks that the parent's threads may hold, and remove the parent's sockets from the poll that both share.
pub(crate) struct Bound<T> {
    origin: Origin,
    /// `None` after it was taken.
    value: Option<T>,
}

impl<T> Bound<T> {
    pub(crate) fn new(value: T) -> Self {
        Bound { origin: Origin::here(), value: Some(value) }
    }

    /// Returns true in a process that was forked from the one that created the value.
    pub(crate) fn is_inherited(&self) -> bool {
        self.origin.is_inherited()
    }

    /// Fails in such a process.
    ///
    /// # Errors
    ///
    /// `forked`.
    pub(crate) fn check(&self, operation: &'static str) -> Result<()> {
        if self.is_inherited() { Err(forked(operation)) } else { Ok(()) }
    }

    /// The value, for an operation in the process that created it.
    ///
    /// # Errors
    ///
    /// `forked` in a child.
    #[cfg(feature = "bridge")]
    pub(crate) fn own(&self, operation: &'static str) -> Result<&T> {
        self.check(operation)?;
        self.value.as_ref().ok_or_else(|| forked(operation))
    }

    /// The value; in a child it is mere memory. `None` after it was taken.
    pub(crate) fn get(&self) -> Option<&T> {
        self.value.as_ref()
    }

    /// The same, mutable, for the process that created it.
    pub(crate) fn get_mut(&mut self) -> Option<&mut T> {
        self.value.as_mut()
    }

    /// Takes the value out; `None` in a child, where it is leaked, or after it was taken.
    pub(crate) fn take(&mut self) -> Option<T> {
        let value = self.value.take()?;
        if self.origin.process != std::process::id() {
            std::mem::forget(value);
            return None;
        }
        Some(value)
    }
}

impl<T> Drop for Bound<T> {
    fn drop(&mut self) {
        drop(self.take());
    }
}

impl<T> fmt::Debug for Bound<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bound").field("origin", &self.origin).finish_non_exhaustive()
    }
}

/// The message of that error.
pub(crate) const FORKED: &str = "it was begun by the process that this one was forked from";

/// The error of an operation on a value that belongs to the parent.
pub(crate) fn forked(operation: &'static str) -> Error {
    Error::new(ErrorKind::Forked, operation, FORKED)
}

/// A new UUID of version 7, which sorts after those that this process created before.
///
/// [`Uuid::now_v7`] keeps that order under a lock of its own, which could be held for ever in a child.
pub(crate) fn new_id() -> Uuid {
    static CONTEXT: PerProcess<Arc<Mutex<ContextV7>>> = PerProcess::new();
    Uuid::new_v7(Timestamp::now(&*CONTEXT.get_or_make(Arc::default)))
}

/// The library's own runtime in this process: one thread, started on first use.
///
/// It is never dropped, neither at the end of the process, which ends its thread, nor in a forked child.
pub(crate) fn runtime() -> Result<Handle> {
    static RUNTIME: PerProcess<Handle> = PerProcess::new();
    let mut begun = None;
    let kept = RUNTIME.get_or_try_make(|| {
        let driven = begin_runtime().map_err(|e| {
            let why = format!("no thread can be started: {e}");
            Error::new(ErrorKind::Config, "client.build", why).with_source(e)
        })?;
        Ok(begun.insert(driven).handle.clone())
    })?;
    // Of two threads that begin one at once, the other one's is kept, and this one's ends.
    if let Some(driven) = begun.filter(|driven| driven.handle.id() == kept.id()) {
        // Its thread waits for this.
        let _ = driven.is_kept.send(());
    }
    Ok(kept)
}

/// A runtime that its thread drives. The thread ends with `is_kept`, unless that is sent.
struct Driven {
    handle: Handle,
    is_kept: oneshot::Sender<()>,
}

fn begin_runtime() -> io::Result<Driven> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let handle = runtime.handle().clone();
    let (is_kept, kept) = oneshot::channel();
    let drive = move || {
        runtime.block_on(async {
            if kept.await.is_ok() {
                std::future::pending::<()>().await;
            }
        });
    };
    thread::Builder::new().name("turnwire".to_owned()).spawn(drive)?;
    Ok(Driven { handle, is_kept })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    /// Records its drop.
    struct Noting(Arc<AtomicBool>);

    impl Drop for Noting {
        fn drop(&mut self) {
            self.0.store(true, Ordering::SeqCst);
        }
    }

    /// A value as seen by a child: no process has the id 0.
    fn inherited(dropped: &Arc<AtomicBool>) -> Bound<Noting> {
        let mut value = Bound::new(Noting(dropped.clone()));
        value.origin.process = 0;
        value
    }

    #[test]
    fn a_value_of_the_parent_is_an_error_and_is_never_dropped() {
        let dropped = Arc::new(AtomicBool::new(false));
        let mut value = inherited(&dropped);
        let error = value.check("chat.stream").unwrap_err();
        assert_eq!((error.kind(), error.operation()), (ErrorKind::Forked, "chat.stream"));
        assert!(value.take().is_none());
        drop(value);
        drop(inherited(&dropped));
        assert!(!dropped.load(Ordering::SeqCst));

        drop(Bound::new(Noting(dropped.clone())));
        assert!(dropped.load(Ordering::SeqCst));
    }

    #[tokio::test]
    async fn a_runtime_is_not_trusted_by_a_drop() {
        let dropped = Arc::new(AtomicBool::new(false));
        let value = inherited(&dropped);
        assert!(!value.is_inherited(), "polled at home");
        drop(value);
        assert!(!dropped.load(Ordering::SeqCst));
    }

    #[test]
    fn a_value_of_each_process_is_made_once() {
        let values = PerProcess::new();
        assert_eq!(values.get(), None);
        assert_eq!(
            (values.get_or_make(|| 1), values.get_or_make(|| 2), values.get()),
            (1, 1, Some(1))
        );
        let parents = Arc::new(Owned { process: 0, value: 7 });
        values.current.store(Some(parents));
        assert_eq!((values.get(), values.get_or_make(|| 2)), (None, 2));
    }

    #[test]
    fn ids_are_in_the_order_of_their_making() {
        let ids: Vec<_> = (0..1000).map(|_| new_id()).collect();
        assert!(ids.is_sorted());
    }
}
