//! An embedded store of conversations: one SQLite file, shared by the processes that open it, without a server.
//!
//! ```text
//! Turns ─▶ Outbox ─▶ SqliteStore ─┐
//! your code ───────▶ SqliteStore ─┴─▶ var/chat.db, var/chat.db-wal
//! ```
//!
//! [`SqliteStore`] goes where [`ChatStore`](crate::ChatStore) goes. It needs no tokens: every call names its user, who
//! reaches only workspaces and messages of their own.
//!
//! # Guarantees
//!
//! - A saved message survives the end of the process in any form, and a power failure. Saving the same id again replaces
//!   the message.
//! - Several processes may use the file at the same time, and forked children as well. The file must not be on a
//!   network file system.
//! - A workspace of a turn is created once, even if a process ends during its creation.
//! - No call blocks the thread of an async runtime: the work is done on a thread for blocking calls.
//! - The text of a deleted workspace is overwritten in the file.
//!
//! The log next to the file (`-wal`) contains the latest changes until SQLite moves them into the file: copy both together, or
//! with `sqlite3 chat.db '.backup copy.db'`.
//!
//! # Failures
//!
//! A file that cannot be opened, read or written is an error of kind `storage`, which names the file and the cause: a
//! directory, a file of another program, a missing permission, a full disk. A damaged file is reported, and never
//! changed. While another process writes, a call waits up to 5 s. A process that was forked while another of its
//! parent's threads was inside a call of SQLite cannot use it at all.
//!
//! # Example
//!
//! ```
//! use turnwire::SqliteStore;
//! use turnwire::conversation::StoreMessage;
//!
//! # async fn run(directory: &std::path::Path) -> turnwire::Result<()> {
//! let store = SqliteStore::open(directory.join("chat.db"))?;
//! let workspace = store.create_workspace("user-1", "첫 대화").await?;
//! let asked = StoreMessage::from_user(&workspace.id, "user-1", "안녕하세요", 1_764_660_000_000);
//! let reply = StoreMessage::reply_to(&asked, "반갑습니다", 1_764_660_000_000);
//! store.save("user-1", &asked).await?;
//! store.save("user-1", &reply).await?;
//!
//! let latest = store.workspaces("user-1").await?.remove(0);
//! assert_eq!(store.history("user-1", &latest.id).await?, [asked, reply]);
//! assert!(store.workspaces("user-2").await?.is_empty());
//! # Ok(())
//! # }
//! # let directory = tempfile::tempdir().unwrap();
//! # tokio::runtime::Runtime::new().unwrap().block_on(run(directory.path())).unwrap();
//! ```

mod calls;
mod client;
mod conversations;
mod errors;
mod file;
mod messages;
mod schema;
mod session;
#[cfg(test)]
mod tests;
mod workspaces;

pub use client::SqliteStore;
pub use messages::HistoryPage;
pub use session::Session;
