//! An outbox's counters, pending records and dead letters, for people. All of it works after the end as well.

use super::backend::Fault;
use super::shared::{Shared, lock};
use super::state::Gate;
use super::{DeadLetter, Outbox, PendingRecord, Stats};
use crate::error::{Error, ErrorKind, Result};

/// How many records `pending` and `dead_letters` give at most.
const LISTED: usize = 1_000;

impl Outbox {
    /// The counters: how many records were taken, and what became of them. After [`shutdown`](Self::shutdown) they are
    /// read from the file.
    pub fn stats(&self) -> Stats {
        let shared = match self.shared() {
            Ok(shared) => shared,
            Err(error) => {
                return Stats { storage_error: Some(error.to_string()), ..Stats::default() };
            }
        };
        let books = shared.room().books();
        let gate = lock(&shared.breaker).gate(shared.clock.elapsed());
        Stats::of(books, shared.here(), gate != Gate::Open)
    }

    /// The records that wait, in the order in which they were taken; at most 1,000.
    ///
    /// # Errors
    ///
    /// `storage` when the file cannot be read.
    pub fn pending(&self) -> Result<Vec<PendingRecord>> {
        let rows = self.act("outbox.pending", |shared| shared.room().pending(LISTED))?;
        Ok(rows.into_iter().map(PendingRecord::from).collect())
    }

    /// The records that were given up, in the order in which they were taken; at most 1,000.
    ///
    /// # Errors
    ///
    /// `storage` when the file cannot be read.
    pub fn dead_letters(&self) -> Result<Vec<DeadLetter>> {
        let rows = self.act("outbox.dead_letters", |shared| shared.room().dead(LISTED))?;
        Ok(rows.into_iter().map(DeadLetter::from).collect())
    }

    /// Queues a dead letter anew, behind all others of its conversation; `false` when there is none of this id.
    ///
    /// # Errors
    ///
    /// `storage` when the file cannot be written.
    pub fn requeue(&self, id: &str) -> Result<bool> {
        let is_found =
            self.act("outbox.requeue", |shared| shared.room().requeue(id, shared.clock.now()))?;
        if is_found {
            let shared = self.shared()?;
            self.wake_worker(&shared);
        }
        Ok(is_found)
    }

    /// Forgets a dead letter, or a record that waits; `false` when there is none of this id, or it is being sent.
    ///
    /// # Errors
    ///
    /// `storage` when the file cannot be written.
    pub fn discard(&self, id: &str) -> Result<bool> {
        self.act("outbox.discard", |shared| shared.room().discard(id, shared.clock.now()))
    }

    fn act<T>(
        &self,
        operation: &'static str,
        act: impl FnOnce(&Shared) -> Result<T, Fault>,
    ) -> Result<T> {
        let shared = self.shared()?;
        act(&shared).map_err(|fault| {
            let path = shared.options.path.as_ref().map(|path| path.display().to_string().into());
            Error::new(ErrorKind::Storage, operation, fault.to_string()).with_target(path)
        })
    }
}
