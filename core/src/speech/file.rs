//! Atomic file writes: the target appears only when it is complete.

use std::io::{self, SeekFrom};
use std::path::{Path, PathBuf};

use tempfile::TempPath;
use tokio::fs::File;
use tokio::io::{AsyncSeekExt, AsyncWriteExt};
use tokio::task::spawn_blocking;

use crate::error::{Error, ErrorKind, Result};

/// A temporary file in the target's folder. Dropping it removes it.
pub(super) struct Draft {
    file: File,
    draft: TempPath,
    path: PathBuf,
    bytes: u64,
}

impl Draft {
    pub(super) async fn new(path: &Path) -> Result<Self> {
        let path = path.to_owned();
        let target = path.clone();
        let made = spawn_blocking(move || {
            if target.is_dir() {
                return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder"));
            }
            // A path of one name alone has a parent too, which is empty.
            let folder = target.parent().filter(|parent| !parent.as_os_str().is_empty());
            let mut draft = tempfile::Builder::new();
            draft.prefix(".turnwire-").suffix(".part");
            // The usual mode of a new file, minus the umask; temporary files are readable by their owner only.
            #[cfg(unix)]
            draft.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
            draft.tempfile_in(folder.unwrap_or(Path::new(".")))
        });
        let draft = blocking(made).await.map_err(|e| refused(&path, e))?;
        let (file, draft) = draft.into_parts();
        Ok(Draft { file: File::from_std(file), draft, path, bytes: 0 })
    }

    pub(super) async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.bytes += bytes.len() as u64;
        self.file.write_all(bytes).await.map_err(|e| refused(&self.path, e))
    }

    /// Overwrites bytes that were written before.
    pub(super) async fn overwrite(&mut self, at: u64, bytes: &[u8]) -> Result<()> {
        let done = async {
            self.file.seek(SeekFrom::Start(at)).await?;
            self.file.write_all(bytes).await?;
            self.file.seek(SeekFrom::End(0)).await
        };
        done.await.map(drop).map_err(|e| refused(&self.path, e))
    }

    /// Syncs the file to disk, moves it to its target, and returns its size in bytes.
    pub(super) async fn finish(self) -> Result<u64> {
        let Draft { mut file, draft, path, bytes } = self;
        let synced = async {
            file.flush().await?;
            file.sync_all().await
        };
        synced.await.map_err(|e| refused(&path, e))?;
        let target = path.clone();
        let moved = spawn_blocking(move || draft.persist(&target).map_err(|e| e.error));
        blocking(moved).await.map_err(|e| refused(&path, e))?;
        Ok(bytes)
    }
}

/// The result of a blocking task; a lost task is an I/O error.
async fn blocking<T>(task: tokio::task::JoinHandle<io::Result<T>>) -> io::Result<T> {
    task.await.unwrap_or_else(|lost| Err(io::Error::other(lost)))
}

fn refused(path: &Path, error: io::Error) -> Error {
    let why = format!("{} cannot be written: {error}", path.display());
    Error::new(ErrorKind::File, "audio.write", why).with_source(error)
}
