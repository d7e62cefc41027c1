//! The state of a courier in its process: the breaker, the tokens, and the counters.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::credentials::GuardedProvider;
use crate::nats::broker::Broker;
use crate::outbox::{Breaker, Clock, Delivery, Sink, TokenCache};

/// The most records whose first attempt in this process is remembered.
const MOST_MARKS: usize = 10_000;

/// The state that all clones of a courier share.
pub(super) struct Shared {
    pub(super) broker: Arc<Broker>,
    pub(super) sink: Arc<dyn Sink>,
    pub(super) provider: Option<GuardedProvider>,
    pub(super) delivery: Delivery,
    pub(super) clock: Clock,
    pub(super) breaker: Mutex<Breaker>,
    /// Notified when the breaker may have opened or closed.
    pub(super) gate_changed: Notify,
    pub(super) tokens: Mutex<TokenCache>,
    pub(super) delivered: AtomicU64,
    pub(super) died: AtomicU64,
    pub(super) marks: Mutex<Marks>,
    /// The sequence numbers of the records that this process is delivering.
    pub(super) sending: Mutex<HashSet<u64>>,
    pub(super) is_running: AtomicBool,
    pub(super) is_ready: AtomicBool,
    stop: Mutex<CancellationToken>,
}

impl Shared {
    pub(super) fn new(
        broker: Arc<Broker>,
        sink: Arc<dyn Sink>,
        provider: Option<GuardedProvider>,
        delivery: Delivery,
    ) -> Arc<Self> {
        Arc::new(Shared {
            broker,
            sink,
            provider,
            delivery,
            clock: Clock::new(),
            breaker: Mutex::default(),
            gate_changed: Notify::new(),
            tokens: Mutex::default(),
            delivered: AtomicU64::new(0),
            died: AtomicU64::new(0),
            marks: Mutex::default(),
            sending: Mutex::default(),
            is_running: AtomicBool::new(false),
            is_ready: AtomicBool::new(false),
            stop: Mutex::default(),
        })
    }

    /// The token that ends the current run, or the next one.
    pub(super) fn stop_token(&self) -> CancellationToken {
        lock(&self.stop).clone()
    }

    /// Lets the courier run again after a stop.
    pub(super) fn renew_stop(&self) {
        let mut stop = lock(&self.stop);
        if stop.is_cancelled() {
            *stop = CancellationToken::new();
        }
    }
}

/// The number of records that this process had delivered when it first tried a record, by the record's number.
#[derive(Default)]
pub(super) struct Marks(HashMap<u64, u64>);

impl Marks {
    /// The mark of a record, which is set at its first attempt.
    pub(super) fn of(&mut self, record: u64, delivered: u64) -> u64 {
        if self.0.len() >= MOST_MARKS {
            // Mostly of records that other couriers have delivered.
            self.clear();
        }
        *self.0.entry(record).or_insert(delivered)
    }

    /// Forgets all marks. Records get a later one with their next attempt, which makes none poison too soon.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    pub(super) fn remove(&mut self, record: u64) {
        self.0.remove(&record);
    }

    /// Keeps the mark of a record that gets another number.
    pub(super) fn move_to(&mut self, before: u64, now: u64) {
        if let Some(mark) = self.0.remove(&before) {
            self.0.insert(now, mark);
        }
    }
}

/// Locks a mutex, even a poisoned one: no code that can panic runs under it.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_stays_until_all_are_forgotten_and_moves_with_its_record() {
        let mut marks = Marks::default();
        assert_eq!((marks.of(7, 1), marks.of(7, 5)), (1, 1));
        marks.move_to(7, 9);
        assert_eq!(marks.of(9, 5), 1);
        marks.clear();
        assert_eq!(marks.of(9, 5), 5);
    }
}
