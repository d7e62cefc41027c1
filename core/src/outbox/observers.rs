//! The observers of openings in this process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tracing::Span;

use super::opening::{OpeningObserver, OpeningStep};
use crate::error::Error;

/// The most observed records at a time: one that another process opens stays here without being notified.
const RECORDS: usize = 10_000;
/// The most observers of one record.
const OBSERVERS: usize = 16;

/// The observers of openings, by the record that opens the conversation.
#[derive(Default)]
pub(super) struct Observers(Mutex<HashMap<String, Vec<Arc<dyn OpeningObserver>>>>);

impl Observers {
    /// Adds an observer, unless there are too many: it is then dropped.
    pub(super) fn add(&self, id: &str, observer: Arc<dyn OpeningObserver>) {
        let mut observers = self.lock();
        if observers.len() < RECORDS || observers.contains_key(id) {
            let of_record = observers.entry(id.to_owned()).or_default();
            if of_record.len() < OBSERVERS {
                of_record.push(observer);
            }
        }
    }

    pub(super) fn remove(&self, id: &str, observer: &Arc<dyn OpeningObserver>) {
        let mut observers = self.lock();
        let Some(of_record) = observers.get_mut(id) else { return };
        of_record.retain(|kept| !Arc::ptr_eq(kept, observer));
        if of_record.is_empty() {
            observers.remove(id);
        }
    }

    /// Removes all observers of a record.
    pub(super) fn take(&self, id: &str) -> Vec<Arc<dyn OpeningObserver>> {
        self.lock().remove(id).unwrap_or_default()
    }

    /// The observers of a record as one, those that are added meanwhile included.
    pub(super) fn of(&self, id: &str) -> OfRecord<'_> {
        OfRecord { observers: self, id: id.to_owned() }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Vec<Arc<dyn OpeningObserver>>>> {
        // No code that can panic runs under the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The observers of one record.
pub(super) struct OfRecord<'a> {
    observers: &'a Observers,
    id: String,
}

impl OfRecord<'_> {
    fn each(&self, notify: impl FnMut(&Arc<dyn OpeningObserver>)) {
        // Outside the lock, as an observer is foreign code.
        let present = self.observers.lock().get(&self.id).cloned().unwrap_or_default();
        present.iter().for_each(notify);
    }
}

impl OpeningObserver for OfRecord<'_> {
    /// Of several observers, the last one's span has the requests.
    fn begins(&self, step: OpeningStep) -> Span {
        let mut span = Span::current();
        self.each(|observer| span = observer.begins(step));
        span
    }

    fn ended(&self, step: OpeningStep, result: Result<(), &Error>) {
        self.each(|observer| observer.ended(step, result));
    }

    fn opened(&self, name: &str) {
        self.each(|observer| observer.opened(name));
    }

    fn given_up(&self) {
        self.each(|observer| observer.given_up());
    }
}
