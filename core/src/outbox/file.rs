//! The file, through good times and bad: whatever it does, it is said whether it did it.

use std::path::PathBuf;

use super::backend::{Backend, Counts, Fault};
use super::sqlite::{Disk, OPENING_PATIENCE, OpenFault, PATIENCE, Settings};

/// The file, whether or not it can be used now.
#[derive(Debug)]
pub(super) struct File {
    pub(super) settings: Settings,
    pub(super) disk: Option<Disk>,
    /// Why it cannot be written now.
    pub(super) trouble: Option<Fault>,
    pub(super) set_aside: Vec<PathBuf>,
    /// What it held when the books of this handle began.
    pub(super) opening: Counts,
    /// This process has used it, so that records of this handle may lie in it.
    was_used: bool,
}

impl File {
    /// Opens it; one that cannot be used now is tried again later. The text says why it never can be.
    pub(super) fn open(settings: Settings) -> Result<Self, String> {
        let mut file = File {
            settings,
            disk: None,
            trouble: None,
            set_aside: Vec::new(),
            opening: Counts::default(),
            was_used: false,
        };
        match Disk::open(&file.settings, OPENING_PATIENCE, &mut file.set_aside) {
            Ok(disk) => file.use_disk(disk),
            Err(OpenFault::Now(fault)) => file.trouble = Some(fault),
            Err(OpenFault::Wrong(why)) => return Err(why),
        }
        Ok(file)
    }

    /// Whether a record of this handle waits in it, taken no later than `seq`; what cannot be read may.
    pub(super) fn is_waiting(&mut self, seq: u64) -> bool {
        let was_used = self.was_used;
        self.act(|disk| disk.is_waiting(seq)).unwrap_or(was_used)
    }

    pub(super) fn is_in_place(&self) -> bool {
        self.disk.as_ref().is_some_and(Disk::is_in_place)
    }

    fn use_disk(&mut self, mut disk: Disk) {
        self.opening = disk.counts().unwrap_or_default();
        self.was_used = true;
        self.disk = Some(disk);
        self.trouble = None;
    }

    /// Does something that needs the file; a fault is noted.
    pub(super) fn act<T>(
        &mut self,
        act: impl FnOnce(&mut Disk) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
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
                self.trouble = Some(fault);
            }
        }
    }

    /// It can be written again.
    pub(super) fn recover(&mut self) {
        self.disk.iter_mut().for_each(|disk| disk.be_patient(true));
        self.trouble = None;
    }

    /// Opens the file anew, in the place of a damaged one, or of one that others have set aside.
    pub(super) fn reopen(&mut self, damage: Option<&str>) {
        let opened = match self.disk.take() {
            Some(disk) => disk.reopen(damage, &mut self.set_aside),
            None => Disk::open(&self.settings, PATIENCE, &mut self.set_aside),
        };
        match opened {
            Ok(disk) => self.use_disk(disk),
            Err(OpenFault::Now(fault)) => self.trouble = Some(fault),
            Err(OpenFault::Wrong(why)) => self.trouble = Some(Fault::Unusable(why)),
        }
    }
}
