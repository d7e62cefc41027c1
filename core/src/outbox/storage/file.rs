//! The outbox file and its health: each operation succeeds or reports the fault.

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::Duration;

use tokio::time::Instant;

use super::backend::{Backend, Position};
use super::rows::Counts;
use super::sqlite::{Disk, FileSettings, PATIENCE};
use crate::sqlite::{Fault, OPENING_PATIENCE, OpenFault, Refused, Waited, real_path};

/// The time after which a file locked by another process counts as unreachable: that process is stopped, or hangs.
const HELD_TOO_LONG: Duration = Duration::from_secs(5);

/// The outbox file, usable or not.
#[derive(Debug)]
pub(super) struct OutboxFile {
    settings: FileSettings,
    has_real_path: bool,
    pub(super) disk: Option<Disk>,
    /// The reason why it cannot be written now.
    pub(super) fault: Option<Fault>,
    pub(super) set_aside: Vec<PathBuf>,
    /// The counts when this process opened it.
    pub(super) at_open: Counts,
    /// The counts when they were last read.
    known: Counts,
    /// True if this process has used it, so that it may contain records of this outbox.
    was_used: bool,
    /// The time for which another process has held the file.
    held: Option<Waited>,
    /// A file that was removed or replaced while in use, kept until its records are in the new one.
    former: Option<Disk>,
    was_replaced: bool,
    /// Conversations whose running deliveries began with an earlier file.
    in_flight: HashSet<String>,
    /// True if this process has left the file, and only reads it from now on.
    has_left: bool,
}

impl OutboxFile {
    /// Opens the file; a file that is unusable now is retried later. An error is the reason why it can never be opened.
    pub(super) fn open(settings: FileSettings) -> Result<Self, Refused> {
        let mut file = OutboxFile {
            settings,
            has_real_path: false,
            disk: None,
            fault: None,
            set_aside: Vec::new(),
            at_open: Counts::default(),
            known: Counts::default(),
            was_used: false,
            held: None,
            former: None,
            was_replaced: false,
            in_flight: HashSet::new(),
            has_left: false,
        };
        match file.open_disk(OPENING_PATIENCE) {
            Ok(disk) => file.adopt(disk),
            Err(OpenFault::Now(fault)) => file.note(fault),
            Err(OpenFault::Refused(why)) => return Err(why),
        }
        Ok(file)
    }

    fn open_disk(&mut self, patience: Duration) -> Result<Disk, OpenFault> {
        if !self.has_real_path {
            self.settings.path = real_path(&self.settings.path)?;
            self.has_real_path = true;
        }
        Disk::open(&self.settings, patience, &mut self.set_aside)
    }

    pub(super) fn settings(&self) -> &FileSettings {
        &self.settings
    }

    /// Returns true if a record of this outbox is pending in the file before `position`, or may be.
    pub(super) fn is_waiting(&mut self, position: Position) -> bool {
        let was_used = self.was_used;
        self.act(|disk| disk.is_waiting(position)).unwrap_or(was_used)
    }

    /// Returns true if the file can be read and does not hold back a record with this id.
    pub(super) fn is_certainly_not_held(&mut self, id: &str) -> bool {
        self.disk.as_mut().is_some_and(|disk| disk.holds(id).is_ok_and(|is_held| !is_held))
    }

    pub(super) fn is_in_place(&self) -> bool {
        self.disk.as_ref().is_some_and(Disk::is_in_place)
    }

    /// Returns true if the file can be written and contains everything that an earlier one contained.
    pub(super) fn is_whole(&self) -> bool {
        self.disk.is_some() && self.fault.is_none() && self.former.is_none()
    }

    /// Returns true if the file cannot be written, or another process has locked it for too long: records are then
    /// delivered from memory.
    pub(super) fn is_out_of_reach(&self) -> bool {
        match &self.fault {
            None => false,
            Some(Fault::Busy) => self.held.is_some_and(|held| held.is_over()),
            Some(_) => true,
        }
    }

    /// A message about the fault, or about the loss of the file while in use.
    pub(super) fn report(&self, fault: Option<&Fault>) -> Option<String> {
        match (fault.or(self.fault.as_ref()), self.held) {
            (Some(Fault::Busy), Some(held)) if self.is_out_of_reach() => Some(format!(
                "another process has held the file for {} s: new records are delivered from memory",
                held.time().as_secs()
            )),
            (Some(fault), _) => Some(fault.to_string()),
            (None, _) if self.was_replaced => Some(
                "the file was removed or replaced while it was in use: its records are in the new file".into(),
            ),
            (None, _) => None,
        }
    }

    /// The counts; if they cannot be read, the last known ones with the fault.
    pub(super) fn counts(&mut self) -> (Counts, Option<Fault>) {
        match self.act(Disk::counts) {
            Ok(counts) => {
                self.known = counts;
                (counts, None)
            }
            Err(fault) => (self.known, Some(fault)),
        }
    }

    fn adopt(&mut self, mut disk: Disk) {
        self.fault = None;
        if disk.is_registered() {
            self.held = None;
        } else {
            // Another process is writing, and this one waits until it can register.
            self.note_held();
        }
        if let Some(former) = self.former.take() {
            match disk.take_from(&former) {
                Ok(records) => {
                    tracing::warn!(records, "records of the former file are in the new one");
                    former.abandon();
                }
                Err(fault) => {
                    self.former = Some(former);
                    self.fault = Some(fault);
                }
            }
        }
        let in_flight = std::mem::take(&mut self.in_flight);
        if !in_flight.is_empty() && disk.keep_in_flight(&in_flight).is_err() {
            self.in_flight = in_flight;
        }
        self.at_open = disk.counts().unwrap_or_default();
        self.known = self.at_open;
        self.was_used = true;
        self.disk = Some(disk);
    }

    /// Runs an operation on a record, as [`act`](Self::act). A file that can only be read still knows which records it
    /// does not contain.
    pub(super) fn act_on(
        &mut self,
        id: &str,
        act: impl FnOnce(&mut Disk) -> Result<bool, Fault>,
    ) -> Result<bool, Fault> {
        self.act(act).or_else(|fault| {
            let is_known = self.disk.as_mut().map(|disk| disk.knows(id));
            if let Some(Ok(false)) = is_known { Ok(false) } else { Err(fault) }
        })
    }

    /// Runs an operation on the file, and records its fault.
    pub(super) fn act<T>(
        &mut self,
        act: impl FnOnce(&mut Disk) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        if self.has_left {
            return Disk::read_only(&self.settings).and_then(|mut disk| act(&mut disk));
        }
        let Some(disk) = &mut self.disk else {
            return Err(self.fault.clone().unwrap_or(Fault::Busy));
        };
        let acted = act(disk);
        if let Err(fault) = &acted {
            self.note(fault.clone());
        }
        acted
    }

    fn note(&mut self, fault: Fault) {
        if self.fault.is_none() && fault != Fault::Busy {
            tracing::warn!(file = %self.settings.path.display(), %fault, "the outbox file has a fault");
        }
        match &fault {
            Fault::Damaged(why) => self.reopen(Some(&why.clone())),
            // After an I/O error SQLite's cached pages may differ from the disk.
            Fault::Unusable(_) => self.fault = Some(fault),
            Fault::Busy => {
                // One caller has waited for that process. Until it finishes, no other caller waits as long.
                self.disk.iter_mut().for_each(|disk| disk.be_patient(false));
                self.note_held();
            }
        }
    }

    /// Notes that another process holds the file at this look.
    fn note_held(&mut self) {
        let now = Instant::now().into_std();
        self.held.get_or_insert_with(|| Waited::since(now, HELD_TOO_LONG)).look(now);
        self.fault = Some(Fault::Busy);
    }

    /// Checks if the file can be written again.
    pub(super) fn probe(&mut self) {
        match self.disk.as_mut().map(Disk::probe) {
            Some(Ok(())) => {
                self.disk.iter_mut().for_each(|disk| disk.be_patient(true));
                self.held = None;
                self.fault = None;
            }
            Some(Err(fault)) => self.note(fault),
            None => {}
        }
    }

    /// Opens the file that is now at the path, or creates it, and imports the records that it lacks.
    pub(super) fn check_place(&mut self) {
        if let Some(disk) = self.disk.as_ref().filter(|disk| disk.has_lost_its_log()) {
            match disk.set_aside_without_log() {
                Ok(aside) => self.set_aside.extend(aside),
                Err(fault) => return self.note(fault),
            }
        }
        if self.disk.is_none() || !self.is_in_place() {
            self.reopen(None);
        } else if self.former.is_some()
            && let Some(disk) = self.disk.take()
        {
            self.adopt(disk);
        }
    }

    /// Reopens the file after it was found damaged, removed or replaced.
    pub(super) fn reopen(&mut self, damage: Option<&str>) {
        self.in_flight.extend(self.disk.iter().flat_map(Disk::in_flight));
        let opened = match (self.disk.take(), damage) {
            (Some(disk), Some(why)) => disk.replace(why, &mut self.set_aside),
            (Some(disk), None) => {
                let file = self.settings.path.display();
                tracing::error!(%file, "the outbox file was removed or replaced while it was in use");
                self.was_replaced = true;
                let moved = disk.put_log_aside();
                self.former.get_or_insert(disk);
                match moved {
                    Ok(()) => self.open_disk(PATIENCE),
                    Err(fault) => Err(OpenFault::Now(fault)),
                }
            }
            (None, _) => self.open_disk(PATIENCE),
        };
        match opened {
            Ok(disk) => self.adopt(disk),
            Err(OpenFault::Now(Fault::Damaged(why)) | OpenFault::Refused(Refused(why))) => {
                self.fault = Some(Fault::Unusable(why));
            }
            Err(OpenFault::Now(Fault::Busy)) => self.note_held(),
            Err(OpenFault::Now(fault)) => self.fault = Some(fault),
        }
    }

    /// Ends this process's use of the file cleanly. It can still be read.
    pub(super) fn leave(&mut self) {
        if let Some(disk) = self.disk.take() {
            disk.leave();
        }
        if let Some(former) = self.former.take() {
            former.abandon();
        }
        self.has_left = true;
        self.fault = None;
    }
}
