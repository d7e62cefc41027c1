//! Moves what the file's log holds into the database while nobody waits for it.

use std::time::Duration;

use tokio::time::Instant;

use super::OutboxBuilder;
use super::shared::Shared;
use super::sqlite::{Disk, Settings};

/// From this many pages in the log on they are moved: 4 MiB.
const LONG: u64 = 1024;
/// Where that fails, it is not tried again for so long.
const REST: Duration = Duration::from_secs(1);

/// The worker's care for the log.
pub(super) struct Checkpoint {
    settings: Option<Settings>,
    not_before: Instant,
}

impl Checkpoint {
    pub(super) fn of(options: &OutboxBuilder) -> Self {
        let path = options.path.as_deref();
        let settings = path.map(|path| {
            Settings::new(path, options.durability, &options.limits, &options.delivery)
        });
        Checkpoint { settings, not_before: Instant::now() }
    }

    /// Moves a long log, on another thread: it waits for the disk.
    pub(super) async fn run_if_due(&mut self, shared: &Shared) {
        let Some(settings) = self.settings.as_ref().filter(|_| Instant::now() >= self.not_before)
        else {
            return;
        };
        let log = shared.room().log();
        if log.is_none_or(|log| log.pages < LONG || log.moved >= log.pages) {
            return;
        }
        let settings = settings.clone();
        let moving = move || Disk::checkpoint(&settings);
        // A log that grows all the same is moved by a commit.
        if let Ok(Err(fault)) = tokio::task::spawn_blocking(moving).await {
            tracing::warn!(%fault, "the outbox's log was not moved");
            self.not_before = Instant::now() + REST;
        }
    }
}
