//! The message and its JSON.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::time;
use crate::error::{Error, ErrorKind, Result};
use crate::open_enum::open_enum;
use crate::process::new_id;

/// The sender id of every AI message.
pub const AI_SENDER: &str = "ai-uuid-1234-5678-90ab-cdef12345678";

/// A stored message.
///
/// ```
/// use turnwire::conversation::StoreMessage;
///
/// let asked = StoreMessage::from_user("workspace-1", "user-1", "안녕하세요", 1_764_660_000_000);
/// let reply = StoreMessage::reply_to(&asked, "반갑습니다", 1_764_660_000_000);
/// assert_eq!(reply.parent_id.as_ref(), Some(&asked.id));
/// assert!(reply.sent_at > asked.sent_at);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StoreMessage {
    /// A UUID, the store's key: saving the same id again replaces the message.
    #[serde(rename = "msgId")]
    pub id: String,
    /// The author's role.
    #[serde(rename = "msgSenderRole")]
    pub role: SenderRole,
    /// The text; the store rejects an empty one.
    #[serde(rename = "msgContent")]
    pub content: String,
    /// The time of sending, in milliseconds since 1970. Histories are sorted by it; of one moment, replies to earlier messages
    /// come first.
    #[serde(rename = "msgSentAt", deserialize_with = "time::epoch_ms")]
    pub sent_at: i64,
    /// The user's UUID, or [`AI_SENDER`].
    #[serde(rename = "msgSenderUUID")]
    pub sender_id: String,
    /// The message that it replies to.
    #[serde(rename = "parentMsgId", default)]
    pub parent_id: Option<String>,
    /// The input method.
    #[serde(rename = "msgType")]
    pub kind: MessageType,
    /// Its workspace.
    #[serde(rename = "msgWorkspaceId")]
    pub workspace_id: String,
}

open_enum! {
    /// The author of a message.
    SenderRole as String {
        /// The person.
        User = "USER",
        /// The model.
        Ai = "AI",
    }
}

open_enum! {
    /// The input method of a message.
    MessageType as String {
        /// Typed.
        Text = "T",
        /// By voice.
        Voice = "V",
    }
}

impl StoreMessage {
    /// A typed message of a user, with a new id. `sent_at` is in milliseconds since 1970.
    pub fn from_user(
        workspace_id: impl Into<String>,
        user_id: impl Into<String>,
        content: impl Into<String>,
        sent_at: i64,
    ) -> Self {
        StoreMessage {
            id: new_id().to_string(),
            role: SenderRole::User,
            content: content.into(),
            sent_at,
            sender_id: user_id.into(),
            parent_id: None,
            kind: MessageType::Text,
            workspace_id: workspace_id.into(),
        }
    }

    /// The AI's reply to a message, in its workspace. `sent_at` is in milliseconds since 1970, and moved to just after
    /// the message if it is not later, since only the time orders the two.
    pub fn reply_to(message: &StoreMessage, content: impl Into<String>, sent_at: i64) -> Self {
        StoreMessage {
            id: new_id().to_string(),
            role: SenderRole::Ai,
            content: content.into(),
            sent_at: sent_at.max(message.sent_at.saturating_add(1)),
            sender_id: AI_SENDER.to_owned(),
            parent_id: Some(message.id.clone()),
            kind: MessageType::Text,
            workspace_id: message.workspace_id.clone(),
        }
    }
}

impl StoreMessage {
    /// The message as the store's JSON.
    pub(crate) fn to_json(&self) -> Result<Value> {
        serde_json::to_value(self).map_err(|_| {
            let why = "the message cannot be written as JSON";
            Error::new(ErrorKind::InvalidRequest, "store.message", why)
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_names_on_the_wire_are_the_stores() {
        let mut message = StoreMessage::from_user("w", "u", "안녕", 1_764_660_000_000);
        message.id = "m".into();
        let expected = json!({
            "msgId": "m", "msgSenderRole": "USER", "msgContent": "안녕", "msgSentAt": 1_764_660_000_000i64,
            "msgSenderUUID": "u", "parentMsgId": null, "msgType": "T", "msgWorkspaceId": "w",
        });
        assert_eq!(serde_json::to_value(&message).unwrap(), expected);
        assert_eq!(serde_json::from_value::<StoreMessage>(expected).unwrap(), message);

        let reply = serde_json::to_value(StoreMessage::reply_to(&message, "네", 0)).unwrap();
        assert_eq!(reply["msgSenderRole"], "AI");
        assert_eq!(reply["msgSenderUUID"], AI_SENDER);
        assert_eq!(reply["parentMsgId"], "m");
        assert_eq!(reply["msgSentAt"], 1_764_660_000_001i64, "later than what it replies to");
    }
}
