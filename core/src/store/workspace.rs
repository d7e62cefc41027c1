//! Workspaces and sessions, by their names on the wire.

use std::fmt;

use serde::de::{DeserializeOwned, Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use crate::conversation::time;
use crate::json::{self, Fields};
use crate::open_enum::open_enum;

/// A workspace: what the store calls a conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Workspace {
    /// Its id.
    #[serde(rename = "workspaceId", deserialize_with = "word")]
    pub id: String,
    /// Its name, of at most 100 code points.
    #[serde(rename = "workspaceName", default, deserialize_with = "text_if_any")]
    pub name: String,
    /// When it was created, in milliseconds since 1970.
    #[serde(rename = "workspaceCreatedAt", default, deserialize_with = "time::optional")]
    pub created_at: Option<i64>,
    /// When it was changed last, in milliseconds since 1970.
    #[serde(rename = "workspaceUpdatedAt", default, deserialize_with = "time::optional")]
    pub updated_at: Option<i64>,
    /// When it was deleted, in milliseconds since 1970.
    #[serde(rename = "workspaceDeletedAt", default, deserialize_with = "time::optional")]
    pub deleted_at: Option<i64>,
    /// The UUID of the user whose it is.
    #[serde(rename = "workspaceMemUuid", default)]
    pub user_id: Option<String>,
    /// Its status; `None` where the store does not tell, as in its answer to a creation.
    #[serde(rename = "workspaceStatus", default)]
    pub status: Option<WorkspaceStatus>,
}

/// Reads a text; null stands for none.
fn text_if_any<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// Reads an id, which stores on a database's own ids write as a number.
fn word<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    struct Word;
    impl Visitor<'_> for Word {
        type Value = String;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an id")
        }

        fn visit_str<E>(self, id: &str) -> Result<String, E> {
            Ok(id.to_owned())
        }

        fn visit_u64<E>(self, id: u64) -> Result<String, E> {
            Ok(id.to_string())
        }

        fn visit_i64<E>(self, id: i64) -> Result<String, E> {
            Ok(id.to_string())
        }
    }
    deserializer.deserialize_any(Word)
}

open_enum! {
    /// The status of a workspace.
    WorkspaceStatus as String {
        /// In use.
        Active = "ACTIVE",
        /// Put away.
        Archived = "ARCHIVED",
        /// Deleted.
        Deleted = "DELETED",
    }
}

/// A session: a stretch of a conversation, in which messages are counted. It times out after 10 minutes without one.
///
/// The protocol does not say what a session holds beyond its existence, so it is kept as it came.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct Session {
    json: Box<RawValue>,
}

impl Session {
    /// The session's JSON, an object, as it came.
    pub fn json(&self) -> &str {
        self.json.get()
    }

    /// A field of the session; `None` when it has none of this name and form.
    ///
    /// ```
    /// use turnwire::store::Session;
    ///
    /// let session: Session = serde_json::from_str(r#"{"sessionId": 7, "messageCount": 2}"#)?;
    /// assert_eq!(session.field("sessionId"), Some(7));
    /// assert_eq!(session.field::<String>("endedAt"), None);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn field<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        let fields = Fields::read(self.json(), [name]).ok()?;
        json::from_str(fields.raw(name)?).ok()
    }
}

impl<'de> Deserialize<'de> for Session {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Box::<RawValue>::deserialize(deserializer)?;
        match json.get().starts_with('{') {
            true => Ok(Session { json }),
            false => Err(D::Error::custom("expected a session as a JSON object")),
        }
    }
}

open_enum! {
    /// The status of a session.
    SessionStatus as String {
        /// Messages are counted.
        Active = "ACTIVE",
        /// Ended.
        Completed = "COMPLETED",
        /// Broken.
        Error = "ERROR",
        /// Ended for want of messages.
        Timeout = "TIMEOUT",
    }
}
