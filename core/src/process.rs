//! Values that belong to one process: a child after a fork gets its own, and never touches its parent's.
//!
//! A fork copies memory but not threads. A runtime, a connection or a stream in the child looks whole, but
//! nothing drives it, its locks may be held for ever, and its sockets are the parent's.

use std::sync::Arc;
use std::thread;

use arc_swap::ArcSwapOption;
use tokio::runtime::{Builder, Runtime};

use crate::error::{Error, ErrorKind, Result};

/// A value for each process, made when the process first asks for it.
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

    /// This process's value, if it has made one.
    pub(crate) fn get(&self) -> Option<T> {
        let owned = self.current.load_full()?;
        if owned.process == std::process::id() {
            return Some(owned.value.clone());
        }
        // What was inherited is given up without being dropped.
        std::mem::forget(owned);
        None
    }

    /// This process's value. When two threads make it at once, one of the two is kept.
    pub(crate) fn get_or_try_make(&self, make: impl FnOnce() -> Result<T>) -> Result<T> {
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
                // What was inherited is given up without being dropped.
                std::mem::forget(before);
                Ok(made.value.clone())
            }
        }
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

/// The library's own runtime in this process: one thread, begun with the first use.
///
/// It is never dropped, neither at the process's end, which ends its thread, nor in a forked child.
pub(crate) fn runtime() -> Result<&'static Runtime> {
    static RUNTIME: PerProcess<&'static Runtime> = PerProcess::new();
    RUNTIME.get_or_try_make(|| {
        let begun = Builder::new_current_thread().enable_all().build().and_then(|built| {
            let runtime: &'static Runtime = Box::leak(Box::new(built));
            let drive = || runtime.block_on(std::future::pending::<()>());
            thread::Builder::new().name("turnwire".to_owned()).spawn(drive)?;
            Ok(runtime)
        });
        begun.map_err(|e| {
            let why = format!("no thread can be started: {e}");
            Error::new(ErrorKind::Config, "client.build", why).with_source(e)
        })
    })
}
