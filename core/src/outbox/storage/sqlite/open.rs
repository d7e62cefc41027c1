//! Opening the outbox file, for use or for reading only; replacing and leaving it.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use super::connect::{PATIENCE, connect};
use super::disk::Disk;
use super::owners::Registration;
use super::settings::FileSettings;
use super::{aside, repair};
use crate::sqlite::{Fault, OpenFault, identity, not_now, prepare};

impl Disk {
    /// Opens or creates the file. A damaged file is renamed, and its new name added to `set_aside`.
    pub(in crate::outbox) fn open(
        settings: &FileSettings,
        patience: Duration,
        set_aside: &mut Vec<PathBuf>,
    ) -> Result<Self, OpenFault> {
        let path = &settings.path;
        prepare(path, || {
            aside::set_orphans_aside(settings).map_err(|error| not_now(path, &error))
        })?;
        match connect(settings, patience) {
            Ok(connection) => Disk::on(connection, settings),
            Err(OpenFault::Now(Fault::Damaged(why))) => {
                repair::replace(settings, identity(path), &why, set_aside)
            }
            Err(other) => Err(other),
        }
    }

    /// Opens the file read-only: this process delivers nothing from it, and is not registered.
    pub(in crate::outbox::storage) fn read_only(settings: &FileSettings) -> Result<Self, Fault> {
        let now = |fault| match fault {
            OpenFault::Now(fault) => fault,
            OpenFault::Refused(why) => Fault::Unusable(why.to_string()),
        };
        if !settings.path.is_file() {
            return Err(Fault::Unusable("the file was removed".into()));
        }
        let connection = connect(settings, PATIENCE).map_err(now)?;
        Ok(Disk::bare(connection, settings))
    }

    /// Replaces a file that was found damaged.
    pub(in crate::outbox::storage) fn replace(
        mut self,
        damage: &str,
        set_aside: &mut Vec<PathBuf>,
    ) -> Result<Self, OpenFault> {
        let (settings, before) = (self.settings.clone(), self.identity);
        let registration = self.registration.take();
        drop(self);
        let replaced = repair::replace(&settings, before, damage, set_aside);
        registration.into_iter().for_each(Registration::end);
        replaced
    }

    /// Renames the log of this file after another file took its path: SQLite would read the log into that one.
    pub(in crate::outbox::storage) fn put_log_aside(&self) -> Result<(), Fault> {
        let failed = |error: io::Error| Fault::Unusable(format!("moving an old log: {error}"));
        aside::set_known_log_aside(&self.settings, self.log).map_err(failed)
    }

    /// Renames this file if its log was removed or replaced: a process that opens the file would not read the records
    /// in that log.
    pub(in crate::outbox::storage) fn set_aside_without_log(
        &self,
    ) -> Result<Option<PathBuf>, Fault> {
        // The checkpoint makes the renamed file complete, if it succeeds.
        let _ = self.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
        let failed =
            |error: io::Error| Fault::Unusable(format!("moving a file without its log: {error}"));
        aside::set_file_aside(&self.settings, self.identity).map_err(failed)
    }

    /// Imports the records of the former file, and returns their number.
    pub(in crate::outbox::storage) fn take_from(&mut self, former: &Disk) -> Result<usize, Fault> {
        self.salvage(&former.connection)
    }

    /// Ends the registration in a file that is no longer at the path.
    pub(in crate::outbox::storage) fn abandon(mut self) {
        self.registration.take().into_iter().for_each(Registration::end);
    }
}
