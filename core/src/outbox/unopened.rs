//! Records that wait for an opener: an engine of turns gives one to an outbox that may have been delivering for a while.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The most remembered records. Any others wait for their time.
const MOST: usize = 10_000;

/// The ids of the records that this process has postponed because it could not open their conversations.
#[derive(Debug, Default)]
pub(super) struct Unopened(Mutex<HashSet<String>>);

impl Unopened {
    pub(super) fn add(&self, id: &str) {
        let mut ids = self.lock();
        if ids.len() < MOST {
            ids.insert(id.to_owned());
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// Removes the ids for which this returns true.
    pub(super) fn remove_if(&self, is_done: impl Fn(&str) -> bool) {
        self.lock().retain(|id| !is_done(id));
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<String>> {
        // A set of ids is consistent after a panic, too.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
