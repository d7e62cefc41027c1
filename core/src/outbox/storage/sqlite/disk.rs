//! One process's connection to the outbox file, and its registration there.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use rusqlite::Connection;
use tokio::time::Instant;

use super::connect::{LITTLE_PATIENCE, PATIENCE};
use super::owners::{self, Life, Registration};
use super::schema::ANYBODY;
use super::settings::FileSettings;
use super::{counter, letters, processes, records};
use crate::outbox::state::Millis;
use crate::outbox::storage::rows::{MovedRecords, NewRecord};
use crate::sqlite::{
    self, Fault, Identity, OpenFault, PARTS, Waited, beside, identity, not_now, wait_for_others,
};

/// The longest time that the lock file of a live process may be missing, as after a cleanup: each process looks once a second,
/// and recreates its own then.
const MISSING_AT_MOST: Duration = Duration::from_secs(5);

/// A process's connection to the file.
///
/// Every change of the file goes through [`write`](Self::write): one immediate transaction, so that it never has to
/// roll back halfway because of another writer.
#[derive(Debug)]
pub(in crate::outbox) struct Disk {
    pub(super) connection: Connection,
    pub(super) settings: FileSettings,
    /// The identity of the open file: the path may meanwhile lead to another one.
    pub(super) identity: Identity,
    /// `None` for a disk that is only read.
    pub(super) registration: Option<Registration>,
    /// This process's number in the file; [`ANYBODY`] until it is registered.
    pub(super) me: i64,
    /// The conversations that this process is delivering.
    pub(super) in_flight: HashSet<String>,
    /// The times for which the lock files of other processes have been missing.
    missing: HashMap<i64, Waited>,
    /// The identities of the log and its index when the file was opened.
    pub(super) log: [Identity; 2],
    /// True if other processes use the file.
    has_company: bool,
}

impl Disk {
    /// A disk on an open connection. If another process is writing all the time, this one is not registered yet and
    /// claims nothing.
    pub(super) fn on(connection: Connection, settings: &FileSettings) -> Result<Self, OpenFault> {
        let directory = settings.owner_directory();
        let registration =
            Registration::register(&directory).map_err(|error| not_now(&directory, &error))?;
        let mut disk =
            Disk { registration: Some(registration), ..Disk::bare(connection, settings) };
        match disk.reap_dead_owners() {
            Ok(()) | Err(Fault::Busy) => {}
            Err(fault) => return Err(fault.into()),
        }
        disk.log = ["-wal", "-shm"].map(|part| identity(&beside(&settings.path, part)));
        disk.be_patient(true);
        Ok(disk)
    }

    pub(super) fn bare(connection: Connection, settings: &FileSettings) -> Self {
        Disk {
            connection,
            identity: identity(&settings.path),
            settings: settings.clone(),
            registration: None,
            me: ANYBODY,
            in_flight: HashSet::new(),
            missing: HashMap::new(),
            log: [None; 2],
            has_company: false,
        }
    }

    /// Returns true if the path still leads to this file: another process may have renamed it.
    pub(in crate::outbox::storage) fn is_in_place(&self) -> bool {
        identity(&self.settings.path) == self.identity
    }

    /// Returns true if the log of this file, or its index, was removed or replaced: others would write to a different
    /// one.
    pub(in crate::outbox::storage) fn has_lost_its_log(&self) -> bool {
        let is_lost = |(part, known): (&str, &Identity)| {
            known.is_some() && identity(&beside(&self.settings.path, part)) != *known
        };
        PARTS.into_iter().skip(1).zip(&self.log).any(is_lost)
    }

    /// Renews this process's registration, and reaps dead owners: their claims end, and any process may deliver their
    /// records.
    pub(in crate::outbox::storage) fn reap_dead_owners(&mut self) -> Result<(), Fault> {
        self.renew_registration()?;
        self.stay_registered()?;
        let (directory, me) = (self.settings.owner_directory(), self.me);
        let others = self.read(|connection| processes::others(connection, me))?;
        self.has_company = false;
        let now = Instant::now().into_std();
        let mut before = std::mem::take(&mut self.missing);
        for (no, name) in others {
            let is_alive = match owners::look(&directory, &name) {
                Life::Alive => true,
                Life::Ended => false,
                Life::Missing => {
                    let missing = before.remove(&no);
                    let mut missing =
                        missing.unwrap_or_else(|| Waited::since(now, MISSING_AT_MOST));
                    missing.look(now);
                    self.missing.insert(no, missing);
                    !missing.is_over()
                }
            };
            if is_alive {
                self.has_company = true;
            } else {
                self.write(|connection| processes::end(connection, no))?;
                owners::forget(&directory, &name);
            }
        }
        Ok(())
    }

    fn renew_registration(&mut self) -> Result<(), Fault> {
        let renewed = self.registration.as_mut().map_or(Ok(()), Registration::renew);
        renewed.map_err(|error| {
            Fault::Unusable(format!("the lock file of this process cannot be renewed: {error}"))
        })
    }

    /// Registers this process again if others considered it dead. It keeps the conversations that it is delivering,
    /// unless another process has claimed them.
    pub(super) fn stay_registered(&mut self) -> Result<(), Fault> {
        let Some(registration) = &self.registration else { return Ok(()) };
        let (name, me) = (registration.name.clone(), self.me);
        if self.read(|connection| processes::is_known(connection, me, &name))? {
            return Ok(());
        }
        self.renew_registration()?;
        let in_flight = self.in_flight.clone();
        self.me = self.write(|connection| {
            let me = processes::add(connection, me, &name)?;
            for name in &in_flight {
                processes::claim_again(connection, name, me)?;
            }
            Ok(me)
        })?;
        Ok(())
    }

    /// Returns true if this process is registered.
    pub(in crate::outbox::storage) fn is_registered(&self) -> bool {
        self.me != ANYBODY
    }

    /// The conversations that this process is delivering.
    pub(in crate::outbox::storage) fn in_flight(&self) -> HashSet<String> {
        self.in_flight.clone()
    }

    /// Claims again the conversations that this process is delivering.
    pub(in crate::outbox::storage) fn keep_in_flight(
        &mut self,
        names: &HashSet<String>,
    ) -> Result<(), Fault> {
        self.in_flight.extend(names.iter().cloned());
        let me = self.me;
        self.write(|connection| {
            names.iter().try_for_each(|name| processes::claim_again(connection, name, me))
        })
    }

    /// Returns true if other processes used the file at its last maintenance.
    pub(in crate::outbox::storage) fn has_company(&self) -> bool {
        self.has_company
    }

    /// Imports the records that memory stored while the file could not be written.
    pub(in crate::outbox) fn import(
        &mut self,
        moved: &MovedRecords,
        now: Millis,
    ) -> Result<(), Fault> {
        let (me, remembered) = (self.me, self.settings.remembered);
        self.write(|connection| {
            for row in &moved.dead {
                letters::insert_dead(connection, row)?;
            }
            for row in &moved.delivered {
                records::remember(connection, row, remembered)?;
            }
            // Last, because they may wait behind the others.
            for record in &moved.queued {
                let NewRecord { attempt, .. } = record;
                records::insert(connection, record, me, attempt.accepted_at, now)?;
            }
            counter::count_done(connection, moved.done)
        })
    }

    /// Returns true if the file has pending records of this conversation.
    pub(in crate::outbox::storage) fn has_conversation(
        &mut self,
        name: &str,
    ) -> Result<bool, Fault> {
        self.read(|connection| records::has_conversation(connection, name))
    }

    /// Returns true if the file knows this record.
    pub(in crate::outbox::storage) fn knows(&mut self, id: &str) -> Result<bool, Fault> {
        self.read(|connection| records::is_known(connection, id))
    }

    /// Returns true if the file holds back a record with this id.
    pub(in crate::outbox::storage) fn holds(&mut self, id: &str) -> Result<bool, Fault> {
        self.read(|connection| Ok(records::held(connection, id)?.is_some()))
    }

    /// Sets the time that calls wait for a writing process: the full time, or just long enough to get in between two
    /// others.
    pub(in crate::outbox::storage) fn be_patient(&mut self, is_patient: bool) {
        let patience = if is_patient { PATIENCE } else { LITTLE_PATIENCE };
        // This only sets a handler, which cannot fail.
        let _ = wait_for_others(&mut self.connection, patience);
    }

    /// Checks if the file can be written.
    pub(in crate::outbox::storage) fn probe(&mut self) -> Result<(), Fault> {
        self.stay_registered()?;
        self.write(|connection| {
            connection.execute("UPDATE counter SET accepted = accepted", []).map(drop)
        })
    }

    /// Ends the registration cleanly: any process may deliver the records.
    pub(in crate::outbox::storage) fn leave(mut self) {
        let me = self.me;
        // If this cannot be written, the next process reaps this one as a dead owner.
        let is_written = self.write(|connection| processes::end(connection, me)).is_ok();
        if let Some(registration) = self.registration.take().filter(|_| is_written) {
            registration.end();
        }
    }

    /// Makes writes to the file fail, as on a full disk, or work again.
    #[cfg(test)]
    pub(in crate::outbox) fn pretend_full(&self, is_full: bool) {
        self.connection.pragma_update(None, "query_only", is_full).unwrap();
    }

    /// Runs SQL on the file outside its statements.
    #[cfg(test)]
    pub(in crate::outbox) fn tamper(&self, sql: &str) {
        self.connection.execute_batch(sql).unwrap();
    }

    pub(super) fn read<T>(
        &mut self,
        act: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, Fault> {
        sqlite::read(&self.connection, act)
    }

    pub(super) fn write<T>(
        &mut self,
        act: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, Fault> {
        sqlite::write(&self.connection, act)
    }
}
