//! The identity of a file: distinguishes it from another one at the same path.

use std::path::Path;

/// Device and inode; `None` where there is no file.
pub(crate) type Identity = Option<(u64, u64)>;

#[cfg(unix)]
pub(crate) fn identity(path: &Path) -> Identity {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(path).ok().map(|found| (found.dev(), found.ino()))
}

#[cfg(not(unix))]
pub(crate) fn identity(_path: &Path) -> Identity {
    None // An open file cannot be renamed there.
}
