//! What becomes of a record, as pure functions: no clock is read here and nothing is stored; times are handed in.
//!
//! ```text
//!  held ──release──▶ queued ──claim──▶ sending ──┬─▶ delivered
//!                      ▲                         ├─▶ queued at a later time
//!                      └──── requeue ──── dead ◀─┘
//! ```

mod breaker;
mod judge;

pub(super) use breaker::{Breaker, Gate};
pub(super) use judge::{Verdict, judge, poison};

/// Milliseconds since the epoch, or since the process began: whoever hands them in says which.
pub(super) type Millis = u64;

/// What a record has been through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Trial {
    /// When it was taken, since the epoch.
    pub(super) accepted_at: Millis,
    /// Failed deliveries.
    pub(super) attempts: u32,
    /// What the failures weigh that may lie in the record itself: [`FULL`] or [`SLIGHT`] each.
    pub(super) strikes: u32,
    /// How many records the outbox had delivered when this one was first tried.
    pub(super) mark: u64,
}

/// The weight of a failure that the service answered itself.
pub(super) const FULL: u32 = 4;
/// The weight of a failure to reach the service.
pub(super) const SLIGHT: u32 = 1;
