//! The user of a conversation.

use crate::credentials::Tokens;
use crate::outbox::Record;

/// The user of a conversation, and that user's tokens.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Owner<'a> {
    /// The user's id, from the turn's request.
    pub user_id: Option<&'a str>,
    /// The tokens of the turn's request. `None` after the process that received them has ended.
    pub tokens: Option<&'a Tokens>,
}

impl<'a> Owner<'a> {
    pub(crate) fn new(user_id: Option<&'a str>, tokens: Option<&'a Tokens>) -> Self {
        Owner { user_id, tokens }
    }

    pub(super) fn of(record: &'a Record) -> Self {
        Owner { user_id: record.user_id(), tokens: record.known_tokens() }
    }
}

/// A session to be started in a new conversation.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct SessionStart<'a> {
    /// The user of the conversation.
    pub owner: Owner<'a>,
    /// The conversation's id.
    pub conversation_id: &'a str,
    /// True if an earlier call may have started it already, of this process or another one.
    pub is_repeated: bool,
}
