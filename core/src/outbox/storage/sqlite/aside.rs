//! Files that are set aside: renamed, never deleted, by one process at a time.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use super::settings::FileSettings;
use crate::outbox::state::Millis;
use crate::sqlite::{
    Identity, Waited, free_name, identity, private, private_directory, set_log_aside,
};

/// The part of a name that says why a file was set aside.
pub(super) const LABEL: &str = "damaged";

/// The longest wait for another process that repairs the file.
const REPAIR: Duration = Duration::from_secs(5);

/// Locks the repair, which only one process performs at a time.
pub(super) fn alone(directory: &Path) -> io::Result<File> {
    private_directory(directory)?;
    let mut options = OpenOptions::new();
    let file = private(options.create(true).append(true)).open(directory.join("repair"))?;
    let mut waited = Waited::since(Instant::now(), REPAIR);
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(fs::TryLockError::Error(error)) => return Err(error),
            Err(fs::TryLockError::WouldBlock) if waited.is_over() => {
                let why = "another process has been repairing the file for too long";
                return Err(io::Error::new(io::ErrorKind::TimedOut, why));
            }
            Err(fs::TryLockError::WouldBlock) => waited.pause(Duration::from_millis(5)),
        }
    }
}

/// Renames the file, if it is still at its path. Processes that have it open continue to read it.
pub(super) fn set_file_aside(
    settings: &FileSettings,
    file: Identity,
) -> io::Result<Option<PathBuf>> {
    let _alone = alone(&settings.owner_directory())?;
    if identity(&settings.path) != file {
        return Ok(None);
    }
    let aside = free_name(&settings.path, LABEL);
    fs::rename(&settings.path, &aside).map(|()| Some(aside))
}

/// Renames a log whose database is missing.
pub(super) fn set_orphans_aside(settings: &FileSettings) -> io::Result<()> {
    let _alone = alone(&settings.owner_directory())?;
    if settings.path.exists() {
        return Ok(());
    }
    set_log_aside(&settings.path, LABEL, |_| true)
}

/// Renames the log with these identities, if it is still at its path.
pub(super) fn set_known_log_aside(settings: &FileSettings, log: [Identity; 2]) -> io::Result<()> {
    let _alone = alone(&settings.owner_directory())?;
    set_log_aside(&settings.path, LABEL, |found| found.is_some() && log.contains(&found))
}

pub(super) fn now() -> Millis {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    since.as_millis().try_into().unwrap_or(u64::MAX)
}
