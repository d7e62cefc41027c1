//! A record, and the states in which it is pending.

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use super::opening::{Opening, OpeningObserver};
use crate::credentials::Tokens;

/// One record to deliver: a payload, the conversation whose order it follows, and an id.
///
/// Ids are unique: a record whose id the outbox already knows, including delivered ones, is the same record and is not
/// accepted a second time.
///
/// ```
/// use serde_json::json;
/// use turnwire::credentials::Tokens;
/// use turnwire::outbox::Record;
///
/// let record = Record::new("conversation-1", "message-1", json!({"text": "안녕하세요"}))
///     .user("user-1")
///     .tokens(Tokens::new("access", "refresh"));
/// assert_eq!(record.conversation(), "conversation-1");
/// assert!(!format!("{record:?}").contains("안녕"), "what people say does not belong in a log");
/// ```
#[derive(Clone)]
pub struct Record {
    conversation: String,
    id: String,
    payload: Value,
    user: Option<String>,
    tokens: Option<Tokens>,
    opening: Option<Opening>,
    observer: Option<Arc<dyn OpeningObserver>>,
}

impl Record {
    /// A record with this payload. Records of one conversation are delivered in the order in which they were accepted, one
    /// at a time; only a record that waits for its user's tokens is passed by those of other users.
    pub fn new(conversation: impl Into<String>, id: impl Into<String>, payload: Value) -> Self {
        Record {
            conversation: conversation.into(),
            id: id.into(),
            payload,
            user: None,
            tokens: None,
            opening: None,
            observer: None,
        }
    }

    /// Sets the UUID of the record's user. A record that outlives its tokens is delivered with those that the sink
    /// obtains for this user.
    #[must_use]
    pub fn user(mut self, user: impl Into<String>) -> Self {
        self.user = Some(user.into());
        self
    }

    /// Sets the user's tokens. They stay in the memory of this process, and are never written to disk.
    #[must_use]
    pub fn tokens(mut self, tokens: Tokens) -> Self {
        self.tokens = Some(tokens);
        self
    }

    /// Makes the record open its conversation, or wait for the record that does. The conversation's name is then
    /// provisional, and is later replaced with the real one, also in the payload.
    #[must_use]
    pub(crate) fn opening(mut self, opening: Opening) -> Self {
        self.opening = Some(opening);
        self
    }

    /// Sets an observer of the opening in this process.
    #[must_use]
    pub(crate) fn observed_by(mut self, observer: Arc<dyn OpeningObserver>) -> Self {
        self.observer = Some(observer);
        self
    }

    pub(super) fn its_opening(&self) -> Option<&Opening> {
        self.opening.as_ref()
    }

    pub(super) fn its_observer(&self) -> Option<&Arc<dyn OpeningObserver>> {
        self.observer.as_ref()
    }

    pub(super) fn set_conversation(&mut self, name: &str) {
        name.clone_into(&mut self.conversation);
    }

    /// The id, which is unique.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The conversation whose order it follows.
    pub fn conversation(&self) -> &str {
        &self.conversation
    }

    /// The payload.
    pub fn payload(&self) -> &Value {
        &self.payload
    }

    /// The UUID of its user, if it was set.
    pub fn user_id(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// The tokens that it was enqueued with; `None` in any other process.
    pub fn known_tokens(&self) -> Option<&Tokens> {
        self.tokens.as_ref()
    }
}

impl std::fmt::Debug for Record {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut out = f.debug_struct("Record");
        out.field("conversation", &self.conversation).field("id", &self.id);
        out.field("user", &self.user).field("has_tokens", &self.tokens.is_some());
        out.finish_non_exhaustive()
    }
}

/// The event that a pending record waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PendingState {
    /// The record's release: it is not complete yet.
    Held,
    /// Its place in the order, or the time of its next attempt.
    Queued,
    /// The end of a delivery that is running in some process.
    Sending,
    /// New tokens of its user.
    NeedsToken,
}

impl PendingState {
    /// The state as one word: `held`, `queued`, `sending`, `needs_token`.
    pub fn as_str(self) -> &'static str {
        match self {
            PendingState::Held => "held",
            PendingState::Queued => "queued",
            PendingState::Sending => "sending",
            PendingState::NeedsToken => "needs_token",
        }
    }
}
