//! A connection to the file: opened, checked, and migrated to the current schema.

use std::path::Path;
use std::sync::Once;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};

use super::fault::Fault;
use super::faults::{OpenFault, fault, forked, not_now, refused};
use super::fork;
use super::form::{Foreign, Form};
use super::place::{foreign, refusal, tighten_all};
use super::waited::Waited;

/// SQLite must not create the file: it would be readable by all users.
pub(crate) const FLAGS: OpenFlags =
    OpenFlags::SQLITE_OPEN_READ_WRITE.union(OpenFlags::SQLITE_OPEN_NO_MUTEX);

/// Files up to this size, in bytes, are checked when they are opened.
const CHECKED_SIZE: u64 = 32 * 1024 * 1024;

/// The version of SQLite before which its log could lose commits.
const OLDEST_SQLITE: (i32, &str) = (3_051_003, "3.51.3");

/// The longest wait of a first opening.
pub(crate) const OPENING_PATIENCE: Duration = Duration::from_secs(5);

/// The settings of a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Connecting<'a> {
    pub(crate) path: &'a Path,
    pub(crate) form: &'a Form,
    /// True if a commit waits for the disk, and so survives a power failure.
    pub(crate) is_synced: bool,
    /// True if deleted content is overwritten with zeros.
    pub(crate) is_erased: bool,
    /// The pages in the log from which a commit moves them into the database.
    pub(crate) auto_checkpoint: i64,
    /// The longest wait while another process writes.
    pub(crate) patience: Duration,
    /// True if other evidence than the file's content shows that it has this form.
    pub(crate) was_used: bool,
}

/// Connects to the file, checks that it has this form and is undamaged, and migrates its schema. Only a file that is
/// recognisable as one of this form is ever called damaged.
pub(crate) fn connect(settings: &Connecting<'_>) -> Result<Connection, OpenFault> {
    let Connecting { path, form, patience, .. } = *settings;
    let version = (rusqlite::version_number(), rusqlite::version());
    if version.0 < OLDEST_SQLITE.0 {
        let why = format!(
            "SQLite {} can lose commits: version {} or later is needed",
            version.1, OLDEST_SQLITE.1
        );
        return Err(refused(why));
    }
    let Some(_call) = fork::call() else { return Err(forked().into()) };
    fork::make_locks_true(path).map_err(|error| not_now(path, &error))?;
    log_once();
    let is_small = std::fs::metadata(path).map_or(0, |found| found.len()) <= CHECKED_SIZE;
    let open = || -> rusqlite::Result<Result<Connection, Foreign>> {
        let mut connection = Connection::open_with_flags(path, FLAGS)?;
        wait_for_others(&mut connection, patience)?;
        if let Some(foreign) = form.check(&connection)? {
            return Ok(Err(foreign));
        }
        write_ahead(&connection, patience)?;
        let synchronous = if settings.is_synced { "FULL" } else { "NORMAL" };
        connection.pragma_update(None, "synchronous", synchronous)?;
        connection.pragma_update(None, "wal_autocheckpoint", settings.auto_checkpoint)?;
        connection.pragma_update(None, "foreign_keys", false)?;
        if settings.is_erased {
            connection.pragma_update(None, "secure_delete", true)?;
        }
        connection.set_prepared_statement_cache_capacity(64);
        form.migrate(&connection)?;
        if is_small {
            check_content(&connection)?;
        }
        Ok(Ok(connection))
    };
    let connected = match open() {
        Ok(Ok(connection)) => Ok(connection),
        Ok(Err(foreign)) => Err(refused(foreign.to_string())),
        Err(error) => Err(explained(settings, fault(error))),
    };
    // Only now: the file of another program keeps its permissions.
    if matches!(connected, Ok(_) | Err(OpenFault::Now(Fault::Damaged(_)))) {
        tighten_all(path);
    }
    connected
}

/// The fault, or the reason behind it why the file can never be opened.
fn explained(settings: &Connecting<'_>, fault: Fault) -> OpenFault {
    let why = match &fault {
        Fault::Damaged(_) => foreign(settings.path, settings.form, settings.was_used),
        Fault::Unusable(_) => refusal(settings.path),
        Fault::Busy => None,
    };
    why.map_or(OpenFault::Now(fault), refused)
}

/// Reads the whole file, and fails if SQLite finds damage.
fn check_content(connection: &Connection) -> rusqlite::Result<()> {
    let found: String = connection.pragma_query_value(None, "quick_check", |row| row.get(0))?;
    if found == "ok" {
        return Ok(());
    }
    let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
    Err(rusqlite::Error::SqliteFailure(code, Some(found)))
}

/// Waits in short steps while another process writes, because a write takes microseconds. With longer steps this
/// process would always lose the race for the file against constant writers.
pub(crate) fn wait_for_others(
    connection: &mut Connection,
    patience: Duration,
) -> rusqlite::Result<()> {
    connection.busy_handler(Some(busy_handler(patience)))
}

/// Returns the function that SQLite calls after each look that finds the file locked, with the number of the look: it
/// waits, and returns false once its patience has ended.
fn busy_handler(patience: Duration) -> impl FnMut(i32) -> bool {
    let mut waited = Waited::since(Instant::now(), patience);
    move |tries| {
        if tries == 0 {
            waited = Waited::since(Instant::now(), patience);
        }
        waited.pause(Duration::from_micros(20 << tries.clamp(0, 3)));
        !waited.is_over()
    }
}

/// Turns the write-ahead log on. If two processes do so at the same time, SQLite fails for one of them without calling
/// its busy handler.
fn write_ahead(connection: &Connection, patience: Duration) -> rusqlite::Result<()> {
    until_free(patience, || {
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))
    })
}

/// Makes an attempt again while another process is in its way. The attempt itself may wait for all of the patience, as SQLite
/// calls its busy handler for some locks.
fn until_free(
    patience: Duration,
    mut attempt: impl FnMut() -> rusqlite::Result<()>,
) -> rusqlite::Result<()> {
    let mut waited = Waited::since(Instant::now(), patience);
    loop {
        let made = attempt();
        let is_busy = made.as_ref().is_err_and(|error| {
            error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy)
        });
        waited.look_after_waiting(Instant::now());
        if !is_busy || waited.is_over() {
            return made;
        }
        waited.pause(Duration::from_millis(1));
    }
}

/// Logs the version of SQLite once.
fn log_once() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| tracing::debug!(version = rusqlite::version(), "SQLite"));
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn a_paused_machine_does_not_end_the_patience_and_a_lasting_lock_does() {
        let patience = Duration::from_millis(20);
        let mut waits = busy_handler(patience);
        for _ in 0..2 {
            assert!(waits(0) && waits(1));
            // As if the machine were paused between two looks.
            thread::sleep(patience);
            assert!(waits(2));
            // Each look counts for at least the time that it asked for.
            assert!((3..1000).any(|tries| !waits(tries)));
        }
    }

    #[test]
    fn an_attempt_that_has_waited_in_vain_is_the_last_and_others_are_made_again() {
        let busy = || {
            let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY);
            Err(rusqlite::Error::SqliteFailure(code, None))
        };
        let (patience, mut attempts) = (Duration::from_millis(20), 0);
        let waiting = until_free(patience, || {
            attempts += 1;
            thread::sleep(patience);
            busy()
        });
        assert!(waiting.is_err());
        assert_eq!(attempts, 1);
        let long = Duration::from_secs(60);
        let made = until_free(long, || {
            attempts += 1;
            if attempts < 5 { busy() } else { Ok(()) }
        });
        assert!(made.is_ok());
        assert_eq!(attempts, 5);
    }
}
