//! A workspace, and its JSON.

use std::fmt;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize};

use super::time;
use crate::open_enum::open_enum;

/// A workspace: the store's name for a conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Workspace {
    /// Its id.
    #[serde(rename = "workspaceId", deserialize_with = "word")]
    pub id: String,
    /// Its name, of at most 100 code points.
    #[serde(rename = "workspaceName", default, deserialize_with = "text_if_any")]
    pub name: String,
    /// Creation time, in milliseconds since 1970.
    #[serde(rename = "workspaceCreatedAt", default, deserialize_with = "time::optional")]
    pub created_at: Option<i64>,
    /// Time of the last change, in milliseconds since 1970.
    #[serde(rename = "workspaceUpdatedAt", default, deserialize_with = "time::optional")]
    pub updated_at: Option<i64>,
    /// Deletion time, in milliseconds since 1970.
    #[serde(rename = "workspaceDeletedAt", default, deserialize_with = "time::optional")]
    pub deleted_at: Option<i64>,
    /// The UUID of its user.
    #[serde(rename = "workspaceMemUuid", default)]
    pub user_id: Option<String>,
    /// Its status; `None` where the store omits it, as in the response to a creation.
    #[serde(rename = "workspaceStatus", default)]
    pub status: Option<WorkspaceStatus>,
}

/// Reads a text; null becomes an empty one.
fn text_if_any<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// Reads an id, which stores with numeric database keys write as a number.
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
        /// Archived.
        Archived = "ARCHIVED",
        /// Deleted.
        Deleted = "DELETED",
    }
}
