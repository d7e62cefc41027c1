//! Waits for a future on the thread at hand, while the library's own runtime drives its sockets and timers.
//!
//! The runtime is asked for at each call: a forked child has one of its own.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use tokio::task::unconstrained;

use crate::error::Result;
use crate::process::runtime;

/// Runs a future to its end on this thread.
///
/// Unlike `Runtime::block_on` it does not refuse to run inside another runtime: it only needs this thread.
///
/// # Errors
///
/// `config` when the library's runtime cannot be started.
pub(super) fn wait<F: Future>(future: F) -> Result<F::Output> {
    let runtime = runtime()?;
    let _context = runtime.enter();
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut task = Context::from_waker(&waker);
    // This thread never returns to a scheduler that would refill the budget that a task has for its polls.
    let mut future = pin!(unconstrained(future));
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut task) {
            return Ok(output);
        }
        // A wake between the poll and here is not lost: it makes `park` return at once.
        thread::park();
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.unpark();
    }
}
