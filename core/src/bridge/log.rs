//! Core's log for a host: records are buffered until it takes them.

use tracing::Level;

pub use super::log_layer::LogRecord;
use super::log_layer::records;
use super::subscriber;

/// Starts to buffer core's log records of this level and above. The first call in a process sets the level; without
/// one, nothing is recorded.
///
/// Returns false if the process has another subscriber already.
pub fn keep_logs(level: Level) -> bool {
    subscriber::log_at(level)
}

/// Takes the records since the last time, oldest first.
pub fn take_logs() -> Vec<LogRecord> {
    records().drain(..).collect()
}
