//! The chat store: messages, workspaces, sessions and token renewal, and the sink that delivers messages to it.

mod builder;
mod call;
mod client;
mod listing;
mod message;
mod opening;
mod paths;
mod renewal;
mod sink;
mod stats;
mod time;
mod workspace;
mod wrapped;

pub use builder::ChatStoreBuilder;
pub use client::ChatStore;
pub use message::{AI_SENDER, MessageType, SenderRole, StoreMessage};
pub(crate) use opening::planned;
pub use paths::StorePaths;
pub use stats::StoreStats;
pub use workspace::{Session, SessionStatus, Workspace, WorkspaceStatus};
