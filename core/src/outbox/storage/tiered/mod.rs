//! An outbox with a file: the file, and memory while the file cannot be written.
//!
//! A conversation is in one tier. While records of it wait in memory, later ones join them there, and all move to the
//! file together once it can be written. A conversation with older records in a file that cannot be written waits for
//! the file, because overtaking them would break its order.

mod backend;
mod insert;

use std::time::Duration;

use super::backend::{Backend, MAINTENANCE_SOON};
use super::file::OutboxFile;
use super::memory::Memory;
use super::rows::{Counters, Inserted, NewRecord};
use super::sqlite::{Disk, FileSettings};
use crate::outbox::state::Millis;
use crate::sqlite::{Fault, Refused};

/// The wait until the next maintenance while another process writes, which takes only a moment.
const MAINTENANCE_BUSY: Duration = Duration::from_millis(10);

/// The two tiers of one process's outbox.
#[derive(Debug)]
pub(in crate::outbox) struct TieredBackend {
    memory: Memory,
    file: OutboxFile,
    /// Releases of records that the file may hold, to be written once it is writable.
    releases: Vec<NewRecord>,
}

impl TieredBackend {
    /// Opens the file; a file that is unusable now is retried later. An error is the reason why it can never be opened.
    pub(in crate::outbox) fn open(memory: Memory, settings: FileSettings) -> Result<Self, Refused> {
        Ok(TieredBackend { memory, file: OutboxFile::open(settings)?, releases: Vec::new() })
    }

    /// Returns true if records are delivered from memory: not while they can soon move to the file, where other
    /// processes see that they are being sent.
    fn sends_from_memory(&self) -> bool {
        self.file.is_out_of_reach()
    }

    fn due_soon(&self) -> Option<Duration> {
        let waits_in_memory = !self.memory.is_empty() || !self.releases.is_empty();
        match &self.file.fault {
            Some(Fault::Busy) if self.file.disk.is_some() && !self.file.is_out_of_reach() => {
                Some(MAINTENANCE_BUSY)
            }
            Some(_) => Some(MAINTENANCE_SOON),
            None => (self.file.disk.is_none() || waits_in_memory).then_some(MAINTENANCE_SOON),
        }
    }

    /// Makes the file usable again, moves records from memory to it, and reaps dead owners.
    fn maintain_file(&mut self, now: Millis) {
        self.file.check_place();
        if self.file.fault.is_some() {
            self.file.probe();
        }
        if self.file.fault.is_some() || self.file.disk.is_none() {
            return;
        }
        let _ = self.file.act(Disk::reap_dead_owners);
        for record in std::mem::take(&mut self.releases) {
            if !self.release_late(&record, now) {
                self.releases.push(record);
            }
        }
        if !self.memory.is_empty() {
            let moved = self.memory.movable();
            if self.file.act(|disk| disk.import(&moved, now)).is_ok() {
                self.memory.forget(&moved);
            }
        }
    }

    /// Writes a release that the file could not store before; `false` if it still cannot. A record that turns out not
    /// to be held is inserted as a new one.
    fn release_late(&mut self, record: &NewRecord, now: Millis) -> bool {
        match self.file.act(|disk| disk.release(record, now)) {
            Ok(Some(_)) => true,
            Ok(None) => self
                .insert(std::slice::from_ref(record), now)
                .is_ok_and(|answers| !answers.contains(&Inserted::Full)),
            Err(_) => false,
        }
    }

    fn all_counters(&mut self) -> Counters {
        let in_memory = self.memory.counts().unwrap_or_default();
        let (in_file, fault) = self.file.counts();
        Counters {
            now: in_file.plus(in_memory),
            at_open: self.file.at_open,
            not_durable: in_memory.pending,
            storage_error: self.file.report(fault.as_ref()),
            set_aside: self.file.set_aside.clone(),
        }
    }
}
