//! Records in a SQLite file that several processes share: the only room that names rusqlite.

mod backend;
mod checkpoint;
mod fork;
mod letters;
mod open;
mod openings;
mod place;
mod presence;
mod processes;
mod records;
mod repair;
mod schema;

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode};
use tokio::time::Instant;

use super::backend::{Fault, Fresh};
use super::memory::Moved;
use super::state::Millis;
use presence::{Life, Presence};

pub(super) use checkpoint::Log;
pub(super) use open::{OPENING_PATIENCE, OpenFault, PATIENCE, Settings};
pub(super) use place::real_path;

/// How long the sign of life of a process may be missing, as when it was cleaned away: a living process renews it.
const MISSING_AT_MOST: Duration = Duration::from_secs(5);

/// A process's connection to the file.
///
/// All that changes the file goes through [`write`](Self::write): one transaction, begun as a writing one, so that it
/// never has to give way halfway.
#[derive(Debug)]
pub(super) struct Disk {
    connection: Connection,
    settings: Settings,
    /// Which file it is: the path may lead to another one by now.
    identity: Identity,
    /// `None` for one that looks at the file, and delivers nothing.
    presence: Option<Presence>,
    /// This process's number in the file; nobody's until it could be written down.
    me: i64,
    /// The conversations that deliveries of this process hold.
    sending: HashSet<String>,
    /// Since when the signs of life of other processes are missing.
    missing: HashMap<i64, Instant>,
    /// The log and its index when the file was opened.
    log: [Identity; 2],
    /// Other processes use the file.
    has_company: bool,
}

/// What tells a file from another one at the same path.
type Identity = Option<(u64, u64)>;

impl Disk {
    /// Whether the path still leads to this file: another process may have set it aside.
    pub(super) fn is_in_place(&self) -> bool {
        identity(&self.settings.path) == self.identity
    }

    /// Whether the log of this file, or its index, was removed or replaced: others would write another one.
    pub(super) fn has_lost_its_log(&self) -> bool {
        let is_lost = |(part, known): (&str, &Identity)| {
            known.is_some() && identity(&open::beside(&self.settings.path, part)) != *known
        };
        place::PARTS.into_iter().skip(1).zip(&self.log).any(is_lost)
    }

    /// Renews this process's sign of life, and buries the processes that have died: their records are everybody's from
    /// now on, and their claims end.
    pub(super) fn bury_the_dead(&mut self) -> Result<(), Fault> {
        self.renew_sign()?;
        self.stay_registered()?;
        let (directory, me) = (self.settings.presence_directory(), self.me);
        let others = self.read(|connection| processes::others(connection, me))?;
        self.has_company = false;
        let before = std::mem::take(&mut self.missing);
        for (no, name) in others {
            let is_alive = match presence::look(&directory, &name) {
                Life::Alive => true,
                Life::Ended => false,
                Life::Missing => {
                    let since = before.get(&no).copied().unwrap_or_else(Instant::now);
                    self.missing.insert(no, since);
                    since.elapsed() < MISSING_AT_MOST
                }
            };
            if is_alive {
                self.has_company = true;
            } else {
                self.write(|connection| processes::bury(connection, no))?;
                presence::bury(&directory, &name);
            }
        }
        Ok(())
    }

    fn renew_sign(&mut self) -> Result<(), Fault> {
        let renewed = self.presence.as_mut().map_or(Ok(()), Presence::renew);
        renewed.map_err(|error| {
            Fault::Unusable(format!("the sign of life of this process cannot be kept: {error}"))
        })
    }

    /// Sees to it that other processes know of this one, which may have been taken for dead: then it keeps what it is
    /// sending, unless another one has that by now.
    fn stay_registered(&mut self) -> Result<(), Fault> {
        let Some(presence) = &self.presence else { return Ok(()) };
        let (name, me) = (presence.name.clone(), self.me);
        if self.read(|connection| processes::is_known(connection, me, &name))? {
            return Ok(());
        }
        self.renew_sign()?;
        let sending = self.sending.clone();
        self.me = self.write(|connection| {
            let me = processes::add(connection, me, &name)?;
            for name in &sending {
                processes::claim_again(connection, name, me)?;
            }
            Ok(me)
        })?;
        Ok(())
    }

    /// Whether other processes know of this one.
    pub(super) fn is_registered(&self) -> bool {
        self.me != records::ANYBODY
    }

    /// The conversations that deliveries of this process hold.
    pub(super) fn sending(&self) -> HashSet<String> {
        self.sending.clone()
    }

    /// Keeps conversations to the deliveries of this process that hold them.
    pub(super) fn keep_sending(&mut self, names: &HashSet<String>) -> Result<(), Fault> {
        self.sending.extend(names.iter().cloned());
        let me = self.me;
        self.write(|connection| {
            names.iter().try_for_each(|name| processes::claim_again(connection, name, me))
        })
    }

    /// Whether other processes used the file when it was last looked at.
    pub(super) fn has_company(&self) -> bool {
        self.has_company
    }

    /// Takes what memory held while the file could not be written.
    pub(super) fn take_over(
        &mut self,
        moved: &Moved,
        done: (u64, u64),
        now: Millis,
    ) -> Result<(), Fault> {
        let (me, remembered) = (self.me, self.settings.remembered);
        self.write(|connection| {
            for row in &moved.dead {
                letters::insert_dead(connection, row)?;
            }
            for (id, opened) in &moved.delivered {
                records::remember(connection, id, opened.as_deref(), remembered)?;
            }
            // Last: they may wait behind the others.
            for fresh in &moved.queued {
                let Fresh { trial, .. } = fresh;
                records::insert(connection, fresh, me, trial.accepted_at, now)?;
            }
            records::count_done(connection, done)
        })
    }

    /// Whether the file holds pending records of this conversation.
    pub(super) fn has_conversation(&mut self, name: &str) -> Result<bool, Fault> {
        self.read(|connection| records::has_conversation(connection, name))
    }

    /// Whether the file knows this record.
    pub(super) fn knows(&mut self, id: &str) -> Result<bool, Fault> {
        self.read(|connection| records::is_known(connection, id))
    }

    /// Whether calls wait long for a process that writes, or just long enough to get in between two others.
    pub(super) fn be_patient(&mut self, is_patient: bool) {
        let patience = if is_patient { PATIENCE } else { open::LITTLE_PATIENCE };
        // Setting it is a store in memory.
        let _ = open::wait_for_others(&mut self.connection, patience);
    }

    /// Writes something, to see whether the file can be written.
    pub(super) fn probe(&mut self) -> Result<(), Fault> {
        self.stay_registered()?;
        self.write(|connection| {
            connection.execute("UPDATE counter SET accepted = accepted", []).map(drop)
        })
    }

    /// The process ends in good order: its records are everybody's.
    pub(super) fn leave(mut self) {
        let me = self.me;
        // Where this cannot be written, the next process finds this one dead.
        let is_written = self.write(|connection| processes::bury(connection, me)).is_ok();
        if let Some(presence) = self.presence.take().filter(|_| is_written) {
            presence.end();
        }
    }

    /// Lets the file take no writes, as on a full disk, or take them again.
    #[cfg(test)]
    pub(super) fn pretend_full(&self, is_full: bool) {
        self.connection.pragma_update(None, "query_only", is_full).unwrap();
    }

    /// Writes to the file as nobody should.
    #[cfg(test)]
    pub(super) fn tamper(&self, sql: &str) {
        self.connection.execute_batch(sql).unwrap();
    }

    fn read<T>(
        &mut self,
        act: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, Fault> {
        let Some(_call) = fork::call() else { return Err(forked()) };
        act(&self.connection).map_err(fault)
    }

    fn write<T>(
        &mut self,
        act: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, Fault> {
        let Some(_call) = fork::call() else { return Err(forked()) };
        let run = |sql| self.connection.prepare_cached(sql)?.execute([]);
        if !self.connection.is_autocommit() {
            // What a panic left behind.
            run("ROLLBACK").map_err(fault)?;
        }
        run("BEGIN IMMEDIATE").map_err(fault)?;
        let acted = act(&self.connection).and_then(|value| run("COMMIT").map(|_| value));
        if acted.is_err() && !self.connection.is_autocommit() {
            // The failed transaction is given up either way: SQLite rolls back by itself what it cannot undo here.
            let _ = run("ROLLBACK");
        }
        acted.map_err(fault)
    }
}

fn forked() -> Fault {
    Fault::Unusable("this process was forked in the middle of a call of SQLite".into())
}

/// What an error of SQLite means here. Damage is what SQLite calls so, and a stored value that is not what was written:
/// bytes that flipped inside a text or a number, which SQLite does not notice.
fn fault(error: rusqlite::Error) -> Fault {
    use rusqlite::Error::{FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType};
    match (error.sqlite_error_code(), &error) {
        (Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked), _) => Fault::Busy,
        (Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase), _)
        | (
            None,
            FromSqlConversionFailure(..) | IntegralValueOutOfRange(..) | InvalidColumnType(..),
        ) => Fault::Damaged(error.to_string()),
        _ => Fault::Unusable(error.to_string()),
    }
}

#[cfg(unix)]
fn identity(path: &Path) -> Identity {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(path).ok().map(|found| (found.dev(), found.ino()))
}

#[cfg(not(unix))]
fn identity(_path: &Path) -> Identity {
    None // An open file cannot be renamed there.
}
