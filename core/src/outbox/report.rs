//! What an outbox tells of itself.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::backend::{DeadRow, PendingRow};
use super::room::Books;
use super::state::Millis;

/// What `enqueue` answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Receipt {
    /// The record's id.
    pub id: String,
    /// Whether the record survives the end of this process. `false` in memory, and while the file cannot be written.
    pub durable: bool,
    /// Whether the record was taken now; `false` when its id was known already, and nothing was added.
    pub is_new: bool,
}

/// The answer of `flush` and `shutdown`: deliveries of this process, and how many records wait, whoever took them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct FlushReport {
    /// Records that this process delivered since the last report, or since it opened the outbox.
    pub delivered: u64,
    /// Records that wait now, in the file those of all processes: for the service, for a token, or held.
    pub pending: u64,
    /// Records that became dead letters in this process since the last report, or since it opened the outbox.
    pub dead: u64,
}

/// The counters of an outbox since this process opened it.
///
/// They always balance: `accepted + recovered = delivered + dead + pending + discarded`. With a file they count the
/// records of all processes on it; the ones that end in `_here` count those of this process alone. They can be read
/// after [`shutdown`] as well. Where a new file takes the place of a damaged or removed one, they begin anew with its
/// `recovered` records; the ones that end in `_here` go on.
///
/// [`shutdown`]: super::Outbox::shutdown
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Stats {
    /// Records taken since the outbox was opened.
    pub accepted: u64,
    /// Records that this process took.
    pub accepted_here: u64,
    /// Records that the file held already, dead letters included.
    pub recovered: u64,
    /// Records delivered since the outbox was opened.
    pub delivered: u64,
    /// Records that this process delivered.
    pub delivered_here: u64,
    /// Dead letters that lie there now.
    pub dead: u64,
    /// Records that became dead letters in this process.
    pub dead_here: u64,
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
    /// Why the file cannot be used now, if it cannot; or that it was removed or replaced while this process used it,
    /// until the outbox is opened anew.
    pub storage_error: Option<String>,
    /// Damaged files that were set aside since the outbox was opened. They are never deleted.
    #[serde(serialize_with = "paths")]
    pub set_aside: Vec<PathBuf>,
}

/// A record that waits.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct PendingRecord {
    /// The record's id.
    pub id: String,
    /// The conversation whose order it keeps.
    pub conversation: String,
    /// Whose record it is.
    pub user: Option<String>,
    /// When it was taken.
    #[serde(rename = "accepted_at_ms", serialize_with = "unix_ms")]
    pub accepted_at: SystemTime,
    /// How often a delivery has failed.
    pub attempts: u32,
    /// What it waits for.
    pub state: PendingState,
    /// Why the last delivery failed.
    pub reason: Option<String>,
}

/// What a record waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
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
#[derive(Clone, Debug, PartialEq, Serialize)]
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
    #[serde(rename = "accepted_at_ms", serialize_with = "unix_ms")]
    pub accepted_at: SystemTime,
    /// When it was given up.
    #[serde(rename = "died_at_ms", serialize_with = "unix_ms")]
    pub died_at: SystemTime,
    /// How often a delivery has failed.
    pub attempts: u32,
    /// Why it was given up.
    pub reason: String,
}

/// The counters of this process alone.
#[derive(Clone, Copy, Debug)]
pub(super) struct Here {
    pub(super) accepted: u64,
    pub(super) delivered: u64,
    pub(super) died: u64,
}

impl Stats {
    pub(super) fn of(books: Books, here: Here, is_breaker_open: bool) -> Self {
        let (now, opening) = (books.now, books.opening);
        Stats {
            accepted: now.accepted.saturating_sub(opening.accepted),
            accepted_here: here.accepted,
            delivered_here: here.delivered,
            dead_here: here.died,
            recovered: opening.pending + opening.dead,
            delivered: now.delivered.saturating_sub(opening.delivered),
            dead: now.dead,
            pending: now.pending,
            held: now.held,
            discarded: now.discarded.saturating_sub(opening.discarded),
            not_durable: books.not_durable,
            is_breaker_open,
            storage_error: books.trouble,
            set_aside: books.set_aside,
        }
    }
}

impl From<PendingRow> for PendingRecord {
    fn from(row: PendingRow) -> Self {
        PendingRecord {
            id: row.id,
            conversation: row.conversation,
            user: row.user,
            accepted_at: time(row.trial.accepted_at),
            attempts: row.trial.attempts,
            state: row.state,
            reason: row.reason,
        }
    }
}

impl From<DeadRow> for DeadLetter {
    fn from(row: DeadRow) -> Self {
        DeadLetter {
            id: row.id,
            conversation: row.conversation,
            user: row.user,
            payload: serde_json::from_str(&row.payload).unwrap_or(Value::Null),
            accepted_at: time(row.trial.accepted_at),
            died_at: time(row.died_at),
            attempts: row.trial.attempts,
            reason: row.reason,
        }
    }
}

fn time(at: Millis) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(at)
}

/// Writes a time as milliseconds since 1970, as the file keeps it.
fn unix_ms<S: Serializer>(time: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    serializer.serialize_u64(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// Writes paths as text, whatever their bytes.
fn paths<S: Serializer>(paths: &[PathBuf], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(paths.iter().map(|path| path.to_string_lossy()))
}
