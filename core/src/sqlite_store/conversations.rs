//! The store behind turns and their outbox.

use async_trait::async_trait;
use rusqlite::Connection;

use super::calls::{CREATE, HISTORY, SAVE};
use super::errors::{outcome_of, user};
use super::{SqliteStore, messages, workspaces};
use crate::conversation::{Conversations, CreateError, NewConversation, Owner, StoreMessage};
use crate::error::{Error, Result};
use crate::outbox::Outcome;

#[async_trait]
impl Conversations for SqliteStore {
    async fn history(
        &self,
        owner: Owner<'_>,
        conversation_id: &str,
        limit: usize,
    ) -> Result<Vec<StoreMessage>> {
        self.latest(user(owner, HISTORY)?, conversation_id, limit).await
    }

    /// Creates the workspace, or finds the one that an earlier attempt has created.
    async fn create(&self, new: NewConversation<'_>) -> Result<String, CreateError> {
        let created = async {
            let user = user(new.owner(), CREATE)?;
            self.create_once(user, new.name(), Some(new.message_id())).await
        };
        let failed = |error: Error| {
            let outcome = outcome_of(&error);
            CreateError::not_created(error).with_outcome(outcome)
        };
        Ok(created.await.map_err(failed)?.id)
    }

    async fn save(&self, owner: Owner<'_>, message: &StoreMessage) -> Outcome {
        let saved = async { SqliteStore::save(self, user(owner, SAVE)?, message).await };
        match saved.await {
            Ok(()) => Outcome::Delivered,
            Err(error) => outcome_of(&error),
        }
    }

    async fn has(&self, owner: Owner<'_>, conversation_id: &str) -> Option<bool> {
        let (user, id) = (owner.user_id?.to_owned(), conversation_id.to_owned());
        let is_of = move |file: &Connection| workspaces::is_of(file, &user, &id);
        match self.read(HISTORY, is_of).await {
            Ok(has) => Some(has),
            Err(error) => {
                tracing::debug!("whose a workspace is remains unknown: {error}");
                None
            }
        }
    }

    async fn conversation_of(&self, owner: Owner<'_>, message_id: &str) -> Option<String> {
        let (user, id) = (owner.user_id?.to_owned(), message_id.to_owned());
        let found = move |file: &Connection| messages::workspace_of(file, &user, &id);
        self.read(HISTORY, found).await.unwrap_or_else(|error| {
            tracing::debug!("the workspace of a message remains unknown: {error}");
            None
        })
    }

    fn identity(&self) -> usize {
        self.address()
    }
}
