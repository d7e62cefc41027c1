//! The store as the sink of an outbox: a record's payload is a message.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::Value;
use tokio::time::timeout;

use super::client::{ChatStore, Identity};
use super::reissue::REISSUE;
use crate::config::CallOptions;
use crate::conversation::{ConversationOpener, Owner, replaces};
use crate::error::Error;
use crate::outbox::{AnyOpener, Outcome, Record, Sink};

#[async_trait]
impl Sink for ChatStore {
    /// Saves the message in the payload, in one attempt, since the outbox retries. It uses the record's tokens, or else
    /// the provider's for its user, or else the client's own.
    async fn deliver(&self, record: &Record) -> Outcome {
        self.deliver_json(Bytes::from(record.payload().to_string()), owner_of(record)).await
    }

    /// Counts the message in its workspace's session, unless the record replaces the text of an earlier one. A failed count increments
    /// [`StoreStats::uncounted`](crate::store::StoreStats::uncounted), and has no other consequence.
    async fn delivered(&self, record: &Record) {
        let field = |name| record.payload().get(name).and_then(Value::as_str);
        // Text that replaces the text of a saved message is no other message.
        let is_another = field("msgId").is_none_or(|id| !replaces(record.id(), id));
        if let Some(workspace) = field("msgWorkspaceId").filter(|_| is_another) {
            self.count_delivered(workspace, owner_of(record)).await;
        }
    }

    fn opener(&self) -> Option<AnyOpener> {
        Some(AnyOpener(Arc::new(ConversationOpener::new(Arc::new(self.clone())))))
    }

    fn needs_tokens(&self) -> bool {
        !self.has_tokens()
    }
}

fn owner_of(record: &Record) -> Owner<'_> {
    Owner::new(record.user_id(), record.known_tokens())
}

impl ChatStore {
    pub(super) async fn deliver_json(&self, json: Bytes, owner: Owner<'_>) -> Outcome {
        let store = self.with(CallOptions::new().max_retries(0));
        let identity = store.identity_of(owner);
        let saved = store.save_json(json, &identity);
        // The limit applies to the save and the renewal of tokens together: both are part of the delivery.
        let saved = match self.shared.http.total(&self.options) {
            Some(limit) => timeout(limit, saved).await,
            None => Ok(saved.await),
        };
        match saved {
            Ok(Ok(())) => Outcome::Delivered,
            Ok(Err(error)) => outcome_of(&error),
            Err(_) => {
                let reason = "the store did not accept the message within the total time limit";
                Outcome::unavailable(reason)
            }
        }
    }

    pub(super) async fn count_delivered(&self, workspace: &str, owner: Owner<'_>) {
        let store = self.with(CallOptions::new().max_retries(0));
        if let Err(error) = store.count_for(workspace, &store.identity_of(owner)).await {
            tracing::debug!(error.code = error.code(), "a saved message was not counted: {error}");
        }
    }

    /// The user of a call, and the tokens for it.
    pub(super) fn identity_of(&self, owner: Owner<'_>) -> Identity {
        let user = owner.user_id.or(self.identity.user.as_deref());
        let own = owner.tokens.or(self.identity.tokens.as_ref());
        let tokens = match (owner.tokens, user, &self.shared.provider) {
            // The provider knows the user; the client's own tokens may belong to another user.
            (None, Some(_), Some(_)) => None,
            _ => own.cloned(),
        };
        Identity { tokens, user: user.map(str::to_owned) }
    }
}

/// The outcome of a save that failed.
pub(super) fn outcome_of(error: &Error) -> Outcome {
    if error.operation() == REISSUE {
        // A temporary failure to renew tokens says nothing about the record.
        return Outcome::unavailable(error.to_string()).after(error.retry_after());
    }
    Outcome::from(error)
}
