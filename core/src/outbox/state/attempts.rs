//! The attempts of a record so far.

/// Milliseconds since the epoch, or since the process began, as the caller documents.
pub(crate) type Millis = u64;

/// The state of a record's attempts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct AttemptState {
    /// The time of acceptance, since the epoch.
    pub(crate) accepted_at: Millis,
    /// Failed deliveries.
    pub(crate) failures: u32,
    /// The total weight of the failures that may lie in the record itself: [`FULL`] or [`SLIGHT`] each.
    pub(crate) strikes: u32,
    /// The number of records that the store had delivered when this one was first tried.
    pub(crate) mark: u64,
}

/// The weight of a failure that the service itself reported.
pub(crate) const FULL: u32 = 4;
/// The weight of a failure to reach the service.
pub(crate) const SLIGHT: u32 = 1;
