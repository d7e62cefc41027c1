//! A log whose database is not at its path: renamed, never deleted, since SQLite would read it into another file.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::identity::{Identity, identity};
use super::parts::{PARTS, beside};

/// Renames the log and its index, where `is_meant` holds. One process at a time may do so for a path.
pub(crate) fn set_log_aside(
    path: &Path,
    label: &str,
    is_meant: impl Fn(Identity) -> bool,
) -> io::Result<()> {
    let aside = free_name(path, label);
    for part in PARTS.iter().skip(1) {
        let from = beside(path, part);
        if from.exists() && is_meant(identity(&from)) {
            fs::rename(from, beside(&aside, part))?;
        }
    }
    Ok(())
}

/// A free name next to the file, with a label and the time.
pub(crate) fn free_name(path: &Path, label: &str) -> PathBuf {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let seconds = since.as_secs();
    let names = (0..).map(|n| match n {
        0 => beside(path, &format!(".{label}-{seconds}")),
        n => beside(path, &format!(".{label}-{seconds}-{n}")),
    });
    let is_free = |name: &PathBuf| PARTS.iter().all(|part| !beside(name, part).exists());
    let mut free = names.into_iter().filter(is_free);
    // There are more names than files.
    free.next().unwrap_or_else(|| beside(path, &format!(".{label}")))
}
