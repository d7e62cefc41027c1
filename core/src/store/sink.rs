//! The store as the sink of an outbox: a record's payload is a message.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;
use tokio::time::timeout;

use super::client::{ChatStore, Identity};
use super::renewal::REISSUE;
use crate::config::CallOptions;
use crate::error::{Error, ErrorKind};
use crate::outbox::AnyOpener;
use crate::outbox::{Outcome, Record, Sink};

impl Sink for ChatStore {
    /// Saves the message that the payload is, in one attempt: the outbox has retries of its own. The record's tokens
    /// are used, else those that the provider has for its user, else the client's own.
    async fn deliver(&self, record: &Record) -> Outcome {
        let json = Bytes::from(record.payload().to_string());
        let store = self.with(CallOptions::new().max_retries(0));
        let identity = store.identity_of(record);
        let saved = store.save_json(json, &identity);
        // The limit holds for the save and the renewal of tokens together: both count towards the delivery.
        let saved = match self.shared.settings.timeouts.total {
            Some(limit) => timeout(limit, saved).await,
            None => Ok(saved.await),
        };
        match saved {
            Ok(Ok(())) => Outcome::Delivered,
            Ok(Err(error)) => outcome_of(&error),
            Err(_) => {
                let reason = "the store did not take the message within the total limit".to_owned();
                Outcome::Unavailable { after: None, reason }
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
    /// Whose record it is, and the tokens for it.
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

/// What the outbox is to make of a save that failed.
pub(super) fn outcome_of(error: &Error) -> Outcome {
    let after = error.retry_after();
    // For a store that speaks, its own words; for one that does not, what was attempted and where.
    let spoken = || error.message().to_owned();
    if error.operation() == REISSUE {
        // It says nothing about the record that its tokens cannot be renewed just now.
        return Outcome::Unavailable { after, reason: error.to_string() };
    }
    match error.status() {
        Some(401 | 403) => Outcome::NeedsToken,
        Some(408 | 425 | 429 | 502..=504) => Outcome::Unavailable { after, reason: spoken() },
        Some(500..) => Outcome::Retry { after, reason: spoken() },
        Some(400..) => Outcome::Dead { reason: spoken() },
        _ => match error.kind() {
            ErrorKind::Authentication => Outcome::NeedsToken,
            ErrorKind::InvalidRequest => Outcome::Dead { reason: spoken() },
            // The store has taken the request, and says no in a success, or nothing that can be understood.
            ErrorKind::Api | ErrorKind::Decode => Outcome::Retry { after, reason: spoken() },
            _ => Outcome::Unavailable { after, reason: error.to_string() },
        },
    }
}
