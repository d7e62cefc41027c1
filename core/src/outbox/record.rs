//! What is handed to the outbox.

use std::sync::Arc;

use serde_json::Value;

use super::{Opening, OpeningObserver};
use crate::credentials::Tokens;

/// One thing to be delivered: a payload, the conversation whose order it keeps, and an id.
///
/// Ids are unique: a record whose id the outbox knows already, delivered ones included, is the same record and is not
/// taken a second time.
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
/// assert!(!format!("{record:?}").contains("안녕"), "what people say does not belong into a log");
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
    /// A record with this payload. Records of one conversation are delivered in the order in which they were handed
    /// over, one at a time.
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

    /// Whose record it is: the user's UUID. A record that has outlived its tokens is delivered with those that the
    /// sink can get for this user.
    #[must_use]
    pub fn user(mut self, user: impl Into<String>) -> Self {
        self.user = Some(user.into());
        self
    }

    /// The user's tokens. They stay in the memory of this process: they are never written to disk.
    #[must_use]
    pub fn tokens(mut self, tokens: Tokens) -> Self {
        self.tokens = Some(tokens);
        self
    }

    /// The record opens its conversation, or waits behind one that does. The conversation's name is provisional then, and
    /// gives way to the real one in the payload as well.
    #[must_use]
    pub(crate) fn opening(mut self, opening: Opening) -> Self {
        self.opening = Some(opening);
        self
    }

    /// Tells the opening to somebody in this process.
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

    /// What tells the record from every other.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The conversation whose order it keeps.
    pub fn conversation(&self) -> &str {
        &self.conversation
    }

    /// What is delivered.
    pub fn payload(&self) -> &Value {
        &self.payload
    }

    /// Whose record it is, if that was said.
    pub fn user_id(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// The tokens that it was handed over with; `None` after the process that took it has ended.
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
