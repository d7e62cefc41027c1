//! The gate in front of SQLite: a fork closes it, so that no thread is inside at that moment.
//!
//! It takes no lock, which a child could inherit locked. All of its state is one number, which changes in one step.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::waited::Waited;

/// The longest pause between two looks at the state.
const LONGEST_PAUSE: Duration = Duration::from_millis(1);

/// The gate, with the threads inside and the forks that keep it closed.
#[derive(Debug, Default)]
pub(super) struct Gate(AtomicU64);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct State {
    /// The process that closed the gate: a child inherits the state, and is not bound by it.
    process: u32,
    /// The number of forks that have closed the gate and not opened it again.
    forks: u16,
    inside: u16,
}

impl Gate {
    pub(super) const fn new() -> Self {
        Gate(AtomicU64::new(0))
    }

    /// The number of threads inside; in a child, those of its parent at the moment of the fork as well.
    pub(super) fn inside(&self) -> u16 {
        State::from(self.0.load(Ordering::SeqCst)).inside
    }

    /// Enters, and waits while the gate is closed. After the patience it enters nevertheless.
    pub(super) fn enter(&self, patience: Duration) {
        let enter = |state: State| State { inside: state.inside.saturating_add(1), ..state };
        let entered = wait(patience, || {
            self.change(|state| (!state.is_closed()).then(|| enter(state))).is_some()
        });
        if !entered {
            self.change(|state| Some(enter(state)));
        }
    }

    pub(super) fn leave(&self) {
        self.change(|state| Some(State { inside: state.inside.saturating_sub(1), ..state }));
    }

    /// Closes the gate, and waits until all threads have left. Returns false if some are still inside after the patience.
    /// Closed twice, it must be opened twice.
    #[cfg(any(test, feature = "bridge"))]
    pub(super) fn close(&self, patience: Duration) -> bool {
        self.change(|state| {
            let forks = if state.is_closed() { state.forks } else { 0 };
            let process = std::process::id();
            Some(State { process, forks: forks.saturating_add(1), ..state })
        });
        wait(patience, || self.inside() == 0)
    }

    /// Opens it again, in the process that closed it.
    #[cfg(any(test, feature = "bridge"))]
    pub(super) fn open(&self) {
        self.change(|state| Some(State { forks: state.forks.saturating_sub(1), ..state }));
    }

    /// Replaces the state by the one that `change` returns; `None` if that does.
    fn change(&self, change: impl Fn(State) -> Option<State>) -> Option<u64> {
        let change = |bits| change(State::from(bits)).map(u64::from);
        self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, change).ok()
    }
}

impl State {
    fn is_closed(self) -> bool {
        self.forks > 0 && self.process == std::process::id()
    }
}

impl From<u64> for State {
    fn from(bits: u64) -> Self {
        // Each part is cut to its own bits.
        State { process: (bits >> 32) as u32, forks: (bits >> 16) as u16, inside: bits as u16 }
    }
}

impl From<State> for u64 {
    fn from(State { process, forks, inside }: State) -> Self {
        u64::from(process) << 32 | u64::from(forks) << 16 | u64::from(inside)
    }
}

/// Waits until `is_done`, in short steps; returns false if the patience ended first.
fn wait(patience: Duration, is_done: impl Fn() -> bool) -> bool {
    let (mut waited, mut pause) = (None, Duration::from_micros(20));
    while !is_done() {
        let waited = waited.get_or_insert_with(|| Waited::since(Instant::now(), patience));
        if waited.is_over() {
            return false;
        }
        waited.pause(pause);
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
    true
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::sync::atomic::AtomicBool;
    use std::thread;

    use super::*;

    const LONG: Duration = Duration::from_secs(30);

    fn state(gate: &Gate) -> State {
        State::from(gate.0.load(Ordering::SeqCst))
    }

    #[test]
    fn a_call_waits_until_every_fork_has_opened_the_gate() {
        let (gate, entered) = (Gate::new(), AtomicBool::new(false));
        assert!(gate.close(LONG) && gate.close(LONG));
        thread::scope(|scope| {
            let call = scope.spawn(|| {
                gate.enter(LONG);
                entered.store(true, Ordering::SeqCst);
            });
            gate.open();
            thread::sleep(Duration::from_millis(20));
            assert!(!entered.load(Ordering::SeqCst));
            gate.open();
            call.join().unwrap();
        });
        assert_eq!(gate.inside(), 1);
    }

    #[test]
    fn a_fork_waits_for_the_calls_inside_and_no_longer_than_its_patience() {
        let gate = Gate::new();
        gate.enter(LONG);
        assert!(!gate.close(Duration::from_millis(5)));
        // The same holds for a call that is held back.
        gate.enter(Duration::from_millis(5));
        assert_eq!(state(&gate), State { process: std::process::id(), forks: 1, inside: 2 });
        thread::scope(|scope| {
            let closed = scope.spawn(|| gate.close(LONG));
            gate.leave();
            gate.leave();
            assert!(closed.join().unwrap());
        });
    }

    #[test]
    fn a_child_is_not_held_back_by_the_fork_that_made_it() {
        let gate = Gate::new();
        let parents = State { process: 0, forks: 3, inside: 0 };
        gate.0.store(parents.into(), Ordering::SeqCst);
        gate.enter(Duration::ZERO);
        gate.leave();
        assert!(gate.close(LONG));
        assert_eq!(state(&gate), State { process: std::process::id(), forks: 1, inside: 0 });
        gate.open();
        assert!(!state(&gate).is_closed());
    }

    #[test]
    fn a_paused_machine_does_not_end_the_patience() {
        let (patience, looks) = (Duration::from_millis(50), Cell::new(0));
        let is_done = || {
            looks.set(looks.get() + 1);
            if looks.get() == 2 {
                thread::sleep(patience);
            }
            looks.get() == 4
        };
        assert!(wait(patience, is_done), "{looks:?}");
    }
}
