//! A connection to the outbox file.

use std::time::Duration;

use rusqlite::Connection;

use super::schema::FORM;
use super::settings::FileSettings;
use crate::outbox::options::Durability;
use crate::sqlite::{self, Connecting, OpenFault};

/// The longest wait of a call, and so of `enqueue`, while another process writes.
pub(in crate::outbox::storage) const PATIENCE: Duration = Duration::from_millis(50);

/// The longest wait after a call has waited in vain.
pub(super) const LITTLE_PATIENCE: Duration = Duration::from_millis(5);

/// The pages in the log from which a commit moves them into the database. The worker moves them much earlier.
const AUTO_CHECKPOINT: i64 = 16_384;

/// Connects to the file, checks that it is an outbox and undamaged, and migrates its schema.
pub(super) fn connect(
    settings: &FileSettings,
    patience: Duration,
) -> Result<Connection, OpenFault> {
    sqlite::connect(&Connecting {
        path: &settings.path,
        form: &FORM,
        is_synced: settings.durability == Durability::Fsync,
        is_erased: false,
        auto_checkpoint: AUTO_CHECKPOINT,
        patience,
        was_used: settings.owner_directory().is_dir(),
    })
}
