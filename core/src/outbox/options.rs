//! The capacity and durability of an outbox.

use std::time::Duration;

/// The failures that a durable record survives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Durability {
    /// The end of the process in any form (`kill -9`). A power failure may lose the last moments.
    #[default]
    Os,
    /// A power failure too: each record waits for the disk.
    Fsync,
}

/// The behaviour of `enqueue` when a limit of [`OutboxLimits`] is reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum WhenFull {
    /// Fails at once with `outbox_full`.
    #[default]
    Reject,
    /// Blocks the calling thread until there is capacity, at most this long; then fails with `outbox_full`.
    /// [`Duration::MAX`] means no limit.
    Block(Duration),
}

/// The capacity of an outbox.
///
/// ```
/// use turnwire::outbox::OutboxLimits;
///
/// let small = OutboxLimits::new().memory_records(100).record_bytes(64 * 1024);
/// assert_eq!(small.file_bytes, 1024 * 1024 * 1024);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OutboxLimits {
    /// Records in memory: all records of [`Outbox::memory`](super::Outbox::memory), or those that wait while the file
    /// cannot be written. Default 10,000.
    pub memory_records: usize,
    /// The size of those records in bytes. Default 32 MiB.
    pub memory_bytes: usize,
    /// The size of the file in bytes. Default 1 GiB.
    pub file_bytes: u64,
    /// The size of one record as JSON in bytes; a larger one is rejected. Default 1 MiB, at most 256 MiB.
    pub record_bytes: usize,
}

impl Default for OutboxLimits {
    fn default() -> Self {
        OutboxLimits {
            memory_records: 10_000,
            memory_bytes: 32 * 1024 * 1024,
            file_bytes: 1024 * 1024 * 1024,
            record_bytes: 1024 * 1024,
        }
    }
}

impl OutboxLimits {
    /// The default limits.
    pub fn new() -> Self {
        OutboxLimits::default()
    }

    /// Sets [`memory_records`](Self::memory_records).
    #[must_use]
    pub fn memory_records(mut self, records: usize) -> Self {
        self.memory_records = records;
        self
    }

    /// Sets [`memory_bytes`](Self::memory_bytes).
    #[must_use]
    pub fn memory_bytes(mut self, bytes: usize) -> Self {
        self.memory_bytes = bytes;
        self
    }

    /// Sets [`file_bytes`](Self::file_bytes).
    #[must_use]
    pub fn file_bytes(mut self, bytes: u64) -> Self {
        self.file_bytes = bytes;
        self
    }

    /// Sets [`record_bytes`](Self::record_bytes).
    #[must_use]
    pub fn record_bytes(mut self, bytes: usize) -> Self {
        self.record_bytes = bytes;
        self
    }
}
