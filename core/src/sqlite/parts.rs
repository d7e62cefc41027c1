//! The names of a database's files: the file itself, and those that SQLite keeps next to it.

use std::path::{Path, PathBuf};

/// The suffixes of the database, its log, and the log's index.
pub(crate) const PARTS: [&str; 3] = ["", "-wal", "-shm"];

/// The path of a file next to this one: the same name with a suffix.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
