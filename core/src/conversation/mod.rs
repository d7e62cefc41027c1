//! Storage of conversations: the trait that [`Turns`](crate::Turns) uses, the messages, and the workspaces.
//!
//! ```text
//!  Turns ──history──────────────────────────────▶ Conversations   ChatStore, SqliteStore, or a store of your own
//!    └──records──▶ Outbox ──create, start_session,──▶ (the same)
//!                            save, saved
//! ```
//!
//! [`ChatStore`](crate::ChatStore), the client of a service, and [`SqliteStore`](crate::SqliteStore), a file, implement
//! [`Conversations`]; implement it for any other store, such as a database.
//! The engine reads the history directly, since the model needs it now. Everything else goes
//! through the outbox, which survives the process, retries, and keeps the order of a conversation; it calls the store
//! from its own thread.
//!
//! Failures: if the history fails, the model gets only the messages that still wait in the outbox. A save returns an
//! [`Outcome`](crate::outbox::Outcome), as a sink does. A creation that may have happened is not repeated before the
//! conversation was looked for: see [`Conversations::find`].
//!
//! A complete store in memory:
//!
//! ```
//! use std::sync::{Mutex, MutexGuard};
//! use turnwire::conversation::{Conversations, CreateError, NewConversation, Owner, StoreMessage};
//! use turnwire::outbox::Outcome;
//! use turnwire::{Result, async_trait};
//!
//! #[derive(Default)]
//! struct InMemory {
//!     names: Mutex<Vec<String>>,
//!     messages: Mutex<Vec<StoreMessage>>,
//! }
//!
//! impl InMemory {
//!     fn messages(&self) -> MutexGuard<'_, Vec<StoreMessage>> {
//!         self.messages.lock().unwrap()
//!     }
//! }
//!
//! #[async_trait]
//! impl Conversations for InMemory {
//!     async fn history(&self, _: Owner<'_>, id: &str, limit: usize) -> Result<Vec<StoreMessage>> {
//!         let messages = self.messages();
//!         let mut latest: Vec<_> =
//!             messages.iter().filter(|message| message.workspace_id == id).cloned().collect();
//!         latest.sort_by_key(|message| message.sent_at);
//!         latest.drain(..latest.len().saturating_sub(limit));
//!         Ok(latest)
//!     }
//!
//!     async fn create(&self, new: NewConversation<'_>) -> Result<String, CreateError> {
//!         let name = new.begin().await?;
//!         let mut names = self.names.lock().unwrap();
//!         names.push(name.to_owned());
//!         Ok(format!("conversation-{}", names.len()))
//!     }
//!
//!     async fn save(&self, _: Owner<'_>, message: &StoreMessage) -> Outcome {
//!         let mut messages = self.messages();
//!         messages.retain(|saved| saved.id != message.id); // the same id twice is one message
//!         messages.push(message.clone());
//!         Outcome::Delivered
//!     }
//! }
//!
//! # fn main() -> turnwire::Result<()> {
//! let llm = turnwire::OpenAi::builder().api_key("sk-…").build()?;
//! let turns = turnwire::Turns::builder(llm).store(InMemory::default()).build()?;
//! # let _ = turns;
//! # Ok(())
//! # }
//! ```

mod conversations;
mod create;
mod message;
mod opening;
mod order;
mod owner;
mod sink;
mod time;
mod workspace;

pub use conversations::Conversations;
pub use create::{CreateError, Found, NewConversation};
pub use message::{AI_SENDER, MessageType, SenderRole, StoreMessage};
pub(crate) use opening::{ConversationOpener, planned};
pub(crate) use order::sort;
pub use owner::{Owner, SessionStart};
pub use sink::ConversationSink;
pub(crate) use sink::{replaces, replacing};
pub use workspace::{Workspace, WorkspaceStatus};
