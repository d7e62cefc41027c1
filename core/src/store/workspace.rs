//! Workspaces and sessions, by their names on the wire.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::time;
use crate::open_enum::open_enum;

/// A workspace: what the store calls a conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Workspace {
    /// Its id.
    #[serde(rename = "workspaceId")]
    pub id: String,
    /// Its name, of at most 100 code points.
    #[serde(rename = "workspaceName", default)]
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
/// The protocol does not say what a session holds beyond its existence, so its fields are as they came.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
#[non_exhaustive]
pub struct Session {
    /// The fields as they came.
    pub fields: Map<String, Value>,
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
