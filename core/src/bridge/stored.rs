//! The messages, workspaces and sessions of a store as JSON, with the names of core's fields in place of the wire's.

use serde::{Deserialize, Serialize};

use super::answer::{Answer, IntoAnswer};
use super::answers::{text, value};
use super::settings::{Names, Subject, fields_of, read};
use crate::conversation::{MessageType, SenderRole, StoreMessage, Workspace, WorkspaceStatus};
use crate::error::{ErrorKind, Result};
use crate::sqlite_store::{self, HistoryPage};

/// Defines an object with the fields of a type of core, its JSON, and its conversion from that type.
macro_rules! stored {
    ($(#[doc = $doc:literal])+ $object:ident of $of:path { $($(#[$meta:meta])* $field:ident: $kind:ty,)+ }) => {
        $(#[doc = $doc])+
        #[derive(Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        struct $object {
            $($(#[$meta])* $field: $kind,)+
        }

        impl From<$of> for $object {
            fn from(of: $of) -> Self {
                $object { $($field: of.$field,)+ }
            }
        }

        impl IntoAnswer for $of {
            fn into_answer(self) -> Result<Answer> {
                value(&$object::from(self))
            }
        }

        impl IntoAnswer for Vec<$of> {
            fn into_answer(self) -> Result<Answer> {
                value(&self.into_iter().map($object::from).collect::<Vec<_>>())
            }
        }
    };
}

stored! {
    /// A message.
    Message of StoreMessage {
        id: String,
        role: SenderRole,
        content: String,
        sent_at: i64,
        sender_id: String,
        parent_id: Option<String>,
        kind: MessageType,
        workspace_id: String,
    }
}

stored! {
    /// A workspace.
    WorkspaceObject of Workspace {
        id: String,
        name: String,
        created_at: Option<i64>,
        updated_at: Option<i64>,
        deleted_at: Option<i64>,
        user_id: Option<String>,
        status: Option<WorkspaceStatus>,
    }
}

stored! {
    /// A session of the embedded store.
    Session of sqlite_store::Session {
        started_at: i64,
        last_message_at: i64,
        messages: u64,
    }
}

/// A page of a history.
#[derive(Serialize, Deserialize)]
struct Page {
    messages: Vec<Message>,
    before: Option<String>,
}

impl IntoAnswer for HistoryPage {
    fn into_answer(self) -> Result<Answer> {
        let messages = self.messages.into_iter().map(Message::from).collect();
        value(&Page { messages, before: self.before })
    }
}

/// The objects of stores and the names of their fields, for comparison with a language's declarations.
pub fn stored_fields() -> Vec<(&'static str, &'static [&'static str])> {
    vec![
        ("message", fields_of::<Message>()),
        ("workspace", fields_of::<WorkspaceObject>()),
        ("session", fields_of::<Session>()),
        ("page", fields_of::<Page>()),
    ]
}

/// Reads a message with the names of a host language. Errors never quote a value, which may be a user's text.
///
/// # Errors
///
/// `invalid_request` when it is not an object, or a field is missing, unknown or has the wrong type.
pub fn store_message(json: &str, names: Names) -> Result<StoreMessage> {
    let subject = Subject {
        error: ErrorKind::InvalidRequest,
        operation: "store.message",
        whole: "the message",
        part: "field",
        is_flat: false,
    };
    let Message { id, role, content, sent_at, sender_id, parent_id, kind, workspace_id } =
        read(json, names, subject)?;
    Ok(StoreMessage { id, role, content, sent_at, sender_id, parent_id, kind, workspace_id })
}

/// A new message of a user, as JSON: see [`StoreMessage::from_user`].
///
/// # Errors
///
/// `decode` when it cannot be written as JSON.
pub fn message_from_user(
    workspace_id: &str,
    user_id: &str,
    content: &str,
    sent_at: i64,
) -> Result<String> {
    let message = StoreMessage::from_user(workspace_id, user_id, content, sent_at);
    text(&Message::from(message))
}

/// The AI's new reply to a message, as JSON: see [`StoreMessage::reply_to`].
///
/// # Errors
///
/// As [`store_message`].
pub fn message_reply_to(
    message: &str,
    names: Names,
    content: &str,
    sent_at: i64,
) -> Result<String> {
    let reply = StoreMessage::reply_to(&store_message(message, names)?, content, sent_at);
    text(&Message::from(reply))
}
