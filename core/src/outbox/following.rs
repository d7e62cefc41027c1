//! The conversation of a record, for a turn that continues it. Each call blocks for the file, 50 ms at most.

use std::sync::Arc;

use super::handle::Outbox;
use super::opening::OpeningObserver;
use super::storage::{Ahead, RecordUser};
use crate::error::Result;

impl Outbox {
    /// The state of the conversation of the record with this id.
    ///
    /// # Errors
    ///
    /// `storage` if the file cannot be read.
    pub(crate) fn conversation_of(&self, id: &str) -> Result<Ahead> {
        self.act("outbox.conversation_of", |shared| shared.backend().ahead(id))
    }

    /// The user of the record with this id.
    ///
    /// # Errors
    ///
    /// `storage` if the file cannot be read.
    pub(crate) fn user_of(&self, id: &str) -> Result<RecordUser> {
        self.act("outbox.user_of", |shared| shared.backend().user_of(id))
    }

    /// The payloads, as JSON, of a user's latest pending records in a conversation, at most `limit`, in the order of
    /// acceptance. None if they cannot be read.
    pub(crate) fn undelivered(&self, conversation: &str, user: &str, limit: usize) -> Vec<String> {
        let read = self.act("outbox.undelivered", |shared| {
            shared.backend().undelivered(conversation, user, limit)
        });
        read.unwrap_or_else(|error| {
            tracing::debug!(error.code = error.code(), "undelivered records are unknown: {error}");
            Vec::new()
        })
    }

    /// Notifies the observer of the conversation that the record with this id opens, or has opened.
    pub(crate) fn observe(&self, opener: &str, observer: Arc<dyn OpeningObserver>) {
        if let Ok(shared) = self.shared() {
            shared.observers.add(opener, observer.clone());
            shared.catch_up(opener, &observer);
        }
    }

    /// Ends the observation of an opening that another process may have done.
    pub(crate) fn end_observation(&self, opener: &str, observer: &Arc<dyn OpeningObserver>) {
        if let Ok(shared) = self.shared() {
            shared.observers.remove(opener, observer);
        }
    }

    /// Returns true if other processes may open conversations of this outbox.
    pub(crate) fn is_shared(&self) -> bool {
        self.shared().is_ok_and(|shared| shared.has_file())
    }
}
