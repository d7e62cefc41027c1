//! How processes on one file know of each other's death.
//!
//! Each holds a lock on a file of its own, as long as it lives. The system drops the lock when the process ends, however it ends; no
//! clock is asked, so none that jumps can make two processes deliver one record at a time. A child does not inherit it.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use uuid::Uuid;

use super::place::tighten_one;
use super::{Identity, identity};
use crate::process::PerProcess;

/// The names of this process: it cannot ask the system for its own locks.
static OWN: PerProcess<Arc<Mutex<HashSet<String>>>> = PerProcess::new();

/// This process's sign of life on one outbox.
#[derive(Debug)]
pub(super) struct Presence {
    pub(super) name: String,
    path: PathBuf,
    identity: Identity,
    lock: File,
}

/// A range of bytes of a file; of no length: to its end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Range {
    pub(super) start: i64,
    pub(super) len: i64,
}

const WHOLE: Range = Range { start: 0, len: 0 };

impl Presence {
    /// Gives this process a new name in this directory, never one that was used before.
    pub(super) fn register(directory: &Path) -> io::Result<Self> {
        let name = Uuid::now_v7().to_string();
        let path = directory.join(&name);
        let (lock, identity) = leave_sign(&path)?;
        own(|names| names.insert(name.clone()));
        Ok(Presence { name, path, identity, lock })
    }

    /// Leaves the sign again where it was removed, or its lock was lost.
    pub(super) fn renew(&mut self) -> io::Result<()> {
        let is_there = self.path.exists() && identity(&self.path) == self.identity;
        if is_there {
            return self.lock_again();
        }
        tracing::warn!(path = %self.path.display(), "the outbox's sign of life was removed");
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        (self.lock, self.identity) = leave_sign(&self.path)?;
        Ok(())
    }

    /// A lock of this kind goes when the process closes the file anywhere else, as a copy of the directory does.
    #[cfg(unix)]
    fn lock_again(&self) -> io::Result<()> {
        lock(&self.lock, WHOLE, true)
    }

    #[cfg(not(unix))]
    fn lock_again(&self) -> io::Result<()> {
        Ok(())
    }

    /// Removes the sign: nobody looks for it any more.
    pub(super) fn end(self) {
        let _ = fs::remove_file(&self.path);
    }
}

fn leave_sign(path: &Path) -> io::Result<(File, Identity)> {
    if let Some(directory) = path.parent() {
        private_directory(directory)?;
        tighten_one(directory);
    }
    let file = private(OpenOptions::new().create_new(true).write(true)).open(path)?;
    lock(&file, WHOLE, true)?;
    Ok((file, identity(path)))
}

impl Drop for Presence {
    fn drop(&mut self) {
        own(|names| names.remove(&self.name));
    }
}

/// Whether a process lives, as far as its sign shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Life {
    Alive,
    Ended,
    /// There is no sign: it has ended, or the sign was cleaned away.
    Missing,
}

/// Looks for the sign of the process of this name.
pub(super) fn look(directory: &Path, name: &str) -> Life {
    if !is_name(name) {
        return Life::Ended;
    }
    if own(|names| names.contains(name)) {
        return Life::Alive;
    }
    let mut options = OpenOptions::new();
    // What lies there in the place of a sign must not keep this process.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, nix::libc::O_NONBLOCK);
    match options.read(true).write(true).open(directory.join(name)) {
        Ok(file) if is_locked(&file).unwrap_or(true) => Life::Alive,
        Ok(_) => Life::Ended,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Life::Missing,
        // Where it cannot be seen, it is taken to live: nothing is lost but time.
        Err(_) => Life::Alive,
    }
}

/// Removes what a dead process left.
pub(super) fn bury(directory: &Path, name: &str) {
    if is_name(name) {
        let _ = fs::remove_file(directory.join(name));
    }
}

/// Whether a process can have this name: what else stands in the file is no name of a file.
fn is_name(name: &str) -> bool {
    Uuid::try_parse(name).is_ok_and(|uuid| uuid.hyphenated().to_string() == name)
}

/// Makes a directory for its owner alone, with those above it.
pub(super) fn private_directory(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Lets a file that is made be its owner's alone.
pub(super) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

fn own<T>(act: impl FnOnce(&mut HashSet<String>) -> T) -> T {
    let names = OWN.get_or_try_make(|| Ok(Arc::default())).unwrap_or_default();
    act(&mut names.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Takes a lock that belongs to this process, and that a child does not inherit.
#[cfg(unix)]
pub(super) fn lock(file: &File, range: Range, is_exclusive: bool) -> io::Result<()> {
    use nix::fcntl::{FcntlArg, fcntl};
    use nix::libc::{F_RDLCK, F_WRLCK};

    let kind = if is_exclusive { F_WRLCK } else { F_RDLCK };
    fcntl(file, FcntlArg::F_SETLK(&flock(kind, range)))?;
    Ok(())
}

#[cfg(unix)]
fn is_locked(file: &File) -> io::Result<bool> {
    use nix::fcntl::{FcntlArg, fcntl};
    use nix::libc::{F_UNLCK, F_WRLCK};

    let mut found = flock(F_WRLCK, WHOLE);
    fcntl(file, FcntlArg::F_GETLK(&mut found))?;
    Ok(found.l_type != flock(F_UNLCK, WHOLE).l_type)
}

#[cfg(unix)]
#[allow(clippy::unnecessary_cast, reason = "these types differ between systems")]
fn flock(kind: impl Into<i64>, range: Range) -> nix::libc::flock {
    nix::libc::flock {
        l_type: kind.into() as _,
        l_whence: nix::libc::SEEK_SET as _,
        l_start: range.start as _,
        l_len: range.len as _,
        l_pid: 0,
    }
}

/// Takes a lock on the whole file. There is no fork here, and so nothing that could inherit it.
#[cfg(not(unix))]
pub(super) fn lock(file: &File, _range: Range, is_exclusive: bool) -> io::Result<()> {
    match is_exclusive {
        true => Ok(file.try_lock()?),
        false => Ok(file.try_lock_shared()?),
    }
}

#[cfg(not(unix))]
fn is_locked(file: &File) -> io::Result<bool> {
    match file.try_lock() {
        Ok(()) => Ok(false),
        Err(fs::TryLockError::WouldBlock) => Ok(true),
        Err(fs::TryLockError::Error(error)) => Err(error),
    }
}
