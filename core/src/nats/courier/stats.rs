//! The counters of a courier and its stream.

use serde::Serialize;

/// The counters of a stream, and of the courier that reads them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CourierStats {
    /// Records that wait in the stream, parked ones included.
    pub pending: u64,
    /// Records that wait outside their partition: for a token, or behind one that does.
    pub parked: u64,
    /// Dead letters.
    pub dead: u64,
    /// Records that this courier has delivered.
    pub delivered_here: u64,
    /// Records that this courier has made dead letters.
    pub dead_here: u64,
    /// True while the breaker of this courier is open: the sink fails for all records, and none is sent for a while.
    pub is_breaker_open: bool,
}
