//! The work of an engine in one process: the turns that run, and what goes on without a reader.

use std::time::Duration;

use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::stop::RunningTurns;

/// The work of one engine in one process. Clones share it.
#[derive(Clone)]
pub(super) struct Work {
    /// The turns that have not ended.
    pub(super) running: RunningTurns,
    /// Tasks without a reader: workspaces in the making, turns that are finished after their reader has gone. It is
    /// closed from the start, which keeps no task out: only a closed tracker can be waited for, and one that a waiter
    /// opened again would leave the others waiting.
    pub(super) background: TaskTracker,
    /// Ends those tasks.
    pub(super) ending: CancellationToken,
    /// Cancelled when a shutdown begins: no turn is started any more.
    pub(super) closed: CancellationToken,
}

impl Work {
    /// Waits until no task without a reader is left, at most this long.
    pub(super) async fn wait(&self, limit: Duration) {
        let _ = timeout(limit, self.background.wait()).await;
    }
}

impl Default for Work {
    fn default() -> Self {
        let background = TaskTracker::new();
        background.close();
        Work {
            running: RunningTurns::default(),
            background,
            ending: CancellationToken::new(),
            closed: CancellationToken::new(),
        }
    }
}
