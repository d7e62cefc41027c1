//! How long the store takes for a turn's messages: the deliveries are the outbox's, and their times the turn's.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;

use super::StageName;
use super::timeline::{Recorder, Running};
use crate::outbox::{Outcome, Record, Sink};
use crate::store::ChatStore;

/// The most messages whose saving is watched; those of a store that is down for long are not worth more.
const MOST: usize = 10_000;

/// The messages on their way, by id. By default none is watched: deliveries to somebody else's sink cannot be.
#[derive(Clone, Default)]
pub(super) struct Saves(Option<Arc<Mutex<HashMap<String, Save>>>>);

struct Save {
    stage: StageName,
    recorder: Recorder,
    /// Since its first delivery began.
    running: Option<Running>,
    /// The user's message of its turn.
    turn: String,
}

impl Saves {
    pub(super) fn watched() -> Self {
        Saves(Some(Arc::default()))
    }

    /// Returns true if the messages are delivered by the engine's own store.
    pub(super) fn are_watched(&self) -> bool {
        self.0.is_some()
    }

    /// A message of this turn is going to be delivered.
    pub(super) fn watch(&self, id: &str, turn: &str, stage: StageName, recorder: &Recorder) {
        self.with(|saves| {
            if saves.len() < MOST {
                let (recorder, turn) = (recorder.clone(), turn.to_owned());
                let save = Save { stage, recorder, running: None, turn };
                saves.insert(id.to_owned(), save);
            }
        });
    }

    /// The messages of this turn are not delivered, and why.
    pub(super) fn give_up(&self, turn: &str, why: &str) {
        let of_the_turn = |saves: &mut HashMap<String, Save>| -> Vec<Save> {
            saves.extract_if(|_, save| save.turn == turn).map(|(_, save)| save).collect()
        };
        for Save { stage, recorder, running, .. } in self.with(of_the_turn).unwrap_or_default() {
            running.unwrap_or_else(|| recorder.begin(stage)).failed(why);
        }
    }

    pub(super) fn forget(&self, id: &str) {
        self.with(|saves| saves.remove(id));
    }

    /// A delivery begins.
    fn begin(&self, id: &str) {
        self.with(|saves| {
            if let Some(save) = saves.get_mut(id) {
                save.running.get_or_insert_with(|| save.recorder.begin(save.stage));
            }
        });
    }

    fn end(&self, id: &str, outcome: &Outcome) {
        // A message that waits for another try is still on its way.
        if !matches!(outcome, Outcome::Delivered | Outcome::Dead { .. }) {
            return;
        }
        let ended = self.with(|saves| saves.remove(id)).flatten();
        let Some(running) = ended.and_then(|save| save.running) else { return };
        match outcome {
            Outcome::Dead { reason } => running.failed(reason.clone()),
            _ => running.done(),
        }
    }

    fn with<T>(&self, look: impl FnOnce(&mut HashMap<String, Save>) -> T) -> Option<T> {
        let saves = self.0.as_ref()?;
        // Nothing that panics runs under the lock.
        Some(look(&mut saves.lock().unwrap_or_else(PoisonError::into_inner)))
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

#[async_trait]
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
