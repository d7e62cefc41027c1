//! Moves the write-ahead log into the database while no caller is waiting for it.

use std::time::Duration;

use tokio::time::Instant;

use crate::outbox::shared::SharedOutbox;

/// The pause after a failure.
const REST: Duration = Duration::from_secs(1);

/// Moves the log when it is long.
pub(super) struct LogMover {
    not_before: Instant,
}

impl LogMover {
    pub(super) fn new() -> Self {
        LogMover { not_before: Instant::now() }
    }

    /// Moves a long log, on another thread because it waits for the disk.
    pub(super) async fn run_if_due(&mut self, shared: &SharedOutbox) {
        if Instant::now() < self.not_before {
            return;
        }
        let Some(checkpoint) = shared.backend().checkpoint() else { return };
        // A log that keeps growing is moved by a commit.
        if let Ok(Err(fault)) = tokio::task::spawn_blocking(checkpoint).await {
            tracing::warn!(%fault, "the outbox's log was not moved");
            self.not_before = Instant::now() + REST;
        }
    }
}
