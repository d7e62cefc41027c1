//! The work of an engine in one process: running turns and background tasks.

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
    /// Counts them. It is closed as the next one is.
    pub(super) turns: TaskTracker,
    /// Background tasks: workspaces being created, turns that are finished after their reader has gone. It is closed
    /// from the start, which still admits tasks: only a closed tracker can be waited for, and reopening one after a wait
    /// would leave other waiters waiting.
    pub(super) background: TaskTracker,
    /// Ends those tasks.
    pub(super) ending: CancellationToken,
    /// Cancelled when a shutdown begins: from then on no turn is started.
    pub(super) closed: CancellationToken,
}

impl Work {
    /// Waits until all background tasks have ended, at most this long.
    pub(super) async fn wait(&self, limit: Duration) {
        let _ = timeout(limit, self.background.wait()).await;
    }
}

impl Default for Work {
    fn default() -> Self {
        let (background, turns) = (TaskTracker::new(), TaskTracker::new());
        background.close();
        turns.close();
        Work {
            running: RunningTurns::default(),
            turns,
            background,
            ending: CancellationToken::new(),
            closed: CancellationToken::new(),
        }
    }
}
