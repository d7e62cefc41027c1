//! Time that was waited for something local, as a lock, added up from look to look.
//!
//! A wall clock would also count the time in which the whole machine was paused, or this process was not run: nobody
//! held the lock for that long, and whoever holds it could not finish. So no time between two looks counts for more
//! than a bound.

use std::thread;
use std::time::{Duration, Instant};

/// The time over the one asked for that a pause of this thread may take: the system wakes it late.
const LATE: Duration = Duration::from_millis(2);

/// The time that was waited so far.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Waited {
    looked: Instant,
    time: Duration,
}

impl Waited {
    /// Starts with the first look.
    pub(crate) fn since(now: Instant) -> Self {
        Waited { looked: now, time: Duration::ZERO }
    }

    pub(crate) fn time(&self) -> Duration {
        self.time
    }

    /// Counts the time since the last look, as `at_most` if it was longer. Returns the time waited so far.
    pub(crate) fn look(&mut self, now: Instant, at_most: Duration) -> Duration {
        self.time += now.saturating_duration_since(self.looked).min(at_most);
        self.looked = now;
        self.time
    }

    /// Pauses this thread until the next look, and counts that.
    pub(crate) fn pause(&mut self, pause: Duration) -> Duration {
        thread::sleep(pause);
        self.look(Instant::now(), pause + LATE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paused_machine_counts_as_one_look() {
        let ms = Duration::from_millis;
        let begin = Instant::now();
        let mut waited = Waited::since(begin);
        assert_eq!(waited.look(begin + ms(3), ms(5)), ms(3));
        assert_eq!(waited.look(begin + ms(20_003), ms(5)), ms(8), "paused for 20 s");
        assert_eq!(waited.look(begin + ms(20_005), ms(5)), ms(10));
        assert_eq!(waited.look(begin, ms(5)), ms(10), "a clock that goes back");
        assert_eq!(waited.time(), ms(10));
    }

    #[test]
    fn a_pause_counts_with_what_was_asked_for() {
        let mut waited = Waited::since(Instant::now());
        let pause = Duration::from_millis(1);
        let time = waited.pause(pause);
        assert!((pause..=pause + LATE).contains(&time), "{time:?}");
    }
}
