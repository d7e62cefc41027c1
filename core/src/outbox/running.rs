//! The running turns of this process, and the changes that are not in the outbox's file yet.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::storage::{RunningTurnRows, TurnChanges};

/// Stops a turn of this process.
pub(super) type Stop = Arc<dyn Fn() + Send + Sync>;

/// The running turns of this process.
#[derive(Default)]
pub(super) struct RunningTurns {
    turns: Mutex<Turns>,
    /// Wakes the watch at the first change.
    changed: Notify,
}

#[derive(Default)]
struct Turns {
    running: HashMap<String, RunningTurn>,
    /// Turns that have ended, and have rows.
    ended: Vec<String>,
    /// Turns of other processes that are to be stopped.
    stopped: Vec<String>,
}

struct RunningTurn {
    stop: Stop,
    has_row: bool,
}

impl Turns {
    fn end(&mut self, id: &str) {
        if self.running.remove(id).is_some_and(|turn| turn.has_row) {
            self.ended.push(id.to_owned());
        }
    }

    fn is_idle(&self) -> bool {
        self.running.is_empty() && self.ended.is_empty() && self.stopped.is_empty()
    }

    fn take_changes(&mut self) -> TurnChanges {
        let new = self.running.iter().filter(|(_, turn)| !turn.has_row);
        TurnChanges {
            started: new.map(|(id, _)| id.clone()).collect(),
            ended: std::mem::take(&mut self.ended),
            stopped: std::mem::take(&mut self.stopped),
        }
    }

    /// Records that the changes are in the file.
    fn written(&mut self, changes: TurnChanges) {
        for id in changes.started {
            match self.running.get_mut(&id) {
                Some(turn) => turn.has_row = true,
                // It has ended meanwhile.
                None => self.ended.push(id),
            }
        }
    }
}

impl RunningTurns {
    /// Adds a running turn.
    pub(super) fn add(&self, id: &str, stop: Stop) {
        self.lock().running.insert(id.to_owned(), RunningTurn { stop, has_row: false });
        self.changed.notify_one();
    }

    /// Removes a turn that has ended.
    pub(super) fn end(&self, id: &str) {
        self.lock().end(id);
    }

    /// Adds a request to stop a turn of another process, which the file could not take.
    pub(super) fn stop_later(&self, id: &str) {
        self.lock().stopped.push(id.to_owned());
        self.changed.notify_one();
    }

    /// Waits until there is a running turn or a change.
    pub(super) async fn wait(&self) {
        while self.lock().is_idle() {
            self.changed.notified().await;
        }
    }

    pub(super) fn take_changes(&self) -> TurnChanges {
        self.lock().take_changes()
    }

    /// Records that the file could not take the changes.
    pub(super) fn not_written(&self, changes: TurnChanges) {
        let mut turns = self.lock();
        turns.ended.extend(changes.ended);
        turns.stopped.extend(changes.stopped);
    }

    /// Records that the changes are in the file, and returns the turns whose end is asked for there.
    pub(super) fn written(&self, changes: TurnChanges, found: &RunningTurnRows) -> Vec<Stop> {
        let mut turns = self.lock();
        turns.written(changes);
        let rows = turns.running.values().filter(|turn| turn.has_row).count() + turns.ended.len();
        if found.rows < rows {
            // The file is another one, or others took this process for dead.
            turns.running.values_mut().for_each(|turn| turn.has_row = false);
        }
        let stopped = found.stopped.iter().filter_map(|id| turns.running.get(id));
        stopped.map(|turn| turn.stop.clone()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Turns> {
        // No code that can panic runs under the lock.
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
