//! What an outbox tells of itself.

use std::path::PathBuf;
use std::time::SystemTime;

use serde_json::Value;

/// What `enqueue` answers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Receipt {
    /// The record's id.
    pub id: String,
    /// Whether the record survives the end of this process. `false` in memory, and while the file cannot be written.
    pub durable: bool,
    /// Whether the record was taken now; `false` when its id was known already, and nothing was added.
    pub is_new: bool,
}

/// What `flush` and `shutdown` answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FlushReport {
    /// Records delivered since the last report, or since the outbox was opened.
    pub delivered: u64,
    /// Records that still wait now: for the service, for a token, or held.
    pub pending: u64,
    /// Records that became dead letters since the last report, or since the outbox was opened.
    pub dead: u64,
}

/// The books of an outbox since this handle was opened.
///
/// They always balance: `accepted + recovered = delivered + dead + pending + discarded`. With a file they count what
/// all processes on it did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Records taken since the outbox was opened.
    pub accepted: u64,
    /// Records that the file held already, dead letters included.
    pub recovered: u64,
    /// Records delivered since the outbox was opened.
    pub delivered: u64,
    /// Dead letters that lie there now.
    pub dead: u64,
    /// Records that wait now, held ones included.
    pub pending: u64,
    /// Of the pending ones: held until they are released.
    pub held: u64,
    /// Records and dead letters that a person discarded.
    pub discarded: u64,
    /// Of the pending ones: in memory alone, because the file cannot be written. Always 0 for [`Outbox::memory`].
    ///
    /// [`Outbox::memory`]: super::Outbox::memory
    pub not_durable: u64,
    /// Whether the breaker is open: the service fails, and nothing is sent for a while.
    pub is_breaker_open: bool,
    /// Why the file cannot be used now, if it cannot.
    pub storage_error: Option<String>,
    /// Damaged files that were set aside since the outbox was opened. They are never deleted.
    pub set_aside: Vec<PathBuf>,
}

/// A record that waits.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct PendingRecord {
    /// The record's id.
    pub id: String,
    /// The conversation whose order it keeps.
    pub conversation: String,
    /// Whose record it is.
    pub user: Option<String>,
    /// When it was taken.
    pub accepted_at: SystemTime,
    /// How often a delivery has failed.
    pub attempts: u32,
    /// What it waits for.
    pub state: PendingState,
    /// Why the last delivery failed.
    pub reason: Option<String>,
}

/// What a record waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PendingState {
    /// Its release: it is not complete yet.
    Held,
    /// Its turn, or the time of its next try.
    Queued,
    /// The end of a delivery that runs in some process.
    Sending,
    /// Fresh tokens of its user.
    NeedsToken,
}

impl PendingState {
    /// The state as one word: `held`, `queued`, `sending`, `needs_token`.
    pub fn as_str(self) -> &'static str {
        match self {
            PendingState::Held => "held",
            PendingState::Queued => "queued",
            PendingState::Sending => "sending",
            PendingState::NeedsToken => "needs_token",
        }
    }
}

/// A record that was given up. It lies there until it is requeued or discarded.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct DeadLetter {
    /// The record's id.
    pub id: String,
    /// The conversation that it belongs to.
    pub conversation: String,
    /// Whose record it is.
    pub user: Option<String>,
    /// What was to be delivered; `Null` when damage made it unreadable.
    pub payload: Value,
    /// When it was taken.
    pub accepted_at: SystemTime,
    /// When it was given up.
    pub died_at: SystemTime,
    /// How often a delivery has failed.
    pub attempts: u32,
    /// Why it was given up.
    pub reason: String,
}
