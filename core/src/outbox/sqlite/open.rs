//! Opening the file: made for its owner alone, checked, brought up to date, and repaired where it is damaged.

use std::collections::{HashMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};

use super::place::{self, not_now};
use super::presence::Presence;
use super::schema::{self, Foreign};
use super::{Disk, fault, fork, forked, identity, records, repair};
use crate::outbox::backend::{Fault, longest_wait};
use crate::outbox::state::Millis;
use crate::outbox::{Delivery, Durability, OutboxLimits};

/// A file that is not there is never made by SQLite: it would be readable by all.
pub(super) const FLAGS: OpenFlags =
    OpenFlags::SQLITE_OPEN_READ_WRITE.union(OpenFlags::SQLITE_OPEN_NO_MUTEX);
/// Before this version a bug in the write-ahead log could lose commits.
const OLDEST_SQLITE: (i32, &str) = (3_051_003, "3.51.3");
/// How long a call waits while another process writes. The caller of `enqueue` waits as long at most.
pub(in crate::outbox) const PATIENCE: Duration = Duration::from_millis(50);
/// How long it waits once somebody has waited in vain.
pub(super) const LITTLE_PATIENCE: Duration = Duration::from_millis(5);
/// How long the first opening waits, where nobody hands records over yet.
pub(in crate::outbox) const OPENING_PATIENCE: Duration = Duration::from_secs(5);
/// Pages in the log that make a commit move them into the database. The worker does it much earlier.
const AUTO_CHECKPOINT: i64 = 16_384;
/// Files up to this size are checked when they are opened, in bytes.
const CHECKED_SIZE: u64 = 32 * 1024 * 1024;

/// Where the file lies and how it is used.
#[derive(Clone, Debug)]
pub(in crate::outbox) struct Settings {
    pub(in crate::outbox) path: PathBuf,
    pub(in crate::outbox) durability: Durability,
    pub(in crate::outbox) limits: OutboxLimits,
    pub(in crate::outbox) remembered: usize,
    pub(in crate::outbox) longest_wait: Millis,
}

/// Why the file cannot be opened.
#[derive(Debug)]
pub(in crate::outbox) enum OpenFault {
    /// It never can: the path is wrong, or the file is not ours.
    Wrong(String),
    /// It may be able to later.
    Now(Fault),
}

impl Settings {
    pub(in crate::outbox) fn new(
        path: &Path,
        durability: Durability,
        limits: &OutboxLimits,
        delivery: &Delivery,
    ) -> Self {
        Settings {
            path: path.to_owned(),
            durability,
            limits: limits.clone(),
            remembered: delivery.remembered,
            longest_wait: longest_wait(delivery),
        }
    }

    /// Where processes leave their signs of life.
    pub(super) fn presence_directory(&self) -> PathBuf {
        beside(&self.path, ".processes")
    }
}

impl Disk {
    /// Opens the file, or makes it. A damaged one is set aside, and named in `set_aside`.
    pub(in crate::outbox) fn open(
        settings: &Settings,
        patience: Duration,
        set_aside: &mut Vec<PathBuf>,
    ) -> Result<Self, OpenFault> {
        let version = (rusqlite::version_number(), rusqlite::version());
        if version.0 < OLDEST_SQLITE.0 {
            let why = format!("SQLite {} can lose records; {} can not", version.1, OLDEST_SQLITE.1);
            return Err(OpenFault::Wrong(why));
        }
        place::prepare(settings)?;
        match connect(settings, patience) {
            Ok(connection) => Disk::on(connection, settings),
            Err(OpenFault::Now(Fault::Damaged(why))) => {
                if let Some(why) = place::foreign(settings) {
                    return Err(OpenFault::Wrong(why.to_owned()));
                }
                let before = identity(&settings.path);
                repair::replace(settings, before, &why, set_aside)
            }
            Err(OpenFault::Now(Fault::Unusable(why))) => {
                Err(match place::refusal(&settings.path) {
                    Some(why) => OpenFault::Wrong(why),
                    None => OpenFault::Now(Fault::Unusable(why)),
                })
            }
            Err(other) => Err(other),
        }
    }

    /// Opens the file for a look: this process delivers nothing from it, and no other knows of it.
    pub(in crate::outbox) fn look(settings: &Settings) -> Result<Self, Fault> {
        let now = |fault| match fault {
            OpenFault::Now(fault) => fault,
            OpenFault::Wrong(why) => Fault::Unusable(why),
        };
        if !settings.path.is_file() {
            return Err(Fault::Unusable("the file was removed".into()));
        }
        let connection = connect(settings, PATIENCE).map_err(now)?;
        Ok(Disk::bare(connection, settings))
    }

    /// Takes the place of this one after the file was found damaged.
    pub(in crate::outbox) fn replace(
        mut self,
        damage: &str,
        set_aside: &mut Vec<PathBuf>,
    ) -> Result<Self, OpenFault> {
        let (settings, before) = (self.settings.clone(), self.identity);
        let presence = self.presence.take();
        drop(self);
        let replaced = repair::replace(&settings, before, damage, set_aside);
        presence.into_iter().for_each(Presence::end);
        replaced
    }

    /// Puts the log of this file aside, where another file has its place: SQLite would read it into that one.
    pub(in crate::outbox) fn put_log_aside(&self) -> Result<(), Fault> {
        let failed = |error: io::Error| Fault::Unusable(format!("moving an old log: {error}"));
        repair::set_log_aside(&self.settings, self.log).map_err(failed)
    }

    /// Makes room for a new file where this one's log was removed or replaced: who opens the file would not read what
    /// that holds.
    pub(in crate::outbox) fn give_way(&self) -> Result<Option<PathBuf>, Fault> {
        // The file that is set aside is complete, where that can be done now.
        let _ = self.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
        let failed =
            |error: io::Error| Fault::Unusable(format!("moving a file without its log: {error}"));
        repair::set_file_aside(&self.settings, self.identity).map_err(failed)
    }

    /// Takes over what a file holds whose place this one has; says how many records it was.
    pub(in crate::outbox) fn take_from(&mut self, former: &Disk) -> Result<usize, Fault> {
        self.salvage(&former.connection)
    }

    /// Ends what this process has left on a file that others do not find any more.
    pub(in crate::outbox) fn abandon(mut self) {
        self.presence.take().into_iter().for_each(Presence::end);
    }

    /// A disk on an open connection. Where another process is writing all the time, it is not written down yet that
    /// this one is there, and nothing is claimed.
    pub(super) fn on(connection: Connection, settings: &Settings) -> Result<Self, OpenFault> {
        let directory = settings.presence_directory();
        let presence =
            Presence::register(&directory).map_err(|error| not_now(&directory, &error))?;
        let mut disk = Disk { presence: Some(presence), ..Disk::bare(connection, settings) };
        match disk.bury_the_dead() {
            Ok(()) | Err(Fault::Busy) => {}
            Err(fault) => return Err(OpenFault::Now(fault)),
        }
        disk.log = ["-wal", "-shm"].map(|part| identity(&beside(&settings.path, part)));
        disk.be_patient(true);
        Ok(disk)
    }

    fn bare(connection: Connection, settings: &Settings) -> Self {
        Disk {
            connection,
            identity: identity(&settings.path),
            settings: settings.clone(),
            presence: None,
            me: records::ANYBODY,
            sending: HashSet::new(),
            missing: HashMap::new(),
            log: [None; 2],
            has_company: false,
        }
    }
}

/// A connection to a file that is sound, up to date and ours.
pub(super) fn connect(settings: &Settings, patience: Duration) -> Result<Connection, OpenFault> {
    let Some(_call) = fork::call() else { return Err(OpenFault::Now(forked())) };
    fork::make_locks_true(&settings.path).map_err(|error| not_now(&settings.path, &error))?;
    log_once();
    let is_small = std::fs::metadata(&settings.path).map_or(0, |found| found.len()) <= CHECKED_SIZE;
    let open = || -> rusqlite::Result<Result<Connection, Foreign>> {
        let mut connection = Connection::open_with_flags(&settings.path, FLAGS)?;
        wait_for_others(&mut connection, patience)?;
        if let Some(foreign) = schema::check(&connection)? {
            return Ok(Err(foreign));
        }
        write_ahead(&connection, patience)?;
        let synchronous = match settings.durability {
            Durability::Os => "NORMAL",
            Durability::Fsync => "FULL",
        };
        connection.pragma_update(None, "synchronous", synchronous)?;
        connection.pragma_update(None, "wal_autocheckpoint", AUTO_CHECKPOINT)?;
        connection.pragma_update(None, "foreign_keys", false)?;
        connection.set_prepared_statement_cache_capacity(64);
        schema::migrate(&connection)?;
        if is_small {
            check_content(&connection)?;
        }
        Ok(Ok(connection))
    };
    match open() {
        Ok(Ok(connection)) => Ok(connection),
        Ok(Err(Foreign::OtherProgram)) => {
            Err(OpenFault::Wrong("the file is another program's database".into()))
        }
        Ok(Err(Foreign::Newer { steps, known })) => Err(OpenFault::Wrong(format!(
            "the file has form {steps}, of a later version of turnwire; this one knows up to {known}"
        ))),
        Err(error) => Err(OpenFault::Now(fault(error))),
    }
}

/// Reads the whole of it, as far as SQLite can tell what is wrong.
fn check_content(connection: &Connection) -> rusqlite::Result<()> {
    let found: String = connection.pragma_query_value(None, "quick_check", |row| row.get(0))?;
    if found == "ok" {
        return Ok(());
    }
    let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
    Err(rusqlite::Error::SqliteFailure(code, Some(found)))
}

/// Waits while another process writes: briefly, as it needs microseconds. Who looks less often than that loses the race
/// for the file again and again when others write without a pause.
pub(super) fn wait_for_others(
    connection: &mut Connection,
    patience: Duration,
) -> rusqlite::Result<()> {
    let mut since = Instant::now();
    connection.busy_handler(Some(move |tries: i32| {
        if tries == 0 {
            since = Instant::now();
        }
        let pause = Duration::from_micros(20 << tries.clamp(0, 3));
        thread::sleep(pause);
        since.elapsed() < patience
    }))
}

/// Turns the write-ahead log on. Where two processes do so at once, SQLite fails for one of them without asking whether
/// it would wait.
fn write_ahead(connection: &Connection, patience: Duration) -> rusqlite::Result<()> {
    let since = Instant::now();
    loop {
        let turned = connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()));
        let is_busy = turned.as_ref().is_err_and(|error| {
            error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy)
        });
        if !is_busy || since.elapsed() >= patience {
            return turned;
        }
        thread::sleep(Duration::from_millis(1));
    }
}

/// What SQLite has to say goes to the log of this library.
fn log_once() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| tracing::debug!(version = rusqlite::version(), "outbox uses SQLite"));
}

pub(super) fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}
