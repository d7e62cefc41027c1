//! A place that the command inspects.

use std::path::PathBuf;

use serde_json::Value;

use super::table::Table;
use crate::error::{Error, Result};
use crate::outbox::{DeadLetter, PendingRecord};

/// A place with records.
pub(super) trait Source {
    /// The name of the place.
    fn place(&self) -> String;

    /// The damaged files that were set aside.
    fn set_aside(&self) -> Vec<PathBuf>;

    fn counts(&self) -> Result<Counts>;

    fn pending(&self) -> Result<Vec<PendingRecord>>;

    fn dead_letters(&self) -> Result<Vec<DeadLetter>>;

    fn requeue(&self, id: &str) -> Result<bool>;

    fn discard(&self, id: &str) -> Result<bool>;

    /// Returns true for a record in a partition of a stream, where it may be on its way.
    fn is_on_its_way(&self, id: &str) -> Result<bool>;

    /// The counters as a table.
    fn status(&self) -> Result<Table>;

    /// The counters as JSON.
    fn status_json(&self) -> Result<Value>;
}

/// The counters of a place, of those that lists need.
pub(super) struct Counts {
    pub(super) pending: u64,
    pub(super) dead: u64,
}

/// The reason why a place is not opened.
pub(super) enum Unopened {
    Call(Error),
    Refused(String),
}

impl From<Error> for Unopened {
    fn from(error: Error) -> Self {
        Unopened::Call(error)
    }
}
