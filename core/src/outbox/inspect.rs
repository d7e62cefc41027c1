//! The inspection of an outbox: statistics, pending records and dead letters, even after a shutdown.

use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::handle::Outbox;
use super::report::{DeadLetter, PendingRecord, Stats};
use super::shared::{SharedOutbox, lock};
use super::state::{Gate, Millis};
use super::storage::{DeadRow, Fault, PendingRow};
use crate::error::{Error, ErrorKind, Result};

/// The most records that `pending` and `dead_letters` return.
const LISTED: usize = 1_000;

impl Outbox {
    /// The counters of accepted records and their states. After [`shutdown`](Self::shutdown) they are read from the file.
    pub fn stats(&self) -> Stats {
        let shared = match self.shared() {
            Ok(shared) => shared,
            Err(error) => {
                return Stats { storage_error: Some(error.to_string()), ..Stats::default() };
            }
        };
        let counters = shared.backend().counters();
        let gate = lock(&shared.breaker).gate(shared.clock.elapsed());
        let (now, at_open) = (counters.now, counters.at_open);
        Stats {
            accepted: now.accepted.saturating_sub(at_open.accepted),
            accepted_here: shared.accepted(),
            recovered: at_open.pending + at_open.dead,
            delivered: now.delivered.saturating_sub(at_open.delivered),
            delivered_here: shared.delivered.load(Ordering::SeqCst),
            dead: now.dead,
            dead_here: shared.died.load(Ordering::SeqCst),
            pending: now.pending,
            held: now.held,
            discarded: now.discarded.saturating_sub(at_open.discarded),
            not_durable: counters.not_durable,
            is_breaker_open: gate != Gate::Open,
            storage_error: counters.storage_error,
            set_aside: counters.set_aside,
        }
    }

    /// The pending records, in the order of acceptance; at most 1,000.
    ///
    /// # Errors
    ///
    /// `storage` if the file cannot be read.
    pub fn pending(&self) -> Result<Vec<PendingRecord>> {
        let rows = self.act("outbox.pending", |shared| shared.backend().pending(LISTED))?;
        Ok(rows.into_iter().map(pending_record).collect())
    }

    /// The records that were given up, in the order of acceptance; at most 1,000.
    ///
    /// # Errors
    ///
    /// `storage` if the file cannot be read.
    pub fn dead_letters(&self) -> Result<Vec<DeadLetter>> {
        let rows = self.act("outbox.dead_letters", |shared| shared.backend().dead(LISTED))?;
        Ok(rows.into_iter().map(dead_letter).collect())
    }

    /// Queues a dead letter again, after all others of its conversation; `false` if there is none with this id.
    ///
    /// # Errors
    ///
    /// `storage` if the file cannot be written.
    pub fn requeue(&self, id: &str) -> Result<bool> {
        let is_found =
            self.act("outbox.requeue", |shared| shared.backend().requeue(id, shared.clock.now()))?;
        if is_found {
            let shared = self.shared()?;
            self.wake_worker(&shared);
        }
        Ok(is_found)
    }

    /// Removes a dead letter, or a pending record; `false` if there is none with this id, or it is being sent.
    ///
    /// # Errors
    ///
    /// `storage` if the file cannot be written.
    pub fn discard(&self, id: &str) -> Result<bool> {
        self.act("outbox.discard", |shared| shared.backend().discard(id, shared.clock.now()))
    }

    /// Runs an operation on the store.
    pub(super) fn act<T>(
        &self,
        operation: &'static str,
        act: impl FnOnce(&SharedOutbox) -> Result<T, Fault>,
    ) -> Result<T> {
        let shared = self.shared()?;
        act(&shared).map_err(|fault| {
            let path = shared.settings.path.as_ref().map(|path| path.display().to_string().into());
            Error::new(ErrorKind::Storage, operation, fault.to_string()).with_target(path)
        })
    }
}

fn pending_record(row: PendingRow) -> PendingRecord {
    PendingRecord {
        id: row.id,
        conversation: row.conversation,
        user: row.user,
        accepted_at: time(row.attempt.accepted_at),
        attempts: row.attempt.failures,
        state: row.state,
        reason: row.reason,
    }
}

fn dead_letter(row: DeadRow) -> DeadLetter {
    DeadLetter {
        id: row.id,
        conversation: row.conversation,
        user: row.user,
        payload: serde_json::from_str(&row.payload).unwrap_or(Value::Null),
        accepted_at: time(row.attempt.accepted_at),
        died_at: time(row.died_at),
        attempts: row.attempt.failures,
        reason: row.reason,
    }
}

fn time(at: Millis) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(at)
}
