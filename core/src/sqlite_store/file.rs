//! The file in one process: two connections, so that readers do not wait for writers.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use super::errors::storage;
use super::schema::FORM;
use crate::error::{Error, ErrorKind, Result};
use crate::sqlite::{
    Connecting, Fault, Identity, OPENING_PATIENCE, OpenFault, PARTS, beside, call, connect,
    identity, not_now, prepare, read, set_log_aside,
};

/// The pages in the log from which a commit moves them into the database.
const AUTO_CHECKPOINT: i64 = 1000;

/// The part of a name that says why a log was set aside.
const LABEL: &str = "removed";

/// The file, opened on its first use.
#[derive(Debug)]
pub(super) struct StoreFile {
    path: PathBuf,
    pub(super) reader: Lane,
    pub(super) writer: Lane,
    /// The open file, its log, and the log's index.
    identity: Mutex<[Identity; 3]>,
}

/// A connection, and the order of its users.
#[derive(Debug)]
pub(super) struct Lane {
    /// Lets one task at a time onto a blocking thread, the longest waiting one first.
    turn: Arc<Semaphore>,
    connection: Mutex<Option<Connection>>,
}

impl Lane {
    fn new() -> Self {
        Lane { turn: Arc::new(Semaphore::new(1)), connection: Mutex::default() }
    }
}

impl StoreFile {
    pub(super) fn new(path: PathBuf) -> Self {
        let identity = Mutex::default();
        StoreFile { path, reader: Lane::new(), writer: Lane::new(), identity }
    }

    /// Runs `act` on a blocking thread, after earlier calls of its lane. It runs to its end even if the caller no longer
    /// waits.
    pub(super) async fn run<T: Send + 'static>(
        self: Arc<Self>,
        operation: &'static str,
        lane: fn(&StoreFile) -> &Lane,
        act: impl FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T> {
        let ended = |why: &str| Error::new(ErrorKind::Cancelled, operation, why);
        let turn = lane(&self).turn.clone().acquire_owned().await;
        let turn = turn.map_err(|_| ended("the store was closed"))?;
        // A runtime of the caller's own, if there is one: then the library needs no thread.
        let runtime = Handle::try_current().or_else(|_| crate::process::runtime())?;
        let work: Box<dyn FnOnce() -> Result<T> + Send> = Box::new(move || {
            let ran =
                self.act(lane(&self), act).map_err(|fault| storage(operation, &self.path, &fault));
            drop(turn);
            ran
        });
        runtime.spawn_blocking(work).await.unwrap_or_else(|error| match error.is_panic() {
            true => {
                let why = "the call panicked: this is a bug of turnwire";
                Err(Error::new(ErrorKind::Storage, operation, why))
            }
            false => Err(ended("its runtime was shut down")),
        })
    }

    /// Runs `act` on this thread.
    pub(super) fn act<T>(
        &self,
        lane: &Lane,
        act: impl FnOnce(&Connection) -> Result<T, Fault>,
    ) -> Result<T, OpenFault> {
        if self.has_moved() {
            tracing::error!(
                file = %self.path.display(),
                "the store's file or its log was removed or replaced while it was in use"
            );
            self.close().map_err(|error| not_now(&self.path, &error))?;
        }
        let mut open = lock(&lane.connection);
        let connection = match &mut *open {
            Some(connection) => connection,
            none => none.insert(self.connect()?),
        };
        let acted = act(connection);
        if let Err(Fault::Unusable(_) | Fault::Damaged(_)) = &acted {
            // After an I/O error SQLite's cached pages may differ from the disk.
            close(&mut open);
            drop(open);
            self.forget_if_closed();
        }
        Ok(acted?)
    }

    fn connect(&self) -> Result<Connection, OpenFault> {
        let path = &self.path;
        prepare(path, || set_orphans_aside(path).map_err(|error| not_now(path, &error)))?;
        let connection = connect(&Connecting {
            path,
            form: &FORM,
            is_synced: true,
            is_erased: true,
            auto_checkpoint: AUTO_CHECKPOINT,
            patience: OPENING_PATIENCE,
            was_used: false,
        })?;
        *lock(&self.identity) = self.found();
        Ok(connection)
    }

    fn found(&self) -> [Identity; 3] {
        PARTS.map(|part| identity(&beside(&self.path, part)))
    }

    /// Returns true if another file is at the path, or at the path of the log: others would not see the writes of this
    /// process.
    pub(super) fn has_moved(&self) -> bool {
        let open = *lock(&self.identity);
        open.iter().zip(self.found()).any(|(open, found)| open.is_some() && *open != found)
    }

    /// Forgets the files if both connections are closed: SQLite removes the log with the last one.
    fn forget_if_closed(&self) {
        // In this order everywhere.
        let (writer, reader) = (lock(&self.writer.connection), lock(&self.reader.connection));
        if writer.is_none() && reader.is_none() {
            *lock(&self.identity) = Default::default();
        }
    }

    /// Closes both connections. If the file is still at its path, its log is moved into it first; otherwise the log is
    /// renamed, as SQLite would read it into the file that is there now.
    fn close(&self) -> io::Result<()> {
        // In this order everywhere.
        let (mut writer, mut reader) =
            (lock(&self.writer.connection), lock(&self.reader.connection));
        let [file, log @ ..] = std::mem::take(&mut *lock(&self.identity));
        let is_in_place = identity(&self.path) == file;
        if let Some(connection) = writer.as_ref().or(reader.as_ref()).filter(|_| is_in_place) {
            let moved = read(connection, |file| {
                file.query_row("PRAGMA wal_checkpoint(FULL)", [], |_| Ok(()))
            });
            if let Err(fault) = moved {
                tracing::error!(%fault, "the store's removed log cannot be moved into the file");
            }
        }
        close(&mut writer);
        close(&mut reader);
        if is_in_place {
            return Ok(());
        }
        let _alone = alone(&self.path)?;
        set_log_aside(&self.path, LABEL, |found| found.is_some() && log.contains(&found))
    }
}

impl Drop for StoreFile {
    fn drop(&mut self) {
        let open = [&self.writer, &self.reader].map(|lane| lock(&lane.connection).take());
        let close_all = move || open.into_iter().for_each(|mut open| close(&mut open));
        // Closing may move the log, which waits for the disk.
        match Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(close_all)),
            Err(_) => close_all(),
        }
    }
}

/// Renames the log of a removed file.
fn set_orphans_aside(path: &Path) -> io::Result<()> {
    let _alone = alone(path)?;
    // Another process may have created both meanwhile.
    if path.exists() {
        return Ok(());
    }
    tracing::warn!(file = %path.display(), "the log of a removed store was set aside");
    set_log_aside(path, LABEL, |_| true)
}

/// Locks the names in the file's directory: other processes must not create a log meanwhile.
#[cfg(unix)]
fn alone(path: &Path) -> io::Result<File> {
    let directory = File::open(path.parent().unwrap_or(path))?;
    directory.lock()?;
    Ok(directory)
}

/// An open file cannot be removed there.
#[cfg(not(unix))]
fn alone(_path: &Path) -> io::Result<()> {
    Ok(())
}

fn close(open: &mut Option<Connection>) {
    let Some(connection) = open.take() else { return };
    match call() {
        Some(_call) => drop(connection),
        // SQLite's locks may be held for ever here.
        None => std::mem::forget(connection),
    }
}

/// Locks a mutex, even a poisoned one: a panic leaves at most an open transaction, which the next write ends.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
