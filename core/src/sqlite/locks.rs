//! Locks on byte ranges of a file that belong only to this process: a child does not inherit them.

use std::fs::File;
#[cfg(not(unix))]
use std::fs::TryLockError;
use std::io;

/// A range of bytes of a file; a length of 0 extends to its end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Range {
    pub(crate) start: i64,
    pub(crate) len: i64,
}

pub(crate) const WHOLE: Range = Range { start: 0, len: 0 };

/// Locks a range for this process; a child does not inherit the lock.
#[cfg(unix)]
pub(crate) fn lock(file: &File, range: Range, is_exclusive: bool) -> io::Result<()> {
    use nix::fcntl::{FcntlArg, fcntl};
    use nix::libc::{F_RDLCK, F_WRLCK};

    let kind = if is_exclusive { F_WRLCK } else { F_RDLCK };
    fcntl(file, FcntlArg::F_SETLK(&flock(kind, range)))?;
    Ok(())
}

/// Locks the whole file. This system has no fork, and so no child that could inherit the lock.
#[cfg(not(unix))]
pub(crate) fn lock(file: &File, _range: Range, is_exclusive: bool) -> io::Result<()> {
    match is_exclusive {
        true => Ok(file.try_lock()?),
        false => Ok(file.try_lock_shared()?),
    }
}

#[cfg(unix)]
pub(crate) fn is_locked(file: &File) -> io::Result<bool> {
    use nix::fcntl::{FcntlArg, fcntl};
    use nix::libc::{F_UNLCK, F_WRLCK};

    let mut found = flock(F_WRLCK, WHOLE);
    fcntl(file, FcntlArg::F_GETLK(&mut found))?;
    Ok(found.l_type != flock(F_UNLCK, WHOLE).l_type)
}

#[cfg(not(unix))]
pub(crate) fn is_locked(file: &File) -> io::Result<bool> {
    match file.try_lock() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(error),
    }
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
