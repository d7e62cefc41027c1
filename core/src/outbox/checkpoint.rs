//! Moves what the file's log holds into the database while nobody waits for it.

use std::time::Duration;

use tokio::time::Instant;

use super::shared::Shared;
use super::sqlite::Disk;

/// From this many pages in the log on they are moved: 4 MiB.
const LONG: u64 = 1024;
/// Where that fails, it is not tried again for so long.
const REST: Duration = Duration::from_secs(1);

/// The worker's care for the log.
pub(super) struct Checkpoint {
    not_before: Instant,
}

impl Checkpoint {
    pub(super) fn new() -> Self {
        Checkpoint { not_before: Instant::now() }
    }

    /// Moves a long log, on another thread: it waits for the disk.
    pub(super) async fn run_if_due(&mut self, shared: &Shared) {
        if Instant::now() < self.not_before {
            return;
        }
        let found = shared.room().has_log(|log| log.pages >= LONG && log.moved < log.pages);
        let Some(settings) = found else { return };
        let moving = move || Disk::checkpoint(&settings);
        // A log that grows all the same is moved by a commit.
        if let Ok(Err(fault)) = tokio::task::spawn_blocking(moving).await {
            tracing::warn!(%fault, "the outbox's log was not moved");
            self.not_before = Instant::now() + REST;
        }
    }
}
