//! The path of the outbox file, and its limits.

use std::path::{Path, PathBuf};

use crate::outbox::delivery::Delivery;
use crate::outbox::options::{Durability, OutboxLimits};
use crate::outbox::state::Millis;
use crate::outbox::storage::due::longest_wait;
use crate::sqlite::beside;

/// The path of the outbox file and its settings.
#[derive(Clone, Debug)]
pub(in crate::outbox) struct FileSettings {
    pub(in crate::outbox) path: PathBuf,
    pub(in crate::outbox) durability: Durability,
    pub(in crate::outbox) limits: OutboxLimits,
    pub(in crate::outbox) remembered: usize,
    pub(in crate::outbox) longest_wait: Millis,
}

impl FileSettings {
    pub(in crate::outbox) fn new(
        path: &Path,
        durability: Durability,
        limits: &OutboxLimits,
        delivery: &Delivery,
    ) -> Self {
        FileSettings {
            path: path.to_owned(),
            durability,
            limits: limits.clone(),
            remembered: delivery.remembered,
            longest_wait: longest_wait(delivery),
        }
    }

    /// The directory of the owners' lock files.
    pub(super) fn owner_directory(&self) -> PathBuf {
        beside(&self.path, ".processes")
    }
}
