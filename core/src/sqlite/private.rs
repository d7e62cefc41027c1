//! Files and directories that only their owner can access.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::Path;

/// Creates a directory and its missing parents, accessible only by their owner.
pub(crate) fn private_directory(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Makes a newly created file accessible only by its owner.
pub(crate) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// Removes the access of all other users to a file or directory that belongs to this user.
#[cfg(unix)]
pub(crate) fn tighten(path: &Path) {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    let Ok(found) = fs::symlink_metadata(path) else { return };
    let mode = found.mode() & 0o7777;
    let is_own = found.uid() == nix::unistd::geteuid().as_raw();
    if is_own && !found.is_symlink() && mode & 0o077 != 0 {
        let private = fs::Permissions::from_mode(mode & !0o077);
        match fs::set_permissions(path, private) {
            Ok(()) => {
                tracing::warn!(path = %path.display(), "removed the rights of other users to a file that keeps messages")
            }
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "the rights of other users to a file that keeps messages cannot be removed");
            }
        }
    }
}

#[cfg(not(unix))]
pub(crate) fn tighten(_path: &Path) {}
