//! The embedded store: a handle of its file.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::Connection;

use super::errors::storage;
use super::file::StoreFile;
use crate::error::Result;
use crate::process::PerProcess;
use crate::sqlite::{self, real_path};

/// A store of conversations in one SQLite file.
///
/// Clones are cheap and share the file. It works in a forked child as well, with connections of the child's own. The
/// [module](crate::sqlite_store) tells what it guarantees.
///
/// ```no_run
/// use turnwire::{OpenAi, SqliteStore, TurnRequest, Turns};
///
/// # async fn run() -> turnwire::Result<()> {
/// let store = SqliteStore::open("var/chat.db")?;
/// let turns = Turns::builder(OpenAi::from_env()?).store(store.clone()).build()?;
/// let answer = turns.start(TurnRequest::new("안녕하세요").user_id("user-1").new_workspace()).finish().await?;
/// for workspace in store.workspaces("user-1").await? {
///     println!("{} {}", workspace.id, workspace.name);
/// }
/// # let _ = answer;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct SqliteStore(Arc<Shared>);

struct Shared {
    /// Without links, so that all processes use the same name.
    path: PathBuf,
    file: PerProcess<Arc<StoreFile>>,
}

impl SqliteStore {
    /// An address that all clones share.
    pub(super) fn address(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }

    /// Opens or creates the file. This blocks the thread for a moment: open it when the program starts.
    ///
    /// The path is the name of a file, even where SQLite would interpret it (`:memory:`, `file:…`). The file and its
    /// directory are created if they are missing, accessible only by their owner (0600, 0700); access by others to an
    /// existing file is removed.
    ///
    /// # Errors
    ///
    /// `storage` if the file cannot be created, opened or read, or is no store: a directory, a text, another program's
    /// database, an outbox, a damaged file. It is left as it is.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        const OPERATION: &str = "store.open";
        let path = path.as_ref();
        let real = real_path(path).map_err(|fault| storage(OPERATION, path, &fault))?;
        let store = SqliteStore(Arc::new(Shared { path: real, file: PerProcess::new() }));
        let file = store.file();
        let opened = file.act(&file.writer, |_| Ok(()));
        opened.map_err(|fault| storage(OPERATION, &store.0.path, &fault))?;
        Ok(store)
    }

    /// The path of the file, absolute and without links.
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    pub(super) fn file(&self) -> Arc<StoreFile> {
        self.0.file.get_or_make(|| Arc::new(StoreFile::new(self.0.path.clone())))
    }

    /// Runs queries on one state of the file, which do not wait for writers.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        operation: &'static str,
        act: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        let read = move |connection: &Connection| sqlite::snapshot(connection, act);
        self.file().run(operation, |file| &file.reader, read).await
    }

    /// Runs a transaction.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        operation: &'static str,
        act: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        let write = move |connection: &Connection| sqlite::write(connection, act);
        self.file().run(operation, |file| &file.writer, write).await
    }

    /// Runs a query on the connection that writes.
    #[cfg(test)]
    pub(super) async fn read_on_writer<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        let read = move |connection: &Connection| sqlite::read(connection, act);
        self.file().run("test", |file| &file.writer, read).await
    }

    /// Moves the log into the database and empties it, unless another process reads from it now: then a later commit
    /// overwrites it.
    pub(super) async fn empty_log(&self, operation: &'static str) {
        let empty = |connection: &Connection| {
            sqlite::read(connection, |file| {
                file.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
            })
        };
        if let Err(error) = self.file().run(operation, |file| &file.writer, empty).await {
            tracing::warn!(error.code = error.code(), "deleted text is still in the log: {error}");
        }
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").field("path", &self.0.path).finish_non_exhaustive()
    }
}
