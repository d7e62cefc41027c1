//! Stores of conversations: the client of a chat store, and the embedded store.

mod chat;
mod sqlite;

use std::sync::Arc;

use pyo3::prelude::*;
use turnwire::bridge;
use turnwire::bridge::settings::Names;
use turnwire::conversation::Conversations;

use crate::error::exception;
use crate::text::Text;
use crate::whole::Whole;

pub(crate) use chat::ChatStore;
pub(crate) use sqlite::SqliteStore;

/// A store of any kind, as an engine of turns and an outbox take it.
#[pyclass(frozen, module = "turnwire._core")]
pub(crate) struct Store(Arc<dyn Conversations>);

impl Store {
    fn new(store: impl Conversations) -> Self {
        Store(Arc::new(store))
    }

    pub(crate) fn conversations(&self) -> Arc<dyn Conversations> {
        self.0.clone()
    }
}

/// A new message of a user, as JSON. `sent_at` is in milliseconds since 1970.
#[pyfunction]
pub(crate) fn message_from_user(
    py: Python<'_>,
    workspace_id: Text<'_>,
    user_id: Text<'_>,
    content: Text<'_>,
    sent_at: Whole<i64>,
) -> PyResult<String> {
    let sent_at = sent_at.named(py, "store.message", "sent_at")?;
    bridge::message_from_user(&workspace_id, &user_id, &content, sent_at)
        .map_err(|error| exception(py, &error))
}

/// The AI's new reply to a message, both as JSON.
#[pyfunction]
pub(crate) fn message_reply_to(
    py: Python<'_>,
    message: Text<'_>,
    content: Text<'_>,
    sent_at: Whole<i64>,
) -> PyResult<String> {
    let sent_at = sent_at.named(py, "store.message", "sent_at")?;
    bridge::message_reply_to(&message, Names::Snake, &content, sent_at)
        .map_err(|error| exception(py, &error))
}
