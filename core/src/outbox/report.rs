//! The reports of an outbox: receipts, statistics, pending records and dead letters.

use std::path::PathBuf;
use std::time::SystemTime;

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::record::PendingState;

/// The result of `enqueue`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Receipt {
    /// The record's id.
    pub id: String,
    /// True if the record survives the end of this process. `false` in memory, and while the file cannot be written.
    pub durable: bool,
    /// True if the record was accepted now; `false` if its id was known already.
    pub is_new: bool,
}

/// The result of `flush` and `shutdown`: deliveries of this process, and pending records of all processes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct FlushReport {
    /// Records that this process delivered since the last report, or since it opened the outbox.
    pub delivered: u64,
    /// Pending records (in a file, those of all processes): waiting for the service or for a token, or held.
    pub pending: u64,
    /// Records that became dead letters in this process since the last report, or since it opened the outbox.
    pub dead: u64,
}

/// The counters of an outbox since this process opened it.
///
/// They always balance: `accepted + recovered = delivered + dead + pending + discarded`. With a file they count the
/// records of all processes that use it; those that end in `_here` count only this process. They can be read after
/// [`shutdown`] too. When a new file replaces a damaged or removed one, they restart with its `recovered` records;
/// those that end in `_here` continue.
///
/// [`shutdown`]: super::Outbox::shutdown
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Stats {
    /// Records accepted since the outbox was opened.
    pub accepted: u64,
    /// Records that this process accepted.
    pub accepted_here: u64,
    /// Records that were already in the file, including dead letters.
    pub recovered: u64,
    /// Records delivered since the outbox was opened.
    pub delivered: u64,
    /// Records that this process delivered.
    pub delivered_here: u64,
    /// Dead letters now.
    pub dead: u64,
    /// Records that became dead letters in this process.
    pub dead_here: u64,
    /// Pending records now, held ones included.
    pub pending: u64,
    /// Pending records that are held until they are released.
    pub held: u64,
    /// Records and dead letters that were discarded.
    pub discarded: u64,
    /// Pending records kept only in memory, because the file cannot be written. Always 0 for [`Outbox::memory`].
    ///
    /// [`Outbox::memory`]: super::Outbox::memory
    pub not_durable: u64,
    /// True while the breaker is open: the service is failing, and no record is sent for a while.
    pub is_breaker_open: bool,
    /// The reason why the file is unusable now; or a notice that it was removed or replaced while this process used it,
    /// until the outbox is opened again.
    pub storage_error: Option<String>,
    /// Damaged files that were set aside since the outbox was opened. They are never deleted.
    #[serde(serialize_with = "paths")]
    pub set_aside: Vec<PathBuf>,
}

/// A pending record.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct PendingRecord {
    /// The record's id.
    pub id: String,
    /// The conversation whose order it follows.
    pub conversation: String,
    /// The UUID of its user.
    #[serde(rename = "user_id")]
    pub user: Option<String>,
    /// The time of acceptance.
    #[serde(serialize_with = "unix_ms")]
    pub accepted_at: SystemTime,
    /// Failed deliveries.
    pub attempts: u32,
    /// The event that it waits for.
    pub state: PendingState,
    /// The failure of the last delivery.
    pub reason: Option<String>,
}

/// A record that was given up. It stays until it is requeued or discarded.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct DeadLetter {
    /// The record's id.
    pub id: String,
    /// The conversation that it belongs to.
    pub conversation: String,
    /// The UUID of its user.
    #[serde(rename = "user_id")]
    pub user: Option<String>,
    /// The payload; `Null` if it was damaged and is unreadable.
    pub payload: Value,
    /// The time of acceptance.
    #[serde(serialize_with = "unix_ms")]
    pub accepted_at: SystemTime,
    /// The time when it was given up.
    #[serde(serialize_with = "unix_ms")]
    pub died_at: SystemTime,
    /// Failed deliveries.
    pub attempts: u32,
    /// The reason why it was given up.
    pub reason: String,
}

/// Serialises a time as milliseconds since 1970, as it is stored.
fn unix_ms<S: Serializer>(time: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    serializer.serialize_u64(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// Serialises paths as text, lossily if they are not UTF-8.
fn paths<S: Serializer>(paths: &[PathBuf], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(paths.iter().map(|path| path.to_string_lossy()))
}
