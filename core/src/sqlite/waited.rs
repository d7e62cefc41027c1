//! Time that was waited for something local, as a lock, added up from look to look.
//!
//! A wall clock would also count the time in which the whole machine was paused: nobody held the lock for that long, and
//! whoever holds it could not finish. So no time between two looks counts for more than a quarter of the patience.

use std::thread;
use std::time::{Duration, Instant};

/// The fewest looks that use up the patience.
const FEWEST_LOOKS: u32 = 4;

/// The time that was waited so far, and the longest time to wait.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Waited {
    patience: Duration,
    looked: Instant,
    time: Duration,
}

impl Waited {
    /// Starts with the first look.
    pub(crate) fn since(now: Instant, patience: Duration) -> Self {
        Waited { patience, looked: now, time: Duration::ZERO }
    }

    pub(crate) fn time(&self) -> Duration {
        self.time
    }

    /// Returns true once the patience is used up.
    pub(crate) fn is_over(&self) -> bool {
        self.time >= self.patience
    }

    /// Counts the time since the last look.
    pub(crate) fn look(&mut self, now: Instant) {
        self.count(now, self.patience / FEWEST_LOOKS);
    }

    /// Counts the time since the last look, up to the whole patience: a call that waits by itself took it.
    pub(crate) fn look_after_waiting(&mut self, now: Instant) {
        self.count(now, self.patience);
    }

    /// Pauses this thread until the next look, and counts that.
    pub(crate) fn pause(&mut self, pause: Duration) {
        thread::sleep(pause);
        self.look(Instant::now());
    }

    fn count(&mut self, now: Instant, at_most: Duration) {
        self.time += now.saturating_duration_since(self.looked).min(at_most);
        self.looked = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paused_machine_counts_as_a_quarter_of_the_patience() {
        let ms = Duration::from_millis;
        let begin = Instant::now();
        let mut waited = Waited::since(begin, ms(20));
        for (at, counted) in [(3, 3), (20_003, 8), (20_005, 10), (0, 10), (15, 15)] {
            waited.look(begin + ms(at));
            assert_eq!((waited.time(), waited.is_over()), (ms(counted), false), "at {at} ms");
        }
        waited.look(begin + ms(20));
        assert!(waited.is_over());
    }

    #[test]
    fn time_in_which_the_thread_itself_waited_counts_whole() {
        let ms = Duration::from_millis;
        let begin = Instant::now();
        let mut waited = Waited::since(begin, ms(20));
        waited.look_after_waiting(begin + ms(19));
        assert!(!waited.is_over());
        waited.look_after_waiting(begin + ms(60));
        assert!(waited.is_over());
    }

    #[test]
    fn patience_that_is_none_is_over_at_once() {
        let mut waited = Waited::since(Instant::now(), Duration::ZERO);
        waited.pause(Duration::from_micros(20));
        assert!(waited.is_over());
    }
}
