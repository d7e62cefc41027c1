//! Counters of the store's calls.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

/// Counters of the calls of a store client and its clones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct StoreStats {
    /// Saves that the store accepted.
    pub saved: u64,
    /// Saved messages that the store counted.
    pub counted: u64,
    /// Saved messages whose count failed, as in a workspace without an active session. They are saved nevertheless.
    pub uncounted: u64,
    /// Tokens that the store renewed.
    pub reissued: u64,
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) saved: AtomicU64,
    pub(super) counted: AtomicU64,
    pub(super) uncounted: AtomicU64,
    pub(super) reissued: AtomicU64,
}

impl Counters {
    pub(super) fn read(&self) -> StoreStats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        StoreStats {
            saved: read(&self.saved),
            counted: read(&self.counted),
            uncounted: read(&self.uncounted),
            reissued: read(&self.reissued),
        }
    }
}

pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
