//! The running turns of this process, and the changes that are not in the outbox's file yet.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::storage::{RunningTurnRows, TurnChanges, UserTurn};

/// The most requests to stop turns of other processes that wait for the file.
const MOST_STOPPED_LATER: usize = 1024;

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
    /// Turns that have ended, and may have rows.
    ended: Vec<String>,
    /// Turns of other processes that are to be stopped.
    stopped: Vec<UserTurn>,
}

struct RunningTurn {
    user: Option<String>,
    stop: Stop,
    row: Row,
}

/// The state of a turn's row in the file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Row {
    Missing,
    /// An exchange that failed, or is under way, may have written it.
    Unsure,
    Written,
}

impl Turns {
    fn end(&mut self, id: &str) {
        if self.running.remove(id).is_some_and(|turn| turn.row != Row::Missing) {
            self.ended.push(id.to_owned());
        }
    }

    fn is_idle(&self) -> bool {
        self.running.is_empty() && self.ended.is_empty() && self.stopped.is_empty()
    }

    fn take_changes(&mut self) -> TurnChanges {
        let new = self.running.iter_mut().filter(|(_, turn)| turn.row != Row::Written);
        let started = new.map(|(id, turn)| {
            turn.row = Row::Unsure;
            UserTurn { id: id.clone(), user: turn.user.clone() }
        });
        TurnChanges {
            started: started.collect(),
            ended: std::mem::take(&mut self.ended),
            stopped: std::mem::take(&mut self.stopped),
        }
    }

    /// Records that the changes are in the file.
    fn written(&mut self, changes: &TurnChanges) {
        for UserTurn { id, .. } in &changes.started {
            // One that has ended meanwhile is among the ended ones.
            if let Some(turn) = self.running.get_mut(id) {
                turn.row = Row::Written;
            }
        }
    }
}

impl RunningTurns {
    /// Adds a running turn.
    pub(super) fn add(&self, id: &str, user: Option<&str>, stop: Stop) {
        let turn = RunningTurn { user: user.map(str::to_owned), stop, row: Row::Missing };
        self.lock().running.insert(id.to_owned(), turn);
        self.changed.notify_one();
    }

    /// Removes a turn that has ended.
    pub(super) fn end(&self, id: &str) {
        self.lock().end(id);
    }

    /// Adds a request to stop a turn of another process, which the file could not take.
    pub(super) fn stop_later(&self, turn: UserTurn) {
        let mut turns = self.lock();
        if turns.stopped.len() < MOST_STOPPED_LATER {
            turns.stopped.push(turn);
        }
        drop(turns);
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

    /// Records that the exchange failed: the changes may be in the file, and are written again.
    pub(super) fn not_written(&self, changes: TurnChanges) {
        let mut turns = self.lock();
        turns.ended.extend(changes.ended);
        turns.stopped.extend(changes.stopped);
    }

    /// Records that the changes are in the file, and returns the turns whose end is asked for there.
    pub(super) fn written(&self, changes: &TurnChanges, found: &RunningTurnRows) -> Vec<Stop> {
        let mut turns = self.lock();
        turns.written(changes);
        let rows = turns.running.values().filter(|turn| turn.row == Row::Written).count()
            + turns.ended.len();
        if found.rows < rows {
            // The file is another one, or others took this process for dead.
            turns.running.values_mut().for_each(|turn| turn.row = Row::Unsure);
        }
        let stopped = found.stopped.iter().filter_map(|id| turns.running.get(id));
        stopped.map(|turn| turn.stop.clone()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Turns> {
        // No code that can panic runs under the lock.
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(id: &str) -> UserTurn {
        UserTurn { id: id.to_owned(), user: Some("user".to_owned()) }
    }

    fn running() -> RunningTurns {
        let turns = RunningTurns::default();
        turns.add("a", Some("user"), Arc::new(|| {}));
        turns
    }

    #[test]
    fn a_row_that_a_failed_exchange_may_have_written_is_removed_at_the_end_of_its_turn() {
        for ends_meanwhile in [true, false] {
            let turns = running();
            let changes = turns.take_changes();
            assert_eq!(changes.started, [turn("a")]);
            if ends_meanwhile {
                turns.end("a");
                turns.not_written(changes);
            } else {
                turns.not_written(changes);
                turns.end("a");
            }
            let changes = turns.take_changes();
            assert_eq!((changes.started.len(), changes.ended), (0, vec!["a".to_owned()]));
        }
    }

    #[test]
    fn a_turn_whose_row_is_not_counted_is_written_again_and_removed_at_its_end() {
        let turns = running();
        turns.written(&turns.take_changes(), &RunningTurnRows::default());
        let changes = turns.take_changes();
        assert_eq!(changes.started, [turn("a")]);
        turns.written(&changes, &RunningTurnRows { rows: 1, stopped: Vec::new() });
        assert_eq!(turns.take_changes().started, []);

        turns.written(&TurnChanges::default(), &RunningTurnRows::default());
        turns.end("a");
        assert_eq!(turns.take_changes().ended, ["a"]);
    }

    #[test]
    fn a_turn_that_ends_before_its_first_exchange_needs_no_row() {
        let turns = running();
        turns.end("a");
        assert_eq!(turns.take_changes().ended, [""; 0]);
    }
}
