//! Connections that are about to come back to the pool.
//!
//! A response's last bytes reach its reader a moment before its connection can be used again. A request sent in
//! that moment would open another connection, whose handshakes cost far more than the moment does.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::yield_now;
use tokio::time::timeout;

/// The longest wait for a connection that is about to come back.
const MOMENT: Duration = Duration::from_millis(10);

/// Counts the connections of a client that are about to come back.
#[derive(Clone, Debug, Default)]
pub(super) struct Returning {
    count: Arc<watch::Sender<usize>>,
}

/// One such connection, until it is dropped.
pub(super) struct Return {
    count: Arc<watch::Sender<usize>>,
}

impl Returning {
    /// Takes note of a connection whose response has been read as far as it matters.
    pub(super) fn begin(&self) -> Return {
        self.count.send_modify(|count| *count += 1);
        Return { count: self.count.clone() }
    }

    /// Waits until no connection is about to come back, but no longer than a moment.
    pub(super) async fn wait(&self) {
        if *self.count.borrow() > 0 {
            let mut count = self.count.subscribe();
            // Out of time, a new connection is the better choice; the sender lives in `self`.
            let _ = timeout(MOMENT, count.wait_for(|count| *count == 0)).await;
        }
    }
}

impl Return {
    /// The response has been read to its end: the connection is back when the tasks that were woken by that
    /// have run.
    pub(super) fn settle(self, runtime: &Handle) {
        runtime.spawn(self.settled());
    }

    /// Lets the tasks run that put the connection back.
    pub(super) async fn settled(self) {
        for _ in 0..3 {
            yield_now().await;
        }
    }
}

impl Drop for Return {
    fn drop(&mut self) {
        self.count.send_modify(|count| *count -= 1);
    }
}
