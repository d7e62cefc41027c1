//! The outbox file and its health: each operation succeeds or reports the fault.

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::Duration;

use tokio::time::Instant;

use super::backend::{Backend, Counts, Fault};
use super::sqlite::{Disk, OPENING_PATIENCE, OpenFault, PATIENCE, Settings, real_path};

/// From so long on a file that another process holds is out of reach: that process is stopped, or hangs.
const HELD_TOO_LONG: Duration = Duration::from_secs(5);

/// The file, usable or not.
#[derive(Debug)]
pub(super) struct File {
    settings: Settings,
    has_real_path: bool,
    pub(super) disk: Option<Disk>,
    /// Why it cannot be written now.
    pub(super) trouble: Option<Fault>,
    pub(super) set_aside: Vec<PathBuf>,
    /// Its counters when this handle opened it.
    pub(super) opening: Counts,
    /// Its counters when they were last read.
    known: Counts,
    /// This process has used it, so that records of this handle may lie in it.
    was_used: bool,
    busy_since: Option<Instant>,
    /// A file that was removed or replaced while it was in use, until its records are in the new one.
    former: Option<Disk>,
    was_replaced: bool,
    /// Conversations that deliveries hold which began with an earlier file.
    sending: HashSet<String>,
    /// This process has left it: it only looks at it from now on.
    has_left: bool,
}

impl File {
    /// Opens it; one that cannot be used now is tried again later. The text says why it never can be.
    pub(super) fn open(settings: Settings) -> Result<Self, String> {
        let mut file = File {
            settings,
            has_real_path: false,
            disk: None,
            trouble: None,
            set_aside: Vec::new(),
            opening: Counts::default(),
            known: Counts::default(),
            was_used: false,
            busy_since: None,
            former: None,
            was_replaced: false,
            sending: HashSet::new(),
            has_left: false,
        };
        match file.open_disk(OPENING_PATIENCE) {
            Ok(disk) => file.use_disk(disk),
            Err(OpenFault::Now(fault)) => file.note(fault),
            Err(OpenFault::Wrong(why)) => return Err(why),
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

    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Whether a record of this handle waits in it, taken no later than `seq`; what cannot be read may.
    pub(super) fn is_waiting(&mut self, seq: u64) -> bool {
        let was_used = self.was_used;
        self.act(|disk| disk.is_waiting(seq)).unwrap_or(was_used)
    }

    pub(super) fn is_in_place(&self) -> bool {
        self.disk.as_ref().is_some_and(Disk::is_in_place)
    }

    /// Whether all is in it that an earlier file held, and it can be written.
    pub(super) fn is_whole(&self) -> bool {
        self.disk.is_some() && self.trouble.is_none() && self.former.is_none()
    }

    /// Whether records go out from memory: where the file cannot be written, or is held for too long.
    pub(super) fn is_out_of_reach(&self) -> bool {
        match &self.trouble {
            None => false,
            Some(Fault::Busy) => {
                self.busy_since.is_some_and(|since| since.elapsed() >= HELD_TOO_LONG)
            }
            Some(_) => true,
        }
    }

    /// The trouble, or what became of the file while it was in use, for people.
    pub(super) fn report(&self, fault: Option<&Fault>) -> Option<String> {
        match (fault.or(self.trouble.as_ref()), self.busy_since) {
            (Some(Fault::Busy), Some(since)) if self.is_out_of_reach() => Some(format!(
                "another process has held the file for {} s: new records are delivered from memory",
                since.elapsed().as_secs()
            )),
            (Some(fault), _) => Some(fault.to_string()),
            (None, _) if self.was_replaced => Some(
                "the file was removed or replaced while it was in use: its records are in the new file".into(),
            ),
            (None, _) => None,
        }
    }

    /// The counters; where they cannot be read, the last that could be, with the fault.
    pub(super) fn counts(&mut self) -> (Counts, Option<Fault>) {
        match self.act(Disk::counts) {
            Ok(counts) => {
                self.known = counts;
                (counts, None)
            }
            Err(fault) => (self.known, Some(fault)),
        }
    }

    fn use_disk(&mut self, mut disk: Disk) {
        self.trouble = None;
        if !disk.is_registered() {
            // Another process is writing, and this one waits until it can say that it is there.
            self.busy_since.get_or_insert_with(Instant::now);
            self.trouble = Some(Fault::Busy);
        }
        if let Some(former) = self.former.take() {
            match disk.take_from(&former) {
                Ok(records) => {
                    tracing::warn!(records, "records of the former file are in the new one");
                    former.abandon();
                }
                Err(fault) => {
                    self.former = Some(former);
                    self.trouble = Some(fault);
                }
            }
        }
        let sending = std::mem::take(&mut self.sending);
        if !sending.is_empty() && disk.keep_sending(&sending).is_err() {
            self.sending = sending;
        }
        self.opening = disk.counts().unwrap_or_default();
        self.known = self.opening;
        self.was_used = true;
        self.disk = Some(disk);
    }

    /// Does something that needs the file; a fault is noted.
    pub(super) fn act<T>(
        &mut self,
        act: impl FnOnce(&mut Disk) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        if self.has_left {
            return Disk::look(&self.settings).and_then(|mut disk| act(&mut disk));
        }
        let Some(disk) = &mut self.disk else {
            return Err(self.trouble.clone().unwrap_or(Fault::Busy));
        };
        let acted = act(disk);
        if let Err(fault) = &acted {
            self.note(fault.clone());
        }
        acted
    }

    pub(super) fn write<T>(
        &mut self,
        act: impl FnOnce(&mut Disk) -> Result<T, Fault>,
    ) -> Option<T> {
        self.act(act).ok()
    }

    pub(super) fn note(&mut self, fault: Fault) {
        if self.trouble.is_none() && fault != Fault::Busy {
            tracing::warn!(file = %self.settings.path.display(), %fault, "the outbox's file fails");
        }
        match &fault {
            Fault::Damaged(why) => self.reopen(Some(&why.clone())),
            // After an I/O error what SQLite keeps in memory may not be what the disk has.
            Fault::Unusable(_) => self.trouble = Some(fault),
            Fault::Busy => {
                // Somebody has waited for that process. Until it is done, nobody else waits as long.
                self.disk.iter_mut().for_each(|disk| disk.be_patient(false));
                self.busy_since.get_or_insert_with(Instant::now);
                self.trouble = Some(fault);
            }
        }
    }

    /// Sees whether the file can be written again.
    pub(super) fn probe(&mut self) {
        match self.disk.as_mut().map(Disk::probe) {
            Some(Ok(())) => {
                self.disk.iter_mut().for_each(|disk| disk.be_patient(true));
                self.busy_since = None;
                self.trouble = None;
            }
            Some(Err(fault)) => self.note(fault),
            None => {}
        }
    }

    /// Opens the file that lies in the place of this one now, or makes it; and takes over what that does not have yet.
    pub(super) fn look_after_place(&mut self) {
        if let Some(disk) = self.disk.as_ref().filter(|disk| disk.has_lost_its_log()) {
            match disk.give_way() {
                Ok(aside) => self.set_aside.extend(aside),
                Err(fault) => return self.note(fault),
            }
        }
        if self.disk.is_none() || !self.is_in_place() {
            self.reopen(None);
        } else if self.former.is_some()
            && let Some(disk) = self.disk.take()
        {
            self.use_disk(disk);
        }
    }

    /// Opens the file anew, in the place of a damaged one, or of one that was removed or replaced.
    pub(super) fn reopen(&mut self, damage: Option<&str>) {
        self.sending.extend(self.disk.iter().flat_map(Disk::sending));
        let opened = match (self.disk.take(), damage) {
            (Some(disk), Some(why)) => disk.replace(why, &mut self.set_aside),
            (Some(disk), None) => {
                let file = self.settings.path.display();
                tracing::error!(%file, "the outbox's file was removed or replaced while it was in use");
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
            Ok(disk) => self.use_disk(disk),
            Err(OpenFault::Now(Fault::Damaged(why)) | OpenFault::Wrong(why)) => {
                self.trouble = Some(Fault::Unusable(why));
            }
            Err(OpenFault::Now(fault)) => self.trouble = Some(fault),
        }
    }

    /// The process ends in good order. What the file holds can still be looked at.
    pub(super) fn leave(&mut self) {
        if let Some(disk) = self.disk.take() {
            disk.leave();
        }
        if let Some(former) = self.former.take() {
            former.abandon();
        }
        self.has_left = true;
        self.trouble = None;
    }
}
