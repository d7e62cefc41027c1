//! The failed attempts of records, which couriers share through a bucket: whoever gets a record next continues its count.

use std::time::Duration;

use async_nats::jetstream::kv;
use serde::{Deserialize, Serialize};

use super::messages::Received;
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

/// The value of a key. It names the record, as a stream that is created again uses the same numbers.
#[derive(Serialize, Deserialize)]
struct Stored {
    id: String,
    #[serde(flatten)]
    attempts: Attempts,
}

/// The attempts in a value, if it is about this record.
fn parse(json: &[u8], record: &str) -> Option<Attempts> {
    let stored: Stored = serde_json::from_slice(json).ok()?;
    (stored.id == record).then_some(stored.attempts)
}

/// The value for a record.
fn value(record: &str, attempts: &Attempts) -> Vec<u8> {
    let stored = Stored { id: record.to_owned(), attempts: attempts.clone() };
    // Numbers and texts always serialise.
    serde_json::to_vec(&stored).unwrap_or_default()
}

/// The key of a record's attempts.
fn key(sequence: u64) -> String {
    format!("try.{sequence}")
}

/// The attempts of a record. Those that cannot be read count as none: the record is then tried once more.
pub(super) async fn read(bucket: &kv::Store, received: &Received) -> Attempts {
    let sequence = received.sequence;
    match bucket.get(key(sequence)).await {
        Ok(Some(json)) => parse(&json, received.record.id()).unwrap_or_default(),
        Ok(None) => Attempts::default(),
        Err(error) => {
            tracing::debug!(sequence, "the attempts of a record cannot be read: {error}");
            Attempts::default()
        }
    }
}

impl Run {
    pub(super) async fn attempts_of(&self, received: &Received) -> Attempts {
        read(&self.attempts, received).await
    }

    /// Stores the attempts of a record that has this number in the stream, or has just got it.
    pub(super) async fn store_attempts(
        &self,
        received: &Received,
        sequence: u64,
        attempts: &Attempts,
    ) {
        let json = value(received.record.id(), attempts);
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
        let json = r#"{"id":"m-1","failures":2,"strikes":8,"due_at":1764660000000,"needs_token":false,"reason":"HTTP 500"}"#;
        assert_eq!(String::from_utf8(value("m-1", &attempts)).unwrap(), json);
        assert_eq!(parse(json.as_bytes(), "m-1"), Some(attempts));
    }

    #[test]
    fn the_attempts_of_another_record_with_the_same_number_do_not_count() {
        let attempts = Attempts { strikes: 4, ..Attempts::default() };
        assert_eq!(parse(&value("m-1", &attempts), "m-2"), None);
        assert_eq!(parse(b"{}", "m-2"), None);
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
