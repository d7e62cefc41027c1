//! The store as the sink of an outbox: a record's payload is a message.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::Value;
use tokio::time::timeout;

use super::client::{ChatStore, Identity};
use super::reissue::REISSUE;
use crate::config::CallOptions;
use crate::error::Error;
use crate::outbox::{AnyOpener, Outcome, Record, Sink};

#[async_trait]
impl Sink for ChatStore {
    /// Saves the message that the payload is, in one attempt: the outbox has retries of its own. The record's tokens
    /// are used, else those that the provider has for its user, else the client's own.
    async fn deliver(&self, record: &Record) -> Outcome {
        let json = Bytes::from(record.payload().to_string());
        let store = self.with(CallOptions::new().max_retries(0));
        let identity = store.identity_of(record);
        let saved = store.save_json(json, &identity);
        // The limit holds for the save and the renewal of tokens together: both count towards the delivery.
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

    /// Counts the message in its workspace's session. A count that fails stands in
    /// [`StoreStats::uncounted`](crate::store::StoreStats::uncounted), and has no other consequence.
    async fn delivered(&self, record: &Record) {
        let Some(workspace) = record.payload().get("msgWorkspaceId").and_then(Value::as_str) else {
            return;
        };
        let store = self.with(CallOptions::new().max_retries(0));
        if let Err(error) = store.count_for(workspace, &store.identity_of(record)).await {
            tracing::debug!(error.code = error.code(), "a saved message was not counted: {error}");
        }
    }

    fn opener(&self) -> Option<AnyOpener> {
        Some(AnyOpener(Arc::new(self.clone())))
    }
}

impl ChatStore {
    /// The owner of a record, and the tokens for it.
    pub(super) fn identity_of(&self, record: &Record) -> Identity {
        let user = record.user_id().or(self.identity.user.as_deref());
        let own = record.known_tokens().or(self.identity.tokens.as_ref());
        let tokens = match (record.known_tokens(), user, &self.shared.provider) {
            // The provider knows the user; the client's own tokens may be somebody else's.
            (None, Some(_), Some(_)) => None,
            _ => own.cloned(),
        };
        Identity { tokens, user: user.map(str::to_owned) }
    }
}

/// The outcome of a save that failed.
pub(super) fn outcome_of(error: &Error) -> Outcome {
    if error.operation() == REISSUE {
        // Tokens that cannot be renewed just now say nothing about the record.
        return Outcome::unavailable(error.to_string()).after(error.retry_after());
    }
    Outcome::from(error)
}
