//! The request of a turn, shared by the turn engine and the chat service's client.

use std::fmt;

use uuid::Uuid;

use crate::chat::Message;
use crate::credentials::{Secret, Tokens};
use crate::error::{Error, ErrorKind, Result};

/// One message of a user, with its workspace, user and tokens.
///
/// The turn engine and the service's client share this type. Fields that one of them cannot honour are refused,
/// not ignored: see [`Turns::start`](crate::turn::Turns::start) and [`ChatService::stream`](crate::service::ChatService::stream).
///
/// ```
/// use turnwire::TurnRequest;
///
/// let first = TurnRequest::new("안녕하세요").user_id("user-1").new_workspace().tokens("access", "refresh");
/// let next = TurnRequest::new("오늘 기분이 어때요?").workspace("workspace-1");
/// # let _ = (first, next);
/// ```
#[derive(Clone)]
#[must_use]
pub struct TurnRequest {
    pub(crate) message: String,
    pub(crate) place: Place,
    pub(crate) user_id: Option<String>,
    pub(crate) tokens: Option<Tokens>,
    pub(crate) speech: bool,
    pub(crate) history: Option<Vec<Message>>,
    /// Ids of the stored messages that are the history, in their order; the others in the workspace are left out.
    pub(crate) history_ids: Option<Vec<String>>,
    pub(crate) message_id: Option<String>,
    pub(crate) reply_id: Option<String>,
}

/// The workspace that a turn belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Not specified: the service decides.
    Unnamed,
    Workspace(String),
    /// A workspace that the turn creates.
    New,
    /// The workspace of the message with this id.
    Of(String),
    /// The same, or a new one if that message is not known.
    OfOrNew(String),
}

impl TurnRequest {
    /// A turn with this message of the user.
    pub fn new(message: impl Into<String>) -> Self {
        TurnRequest {
            message: message.into(),
            place: Place::Unnamed,
            user_id: None,
            tokens: None,
            speech: false,
            history: None,
            history_ids: None,
            message_id: None,
            reply_id: None,
        }
    }

    /// Continues this workspace.
    pub fn workspace(mut self, id: impl Into<String>) -> Self {
        self.place = Place::Workspace(id.into());
        self
    }

    /// Continues the workspace of the message with this id, which has opened it or will open it: for a message that is sent
    /// before the workspace exists, as right after the first one or while the store is down. The turn engine knows the
    /// message while it waits in the outbox, and for some time after that
    /// ([`Delivery::remembered`](crate::outbox::Delivery::remembered)).
    pub fn workspace_of(mut self, message_id: impl Into<String>) -> Self {
        self.place = Place::Of(message_id.into());
        self
    }

    /// As [`workspace_of`](Self::workspace_of), or begins a new workspace if no such message is known, or its workspace was
    /// given up: for a page that has the earlier messages and no id of a workspace.
    pub fn workspace_of_or_new(mut self, message_id: impl Into<String>) -> Self {
        self.place = Place::OfOrNew(message_id.into());
        self
    }

    /// Begins a new workspace.
    pub fn new_workspace(mut self) -> Self {
        self.place = Place::New;
        self
    }

    /// The user's UUID. A service's client uses it only to ask its [`TokenProvider`](crate::credentials::TokenProvider) for
    /// the tokens of this user.
    pub fn user_id(mut self, id: impl Into<String>) -> Self {
        self.user_id = Some(id.into());
        self
    }

    /// The user's tokens, which override those of the client or the store.
    pub fn tokens(mut self, access: impl Into<Secret>, refresh: impl Into<Secret>) -> Self {
        self.tokens = Some(Tokens::new(access, refresh));
        self
    }

    /// The conversation before this message, for a turn engine, which then does not read it from the store.
    pub fn history(mut self, messages: impl IntoIterator<Item = Message>) -> Self {
        self.history = Some(messages.into_iter().collect());
        self
    }

    /// Holds the history to the stored messages with these ids, in this order: for a page that removes messages which the store
    /// keeps.
    pub(crate) fn history_ids(mut self, ids: Vec<String>) -> Self {
        self.history_ids = Some(ids);
        self
    }

    /// The id of this message, a UUID, which is its id in the store as well. A message that is sent twice with the same id
    /// is one message there, with the text that was sent last; so an edited message replaces an earlier one. Default: a new
    /// id.
    pub fn message_id(mut self, id: impl Into<String>) -> Self {
        self.message_id = Some(id.into());
        self
    }

    /// The id of the reply, a UUID, as [`message_id`](Self::message_id): a reply that is generated again replaces the
    /// earlier one with its id. Default: a new id.
    pub fn reply_id(mut self, id: impl Into<String>) -> Self {
        self.reply_id = Some(id.into());
        self
    }

    /// Asks a service for the speech of a whole reply ([`ChatService::send`](crate::service::ChatService::send)). Default false.
    pub fn speech(mut self, speech: bool) -> Self {
        self.speech = speech;
        self
    }

    /// The workspace that is continued.
    pub(crate) fn workspace_id(&self) -> Option<&str> {
        match &self.place {
            Place::Workspace(id) => Some(id.as_str()),
            Place::Unnamed | Place::New | Place::Of(_) | Place::OfOrNew(_) => None,
        }
    }

    /// Refuses requests that are invalid for both engine and service.
    pub(crate) fn check(&self, operation: &'static str) -> Result<()> {
        let is_blank = |text: &str| text.trim().is_empty();
        let workspace = self.workspace_id();
        let why = match () {
            () if is_blank(&self.message) => "the message is empty",
            () if workspace.is_some_and(is_blank) => "the workspace's id is empty",
            () if self.user_id.as_deref().is_some_and(is_blank) => "the user's id is empty",
            () if !self.message_id.as_deref().is_none_or(is_uuid) => {
                "the message's id is no UUID in lower case, such as 0b1e55ed-0000-4000-8000-000000000001"
            }
            () if !self.reply_id.as_deref().is_none_or(is_uuid) => {
                "the reply's id is no UUID in lower case, such as 0b1e55ed-0000-4000-8000-000000000001"
            }
            () if matches!(&self.place, Place::Of(id) | Place::OfOrNew(id) if !is_uuid(id)) => {
                "the id of the message whose workspace is continued is no UUID in lower case, such as \
                 0b1e55ed-0000-4000-8000-000000000001"
            }
            () if self.message_id.is_some() && self.message_id == self.reply_id => {
                "the message and its reply have the same id"
            }
            () => match self.tokens.as_ref().and_then(Tokens::fault) {
                Some(why) => why,
                None => return Ok(()),
            },
        };
        Err(Error::new(ErrorKind::InvalidRequest, operation, why))
    }
}

/// Returns true for a UUID in its usual form: other forms of the same id would be other keys in a store.
pub(crate) fn is_uuid(id: &str) -> bool {
    Uuid::try_parse(id).is_ok_and(|uuid| !uuid.is_nil() && uuid.hyphenated().to_string() == id)
}

impl fmt::Debug for TurnRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Users' messages do not belong in a log.
        f.debug_struct("TurnRequest")
            .field("message_bytes", &self.message.len())
            .field("place", &self.place)
            .field("user_id", &self.user_id)
            .field("has_tokens", &self.tokens.is_some())
            .field("speech", &self.speech)
            .field("message_id", &self.message_id)
            .field("reply_id", &self.reply_id)
            .finish()
    }
}
