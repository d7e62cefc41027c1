//! How long the store takes for a turn's messages: the deliveries are the outbox's, and their times the turn's.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::StageName;
use super::timeline::{Recorder, Running};
use crate::{ChatStore, Outcome, Record, Sink};

/// The most messages whose saving is watched; those of a store that is down for long are not worth more.
const MOST: usize = 10_000;

/// The messages on their way, by id.
#[derive(Clone, Default)]
pub(super) struct Saves(Arc<Mutex<HashMap<String, Save>>>);

struct Save {
    stage: StageName,
    recorder: Recorder,
    /// Since its first delivery began.
    running: Option<Running>,
}

impl Saves {
    /// A message of this turn is going to be delivered.
    pub(super) fn expect(&self, id: &str, stage: StageName, recorder: &Recorder) {
        let mut saves = self.lock();
        if saves.len() < MOST {
            let save = Save { stage, recorder: recorder.clone(), running: None };
            saves.insert(id.to_owned(), save);
        }
    }

    pub(super) fn forget(&self, id: &str) {
        self.lock().remove(id);
    }

    fn begin(&self, id: &str) {
        if let Some(save) = self.lock().get_mut(id)
            && save.running.is_none()
        {
            save.running = Some(save.recorder.begin(save.stage));
        }
    }

    fn end(&self, id: &str, outcome: &Outcome) {
        // A message that waits for another try is still on its way.
        if !matches!(outcome, Outcome::Delivered | Outcome::Dead { .. }) {
            return;
        }
        let Some(running) = self.lock().remove(id).and_then(|save| save.running) else { return };
        match outcome {
            Outcome::Dead { reason } => running.failed(reason.clone()),
            _ => running.done(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Save>> {
        // Nothing that panics runs under the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The store, with an eye on the clock.
pub(super) struct SavingSink {
    store: ChatStore,
    saves: Saves,
}

impl SavingSink {
    pub(super) fn new(store: ChatStore, saves: Saves) -> Self {
        SavingSink { store, saves }
    }
}

impl Sink for SavingSink {
    async fn deliver(&self, record: &Record) -> Outcome {
        self.saves.begin(record.id());
        let outcome = self.store.deliver(record).await;
        self.saves.end(record.id(), &outcome);
        outcome
    }

    async fn delivered(&self, record: &Record) {
        self.store.delivered(record).await;
    }
}
