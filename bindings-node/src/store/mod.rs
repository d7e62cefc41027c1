//! Stores of conversations: the client of a chat store, and the embedded store.

mod chat;
mod sqlite;

use std::sync::Arc;

use napi_derive::napi;
use turnwire::bridge;
use turnwire::bridge::settings::Names;
use turnwire::conversation::Conversations;

use crate::json::thrown;

/// A store of any kind, as an engine of turns and an outbox take it.
#[napi]
pub struct Store {
    inner: Arc<dyn Conversations>,
    /// True if it asks a function for tokens.
    asks_host: bool,
}

impl Store {
    fn of(store: impl Conversations, asks_host: bool) -> Self {
        Store { inner: Arc::new(store), asks_host }
    }

    pub(crate) fn asks_host(&self) -> bool {
        self.asks_host
    }

    pub(crate) fn conversations(&self) -> Arc<dyn Conversations> {
        self.inner.clone()
    }
}

/// A new message of a user, as JSON. The time is in milliseconds since 1970.
#[napi]
pub fn message_from_user(
    workspace_id: String,
    user_id: String,
    content: String,
    sent_at: i64,
) -> napi::Result<String> {
    bridge::message_from_user(&workspace_id, &user_id, &content, sent_at).map_err(|e| thrown(&e))
}

/// The AI's new reply to a message, both as JSON.
#[napi]
pub fn message_reply_to(message: String, content: String, sent_at: i64) -> napi::Result<String> {
    bridge::message_reply_to(&message, Names::Camel, &content, sent_at).map_err(|e| thrown(&e))
}
