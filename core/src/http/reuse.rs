//! Connection reuse: connections that are about to return to the pool.
//!
//! A response's last bytes reach its reader a moment before its connection can be reused. A request sent in that moment
//! would open another connection, whose handshakes cost far more than the wait.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::yield_now;
use tokio::time::{Instant, timeout_at};

/// The longest wait for a connection that is about to return.
const MOMENT: Duration = Duration::from_millis(10);

/// The connections of a client that are about to return.
#[derive(Clone, Debug, Default)]
pub(super) struct ConnectionReuse {
    state: Arc<watch::Sender<ReuseState>>,
}

#[derive(Debug, Default)]
struct ReuseState {
    next: u64,
    /// The times at which they began to return.
    began: BTreeMap<u64, Instant>,
}

/// One such connection, until this value is dropped.
pub(super) struct Return {
    number: u64,
    state: Arc<watch::Sender<ReuseState>>,
}

impl ConnectionReuse {
    /// Records a connection whose response has been read as far as needed.
    pub(super) fn begin(&self) -> Return {
        let mut number = 0;
        self.state.send_modify(|state| {
            number = state.next;
            state.next += 1;
            state.began.insert(number, Instant::now());
        });
        Return { number, state: self.state.clone() }
    }

    /// Waits for the connections that began to return within the last [`MOMENT`], and at most that long for each.
    pub(super) async fn wait(&self) {
        let now = Instant::now();
        let is_new = |began: &Instant| *began + MOMENT > now;
        let newest = self.state.borrow().began.values().copied().filter(is_new).max();
        if let Some(newest) = newest {
            let mut state = self.state.subscribe();
            let none_is_new = |state: &ReuseState| !state.began.values().any(is_new);
            // After the timeout, a new connection is the better choice; the sender lives in `self`.
            let _ = timeout_at(newest + MOMENT, state.wait_for(none_is_new)).await;
        }
    }
}

impl Return {
    /// Completes the return of a connection whose response has been read to its end: it is in the pool after the tasks
    /// that this wakes have run.
    pub(super) fn settle(self, runtime: &Handle) {
        runtime.spawn(self.settled());
    }

    /// Yields to the tasks that put the connection back.
    pub(super) async fn settled(self) {
        for _ in 0..3 {
            yield_now().await;
        }
    }
}

impl Drop for Return {
    fn drop(&mut self) {
        self.state.send_modify(|state| {
            state.began.remove(&self.number);
        });
    }
}
