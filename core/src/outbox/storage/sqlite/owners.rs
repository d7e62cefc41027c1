//! The registry of owners: the processes that use a file, and whether each is alive.
//!
//! Each process locks its own file for as long as it lives. The system releases the lock when the process ends in any
//! way. No clock is involved, so no clock can make two processes deliver one record concurrently. A child does not
//! inherit the lock.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use uuid::Uuid;

use crate::process::{PerProcess, new_id};
use crate::sqlite::{
    Identity, WHOLE, identity, is_locked, lock, private, private_directory, tighten,
};

/// The names of this process's registrations: the system does not report a process's own locks to it.
static OWN: PerProcess<Arc<Mutex<HashSet<String>>>> = PerProcess::new();

/// This process's entry in the registry of one outbox: a locked file.
#[derive(Debug)]
pub(super) struct Registration {
    pub(super) name: String,
    path: PathBuf,
    identity: Identity,
    lock: File,
}

impl Registration {
    /// Registers this process in the directory under a new name that was never used before.
    pub(super) fn register(directory: &Path) -> io::Result<Self> {
        let name = new_id().to_string();
        let path = directory.join(&name);
        let (lock, identity) = lock_file(&path)?;
        own(|names| names.insert(name.clone()));
        Ok(Registration { name, path, identity, lock })
    }

    /// Creates or locks the file again if it was removed, or its lock was lost.
    pub(super) fn renew(&mut self) -> io::Result<()> {
        let is_there = self.path.exists() && identity(&self.path) == self.identity;
        if is_there {
            return self.lock_again();
        }
        tracing::warn!(path = %self.path.display(), "the outbox's lock file of this process was removed");
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        (self.lock, self.identity) = lock_file(&self.path)?;
        Ok(())
    }

    /// The system releases such a lock when the process closes the file anywhere, as a copy of the directory does.
    #[cfg(unix)]
    fn lock_again(&self) -> io::Result<()> {
        lock(&self.lock, WHOLE, true)
    }

    #[cfg(not(unix))]
    fn lock_again(&self) -> io::Result<()> {
        Ok(())
    }

    /// Removes the file.
    pub(super) fn end(self) {
        let _ = fs::remove_file(&self.path);
    }
}

fn lock_file(path: &Path) -> io::Result<(File, Identity)> {
    if let Some(directory) = path.parent() {
        private_directory(directory)?;
        tighten(directory);
    }
    let file = private(OpenOptions::new().create_new(true).write(true)).open(path)?;
    lock(&file, WHOLE, true)?;
    Ok((file, identity(path)))
}

impl Drop for Registration {
    fn drop(&mut self) {
        own(|names| names.remove(&self.name));
    }
}

/// The state of a process, according to its lock file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Life {
    Alive,
    Ended,
    /// There is no file: the process has ended, or the file was removed by a cleanup.
    Missing,
}

/// Checks the lock file of the process with this name.
pub(super) fn look(directory: &Path, name: &str) -> Life {
    if !is_name(name) {
        return Life::Ended;
    }
    if own(|names| names.contains(name)) {
        return Life::Alive;
    }
    let mut options = OpenOptions::new();
    // A pipe in place of the file must not block this process.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, nix::libc::O_NONBLOCK);
    match options.read(true).write(true).open(directory.join(name)) {
        Ok(file) if is_locked(&file).unwrap_or(true) => Life::Alive,
        Ok(_) => Life::Ended,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Life::Missing,
        // A process whose file cannot be opened counts as alive: that costs only time.
        Err(_) => Life::Alive,
    }
}

/// Removes the file of a dead process.
pub(super) fn forget(directory: &Path, name: &str) {
    if is_name(name) {
        let _ = fs::remove_file(directory.join(name));
    }
}

/// Returns true if this can be the name of a process; any other text in the database is not a safe file name.
fn is_name(name: &str) -> bool {
    Uuid::try_parse(name).is_ok_and(|uuid| uuid.hyphenated().to_string() == name)
}

fn own<T>(act: impl FnOnce(&mut HashSet<String>) -> T) -> T {
    let names = OWN.get_or_make(Arc::default);
    act(&mut names.lock().unwrap_or_else(PoisonError::into_inner))
}
