//! A clock that never jumps: the wall clock is read once, and then advanced by the monotonic clock.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use super::state::Millis;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The clock of one process's outbox.
pub(crate) struct Clock {
    begin: Instant,
    /// The wall clock at the start, in milliseconds since the epoch.
    wall: AtomicU64,
}

impl Clock {
    pub(crate) fn new() -> Self {
        let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Clock { begin: Instant::now(), wall: AtomicU64::new(millis(wall)) }
    }

    /// Milliseconds since the epoch.
    pub(crate) fn now(&self) -> Millis {
        self.wall.load(Ordering::Relaxed) + self.elapsed()
    }

    /// Milliseconds since the start.
    pub(crate) fn elapsed(&self) -> Millis {
        millis(self.begin.elapsed())
    }

    /// The instant at this time since the epoch.
    pub(crate) fn instant(&self, at: Millis) -> Instant {
        let wait = Duration::from_millis(at.saturating_sub(self.wall.load(Ordering::Relaxed)));
        // A time beyond the clock's range is checked again in a day.
        self.begin.checked_add(wait).unwrap_or_else(|| Instant::now() + DAY)
    }

    /// Sets the time, as if the process had started at another one.
    #[cfg(test)]
    pub(crate) fn set(&self, now: Millis) {
        self.wall.store(now - self.elapsed(), Ordering::Relaxed);
    }
}

pub(crate) fn millis(time: Duration) -> Millis {
    time.as_millis().try_into().unwrap_or(u64::MAX)
}
