//! The content of the store: rows of messages, workspaces and sessions, with a clock that tests can set.

use std::collections::HashMap;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;
use serde_json::Value;

/// The life of a session without a message, in milliseconds.
const SESSION_LIFE_MS: i64 = 10 * 60 * 1000;

/// A row of the message table.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct StoredMessage {
    /// The message as last saved.
    pub message: Value,
    /// The number of its saves; more than one means that its save was repeated.
    pub saves: u64,
}

/// A row of the workspace table.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct StoredWorkspace {
    /// Its id.
    pub workspace_id: String,
    /// Its name.
    pub workspace_name: String,
    /// Creation time, in epoch milliseconds.
    pub workspace_created_at: i64,
    /// Time of the last change, in epoch milliseconds.
    pub workspace_updated_at: i64,
    /// Deletion time, in epoch milliseconds.
    pub workspace_deleted_at: Option<i64>,
    /// The user that it belongs to.
    pub workspace_mem_uuid: String,
    /// `ACTIVE`, `ARCHIVED` or `DELETED`.
    pub workspace_status: String,
}

/// A row of the session table.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct StoredSession {
    /// Its id.
    pub session_id: String,
    /// Its workspace.
    pub session_workspace_id: String,
    /// The user that it belongs to.
    #[serde(rename = "sessionMemUUID")]
    pub session_mem_uuid: String,
    /// `ACTIVE`, `COMPLETED`, `ERROR` or `TIMEOUT`.
    pub session_status: String,
    /// The number of counted messages.
    pub session_message_count: u64,
    /// Time of the last count, or of the session's start, in epoch milliseconds.
    pub session_last_message_at: i64,
}

/// A snapshot of the store.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Stored {
    /// The messages, in the order of their first saves.
    pub messages: Vec<StoredMessage>,
    /// The ids of the messages in the order in which they were saved, every repeated save included.
    pub saves: Vec<String>,
    /// The workspaces, in the order in which they were created.
    pub workspaces: Vec<StoredWorkspace>,
    /// The sessions, in the order in which they began.
    pub sessions: Vec<StoredSession>,
}

impl Stored {
    /// The message with this id as last saved.
    pub fn message(&self, id: &str) -> Option<&Value> {
        self.messages.iter().map(|row| &row.message).find(|message| message["msgId"] == id)
    }

    /// The number of messages counted in all sessions of a workspace.
    pub fn counted(&self, workspace: &str) -> u64 {
        let sessions = self.sessions.iter().filter(|s| s.session_workspace_id == workspace);
        sessions.map(|session| session.session_message_count).sum()
    }
}

/// The tables.
#[derive(Debug, Default)]
pub(crate) struct Data {
    pub(crate) stored: Stored,
    /// The index of each message in the table, by id.
    rows: HashMap<String, usize>,
    turned_ms: i64,
    last_number: u64,
    /// The number of attempts to save each message, by id.
    attempts: HashMap<String, u64>,
}

impl Data {
    /// The time by the store's clock, in epoch milliseconds.
    pub(crate) fn now_ms(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX).saturating_add(self.turned_ms)
    }

    /// Sets the store's clock.
    pub(crate) fn advance(&mut self, ms: i64) {
        self.turned_ms = self.turned_ms.saturating_add(ms);
    }

    /// A new, unique number.
    pub(crate) fn number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    /// Deletes the rows. The clock and the numbers continue, so issued tokens stay valid.
    pub(crate) fn clear(&mut self) {
        self.stored = Stored::default();
        self.rows.clear();
        self.attempts.clear();
    }

    /// Counts an attempt to save the message: the number of those before it.
    pub(crate) fn attempt(&mut self, id: &str) -> u64 {
        let attempts = self.attempts.entry(id.to_owned()).or_default();
        *attempts += 1;
        *attempts - 1
    }

    /// Inserts the message, or replaces the one of its id.
    pub(crate) fn save(&mut self, id: &str, message: &Value) {
        self.stored.saves.push(id.to_owned());
        let Stored { messages, .. } = &mut self.stored;
        let at = *self.rows.entry(id.to_owned()).or_insert(messages.len());
        match messages.get_mut(at) {
            Some(row) => {
                row.message = message.clone();
                row.saves += 1;
            }
            None => messages.push(StoredMessage { message: message.clone(), saves: 1 }),
        }
    }

    /// The messages of a workspace in no order: neither as they were saved nor the other way round.
    pub(crate) fn history(&self, workspace: &str) -> Vec<Value> {
        let rows = self.stored.messages.iter().map(|row| &row.message);
        let mut found: Vec<Value> =
            rows.filter(|message| message["msgWorkspaceId"] == workspace).cloned().collect();
        found.sort_by_key(|message| scramble(message["msgId"].as_str().unwrap_or_default()));
        found
    }

    pub(crate) fn has_workspace(&self, id: &str) -> bool {
        self.stored.workspaces.iter().any(|workspace| workspace.workspace_id == id)
    }

    pub(crate) fn create_workspace(&mut self, id: &str, user: &str, name: &str) -> StoredWorkspace {
        let now = self.now_ms();
        let workspace = StoredWorkspace {
            workspace_id: id.to_owned(),
            workspace_name: name.to_owned(),
            workspace_created_at: now,
            workspace_updated_at: now,
            workspace_deleted_at: None,
            workspace_mem_uuid: user.to_owned(),
            workspace_status: "ACTIVE".to_owned(),
        };
        self.stored.workspaces.push(workspace.clone());
        workspace
    }

    /// Starts a session, in place of the one that is active in the workspace, if any.
    pub(crate) fn start_session(&mut self, workspace: &str, user: &str) -> StoredSession {
        if let Some(before) = self.active_session(workspace) {
            before.session_status = "COMPLETED".to_owned();
        }
        let session = StoredSession {
            session_id: format!("session-{}", self.number()),
            session_workspace_id: workspace.to_owned(),
            session_mem_uuid: user.to_owned(),
            session_status: "ACTIVE".to_owned(),
            session_message_count: 0,
            session_last_message_at: self.now_ms(),
        };
        self.stored.sessions.push(session.clone());
        session
    }

    /// The active session of a workspace. One that has had no message for too long ends here.
    pub(crate) fn active_session(&mut self, workspace: &str) -> Option<&mut StoredSession> {
        let now = self.now_ms();
        let mut sessions = self.stored.sessions.iter_mut();
        let session = sessions
            .rfind(|s| s.session_workspace_id == workspace && s.session_status == "ACTIVE")?;
        if now - session.session_last_message_at >= SESSION_LIFE_MS {
            session.session_status = "TIMEOUT".to_owned();
            return None;
        }
        Some(session)
    }

    /// The last session of a workspace, whatever its status.
    pub(crate) fn last_session(&mut self, workspace: &str) -> Option<&mut StoredSession> {
        let mut sessions = self.stored.sessions.iter_mut();
        sessions.rfind(|session| session.session_workspace_id == workspace)
    }
}

/// A number without rhyme or reason, but the same every time (FNV-1a).
pub(crate) fn scramble(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
