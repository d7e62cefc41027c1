//! A connection to the file: opened, checked, and migrated to the current schema.

use std::sync::Once;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};

use super::faults::{OpenFault, fault, forked, not_now, refused};
use super::fork;
use super::schema::{self, Foreign};
use super::settings::FileSettings;
use crate::outbox::options::Durability;

/// SQLite must not create the file: it would be readable by all users.
pub(super) const FLAGS: OpenFlags =
    OpenFlags::SQLITE_OPEN_READ_WRITE.union(OpenFlags::SQLITE_OPEN_NO_MUTEX);

/// The longest wait of a call, and so of `enqueue`, while another process writes.
pub(in crate::outbox::storage) const PATIENCE: Duration = Duration::from_millis(50);

/// The longest wait after a call has waited in vain.
pub(super) const LITTLE_PATIENCE: Duration = Duration::from_millis(5);

/// The pages in the log from which a commit moves them into the database. The worker moves them much earlier.
const AUTO_CHECKPOINT: i64 = 16_384;

/// Files up to this size, in bytes, are checked when they are opened.
const CHECKED_SIZE: u64 = 32 * 1024 * 1024;

/// Connects to the file, checks that it is an outbox and undamaged, and migrates its schema.
pub(super) fn connect(
    settings: &FileSettings,
    patience: Duration,
) -> Result<Connection, OpenFault> {
    let Some(_call) = fork::call() else { return Err(forked().into()) };
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
        Ok(Err(foreign)) => Err(refused(foreign.to_string())),
        Err(error) => Err(fault(error).into()),
    }
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

/// Turns the write-ahead log on. If two processes do so at the same time, SQLite fails for one of them without calling
/// its busy handler.
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

/// Logs the version of SQLite once.
fn log_once() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| tracing::debug!(version = rusqlite::version(), "outbox uses SQLite"));
}
