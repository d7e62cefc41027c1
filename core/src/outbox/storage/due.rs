//! The time at which a stored record is due, even if a wrong clock wrote it.

use crate::outbox::delivery::Delivery;
use crate::outbox::state::Millis;

/// Returns true if a record with this time is due. A time further ahead than the longest possible wait was written by a
/// wrong clock, or the clock is wrong now.
pub(in crate::outbox) fn is_due(due_at: Millis, now: Millis, longest_wait: Millis) -> bool {
    due_at <= now || due_at > now.saturating_add(longest_wait)
}

const LONGEST_WAIT: Millis = i64::MAX as u64 / 4;

/// The longest wait between two attempts.
pub(in crate::outbox) fn longest_wait(delivery: &Delivery) -> Millis {
    let wait = delivery.max_backoff.max(delivery.max_retry_after);
    // Far below the largest integer of SQLite.
    wait.as_millis().try_into().map_or(LONGEST_WAIT, |wait: Millis| wait.min(LONGEST_WAIT))
}
