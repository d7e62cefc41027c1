//! The failed attempts of records, which couriers share through a bucket: whoever gets a record next continues its count.

use std::time::Duration;

use async_nats::jetstream::kv;
use serde::{Deserialize, Serialize};

use super::run::Run;
use crate::outbox::AttemptState;

/// The attempts of a record so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Attempts {
    pub(super) failures: u32,
    pub(super) strikes: u32,
    /// The time of the next attempt, in milliseconds since the epoch.
    pub(super) due_at: u64,
    /// True if the record waits for a token.
    pub(super) needs_token: bool,
    pub(super) reason: String,
}

impl Attempts {
    /// The state for the decision about the next attempt.
    pub(super) fn state(&self, accepted_at: u64) -> AttemptState {
        AttemptState { accepted_at, failures: self.failures, strikes: self.strikes, mark: 0 }
    }

    /// The wait until the record is due. A time further ahead than any possible wait was written by a wrong clock.
    pub(super) fn wait(&self, now: u64, longest: Duration) -> Duration {
        let wait = Duration::from_millis(self.due_at.saturating_sub(now));
        if wait > longest { Duration::ZERO } else { wait }
    }
}

/// The key of a record's attempts.
fn key(sequence: u64) -> String {
    format!("try.{sequence}")
}

/// The attempts of the record with this number in the stream. Those that cannot be read count as none: the record is then
/// tried once more.
pub(super) async fn read(bucket: &kv::Store, sequence: u64) -> Attempts {
    match bucket.get(key(sequence)).await {
        Ok(Some(json)) => serde_json::from_slice(&json).unwrap_or_default(),
        Ok(None) => Attempts::default(),
        Err(error) => {
            tracing::debug!(sequence, "the attempts of a record cannot be read: {error}");
            Attempts::default()
        }
    }
}

impl Run {
    pub(super) async fn attempts_of(&self, sequence: u64) -> Attempts {
        read(&self.attempts, sequence).await
    }

    pub(super) async fn store_attempts(&self, sequence: u64, attempts: &Attempts) {
        // Numbers and a text always serialise.
        let json = serde_json::to_vec(attempts).unwrap_or_default();
        if let Err(error) = self.attempts.put(key(sequence), json.into()).await {
            tracing::warn!(sequence, "the attempts of a record cannot be stored: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stored_form_is_held() {
        let attempts = Attempts {
            failures: 2,
            strikes: 8,
            due_at: 1_764_660_000_000,
            needs_token: false,
            reason: "HTTP 500".to_owned(),
        };
        let json = r#"{"failures":2,"strikes":8,"due_at":1764660000000,"needs_token":false,"reason":"HTTP 500"}"#;
        assert_eq!(serde_json::to_string(&attempts).unwrap(), json);
        assert_eq!(serde_json::from_str::<Attempts>(json).unwrap(), attempts);
    }

    #[test]
    fn a_record_waits_until_it_is_due_and_never_for_a_clock_that_was_wrong() {
        let at = |due_at| Attempts { due_at, ..Attempts::default() };
        let longest = Duration::from_secs(3600);
        assert_eq!(at(1_500).wait(1_000, longest), Duration::from_millis(500));
        assert_eq!(at(500).wait(1_000, longest), Duration::ZERO);
        assert_eq!(at(9_000_000_000).wait(1_000, longest), Duration::ZERO);
    }
}
