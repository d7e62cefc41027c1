//! The settings of an outbox, checked before they are used.

use std::path::PathBuf;

use super::delivery::Delivery;
use super::options::{Durability, OutboxLimits, WhenFull};
use crate::error::{Error, ErrorKind, Result};

/// The largest record. SQLite holds rows up to 1 GB.
const LARGEST_RECORD: usize = 256 * 1024 * 1024;

/// All settings of an outbox but its sink.
#[derive(Clone, Debug, Default)]
pub(super) struct OutboxSettings {
    pub(super) path: Option<PathBuf>,
    pub(super) durability: Durability,
    pub(super) limits: OutboxLimits,
    pub(super) when_full: WhenFull,
    pub(super) delivery: Delivery,
    /// Deliveries go on after the last handle is dropped.
    pub(super) lingers: bool,
}

impl OutboxSettings {
    /// Rejects unusable settings, limits the others, and makes the path absolute, so that a process that changes its
    /// directory keeps its outbox.
    pub(super) fn checked(mut self) -> Result<Self> {
        let wrong = |why: String| Error::new(ErrorKind::Config, "outbox.start", why);
        let (limits, has_file) = (&self.limits, self.path.is_some());
        let unusable = match () {
            () if self.delivery.concurrency == 0 => {
                "`concurrency` is 0: no record would be delivered; set at least 1"
            }
            () if self.delivery.limit.is_zero() => {
                "`limit` is 0: no delivery could end in time; set a longer one"
            }
            () if limits.record_bytes == 0 => "`record_bytes` is 0: no record would be accepted",
            () if has_file && limits.file_bytes == 0 => {
                "`file_bytes` is 0: no record would be accepted"
            }
            () if !has_file && limits.memory_records.min(limits.memory_bytes) == 0 => {
                "`memory_records` or `memory_bytes` is 0: no record would be accepted"
            }
            () => "",
        };
        if !unusable.is_empty() {
            return Err(wrong(unusable.to_owned()));
        }
        if let Some(path) = &mut self.path {
            if path.as_os_str().is_empty() {
                return Err(wrong("the path of the outbox is empty: name a file".to_owned()));
            }
            if path.as_os_str().as_encoded_bytes().contains(&0) {
                return Err(wrong(format!("the path {path:?} has a NUL byte in it")));
            }
            *path = std::path::absolute(&*path).map_err(|error| {
                wrong(format!("the path {} cannot be made absolute: {error}", path.display()))
                    .with_source(error)
            })?;
        }
        self.limits.record_bytes = self.limits.record_bytes.min(LARGEST_RECORD);
        self.delivery = self.delivery.bounded();
        Ok(self)
    }
}
