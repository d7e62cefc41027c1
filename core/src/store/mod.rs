//! The client of the chat store, which keeps messages, workspaces and sessions.
//!
//! ```text
//! Turns ─▶ Outbox ─▶ ChatStore, as its sink ─┐
//! your code ───────▶ ChatStore ──────────────┴─▶ POST /api/chat/save, … with the user's tokens
//! ```
//!
//! [`ChatStore`] has a method for each call of the store. As a [`Sink`](crate::outbox::Sink) it receives the messages that
//! an [`Outbox`](crate::outbox::Outbox) delivers, so that no message is lost while the store is unavailable.
//!
//! # Failures
//!
//! A saved message has an id, so saving it again replaces it, and transient failures are retried. Calls that count or
//! create are retried only while the store has certainly not begun with them; an outbox looks for a workspace whose
//! creation was not answered, and creates it if there is none. A stale access token is renewed once,
//! however many calls find it stale; tokens that the store does not renew come from the
//! [`TokenProvider`](crate::credentials::TokenProvider), or the call fails with `authentication`.
//!
//! # Example
//!
//! ```no_run
//! use turnwire::ChatStore;
//! use turnwire::credentials::Tokens;
//! use turnwire::conversation::StoreMessage;
//!
//! # async fn run(access: &str, refresh: &str) -> turnwire::Result<()> {
//! let store = ChatStore::new("http://localhost:8888")?.with_tokens(Tokens::new(access, refresh));
//! let workspace = store.create_workspace("user-1", "첫 대화").await?;
//! store.start_session(&workspace.id, "user-1").await?;
//! let message = StoreMessage::from_user(&workspace.id, "user-1", "안녕하세요", 1_764_660_000_000);
//! store.save(&message).await?;
//! for message in store.history(&workspace.id).await? {
//!     println!("{:?}: {}", message.role, message.content);
//! }
//! # Ok(())
//! # }
//! ```

mod builder;
mod call;
mod calls;
mod client;
mod finding;
mod listing;
mod opening;
mod paths;
mod reissue;
mod renewal;
mod session;
mod sink;
mod stats;
mod wrapped;

pub use builder::ChatStoreBuilder;
pub use client::ChatStore;
pub use paths::StorePaths;
pub use session::{Session, SessionStatus};
pub use stats::StoreStats;
