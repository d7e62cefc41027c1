//! The records that were delivered and not counted: how often a count is tried, and what the log says.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Mutex as AsyncMutex;
use tokio::time::Instant;

/// The times that a count is tried on a working connection.
const TRIES: u32 = 5;

/// The state of counting.
#[derive(Default)]
pub(super) struct Counting {
    /// The records that were not counted since the bucket has answered last.
    missed: AtomicU64,
    /// The time of the last look for the bucket, held by whoever looks.
    pub(super) looked_at: AsyncMutex<Option<Instant>>,
}

impl Counting {
    /// Notes an answer of the bucket.
    pub(super) fn answered(&self) {
        let missed = self.missed.swap(0, Ordering::SeqCst);
        if missed > 0 {
            tracing::warn!(missed, "delivered records are counted again, after some that were not");
        }
    }

    /// Notes a record that is not counted; the log says so once for all that follow it.
    pub(super) fn missed(&self, bucket: &str) {
        if self.missed.fetch_add(1, Ordering::SeqCst) == 0 {
            tracing::warn!(
                bucket,
                "delivered records are not counted, as their bucket does not answer"
            );
        }
    }

    /// The times that a creation is tried: once, while others fail.
    pub(super) fn tries(&self) -> u32 {
        if self.missed.load(Ordering::SeqCst) > 0 { 1 } else { TRIES }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_that_does_not_answer_is_tried_once_a_record_until_it_answers() {
        let counting = Counting::default();
        assert_eq!(counting.tries(), TRIES);
        counting.missed("counted");
        counting.missed("counted");
        assert_eq!(counting.tries(), 1);
        counting.answered();
        assert_eq!(counting.tries(), TRIES);
    }
}
