//! Moves what the file's log holds into the database while nobody waits for it.

use std::time::SystemTime;

use super::OutboxBuilder;
use super::sqlite::{Disk, Settings};

/// From this size of the log on it is moved, in bytes.
const LONG: u64 = 4 * 1024 * 1024;

/// The worker's care for the log.
pub(super) struct Checkpoint {
    settings: Option<Settings>,
    /// The log as it was when it was last moved.
    moved: Option<(u64, SystemTime)>,
}

impl Checkpoint {
    pub(super) fn of(options: &OutboxBuilder) -> Self {
        let path = options.path.as_deref();
        let settings = path.map(|path| {
            Settings::new(path, options.durability, &options.limits, &options.delivery)
        });
        Checkpoint { settings, moved: None }
    }

    /// Moves a long log, on another thread: it waits for the disk.
    pub(super) async fn run_if_due(&mut self) {
        let Some(settings) = &self.settings else { return };
        let log = settings.log();
        if log.is_none_or(|(bytes, _)| bytes < LONG) || log == self.moved {
            return;
        }
        let copy = settings.clone();
        // One that fails is tried again with the next look. A log that grows all the same is moved by a commit.
        let moving = move || Disk::checkpoint(&copy);
        if let Ok(Err(fault)) = tokio::task::spawn_blocking(moving).await {
            tracing::warn!(%fault, "the outbox's log was not moved");
        }
        self.moved = log;
    }
}
