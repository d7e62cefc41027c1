//! The calls of the store, one method each.

use bytes::Bytes;
use http::Method;
use serde::Serialize;
use serde::de::IgnoredAny;

use super::call::Call;
use super::client::{ChatStore, Identity};
use super::paths::filled;
use super::session::{Session, SessionStatus};
use super::stats::count;
use crate::conversation::{self, SenderRole, StoreMessage, Workspace};
use crate::error::{Error, ErrorKind, Result};

/// The longest name of a workspace, in code points.
const LONGEST_NAME: usize = 100;

impl ChatStore {
    /// Saves a message. Saving the same id again replaces it, so transient failures are retried.
    ///
    /// # Errors
    ///
    /// Any [`ErrorKind`] except those of streams, with the store's message; permanently `server` when the text is longer
    /// than the store can keep or the workspace does not exist.
    pub async fn save(&self, message: &StoreMessage) -> Result<()> {
        let json = body(message, "store.save")?;
        let user = Some(&message.sender_id).filter(|_| message.role == SenderRole::User);
        self.save_json(json, &self.identity_for(user.map(String::as_str))).await
    }

    pub(super) async fn save_json(&self, json: Bytes, identity: &Identity) -> Result<()> {
        let call = Call::new("store.save", Method::POST, &self.shared.paths.save).json(json);
        self.accepted(call, identity).await?;
        count(&self.shared.counters.saved);
        Ok(())
    }

    /// Counts a saved message in the workspace's active session. Call it once for each saved message: the store does not
    /// know which messages it has counted.
    ///
    /// # Errors
    ///
    /// Any [`ErrorKind`] except those of streams; `server` when the workspace has no active session. The message remains
    /// saved.
    pub async fn count_message(&self, workspace_id: &str) -> Result<()> {
        self.count_for(workspace_id, &self.identity).await
    }

    pub(super) async fn count_for(&self, workspace_id: &str, identity: &Identity) -> Result<()> {
        let path = &self.shared.paths.update_messages;
        let query = [("workspaceId", workspace_id)];
        let call = Call::new("store.count_message", Method::PATCH, path).query(&query).once();
        let counted = self.call::<IgnoredAny>(call, identity).await;
        let counters = &self.shared.counters;
        count(if counted.is_ok() { &counters.counted } else { &counters.uncounted });
        counted.map(drop)
    }

    /// Creates a workspace for a user.
    ///
    /// # Errors
    ///
    /// `invalid_request` when the name is longer than 100 code points; otherwise any [`ErrorKind`] except those of streams. A
    /// failed call may still have created the workspace, unless [`Error::is_connect`].
    pub async fn create_workspace(&self, user_id: &str, name: &str) -> Result<Workspace> {
        const OPERATION: &str = "store.create_workspace";
        if name.chars().count() > LONGEST_NAME {
            let why = format!("a workspace's name has at most {LONGEST_NAME} characters");
            return Err(Error::new(ErrorKind::InvalidRequest, OPERATION, why));
        }
        let path = &self.shared.paths.create_workspace;
        let query = [("memUuid", user_id), ("workspaceName", name)];
        let call = Call::new(OPERATION, Method::POST, path).query(&query).once();
        self.wanted(call, &self.identity_for(Some(user_id))).await
    }

    /// Starts a session in a workspace, so that its messages are counted.
    ///
    /// # Errors
    ///
    /// Any [`ErrorKind`] except those of streams. A failed call may still have started the session.
    pub async fn start_session(&self, workspace_id: &str, user_id: &str) -> Result<()> {
        let path = &self.shared.paths.start_session;
        let query = [("workspaceId", workspace_id), ("memUUID", user_id)];
        let call = Call::new("store.start_session", Method::POST, path).query(&query).once();
        let identity = self.identity_for(Some(user_id));
        self.call::<IgnoredAny>(call, &identity).await.map(drop)
    }

    /// The messages of a workspace, the earliest first. Of one moment, replies to earlier messages come first; all others stay
    /// in the store's order.
    ///
    /// # Errors
    ///
    /// Any [`ErrorKind`] except those of streams. A workspace without messages is none.
    pub async fn history(&self, workspace_id: &str) -> Result<Vec<StoreMessage>> {
        const OPERATION: &str = "store.history";
        let path = filled(&self.shared.paths.history, workspace_id, OPERATION)?;
        let call = Call::new(OPERATION, Method::GET, &path);
        let data = self.call::<Vec<StoreMessage>>(call, &self.identity).await?.data;
        let mut messages = data.unwrap_or_default();
        conversation::sort(&mut messages);
        Ok(messages)
    }

    /// The session of a workspace in which messages are counted now, if there is one.
    ///
    /// # Errors
    ///
    /// Any [`ErrorKind`] except those of streams.
    pub async fn active_session(&self, workspace_id: &str) -> Result<Option<Session>> {
        const OPERATION: &str = "store.active_session";
        let path = filled(&self.shared.paths.session, workspace_id, OPERATION)?;
        Ok(self.call(Call::new(OPERATION, Method::GET, &path), &self.identity).await?.data)
    }

    /// Sets the status of a workspace's session.
    ///
    /// # Errors
    ///
    /// Any [`ErrorKind`] except those of streams.
    pub async fn set_session_status(
        &self,
        workspace_id: &str,
        status: SessionStatus,
    ) -> Result<()> {
        let path = &self.shared.paths.update_status;
        let query = [("workspaceId", workspace_id), ("status", status.as_str())];
        let call = Call::new("store.set_session_status", Method::PATCH, path).query(&query);
        self.call::<IgnoredAny>(call, &self.identity).await.map(drop)
    }
}

fn body(value: &impl Serialize, operation: &'static str) -> Result<Bytes> {
    let json = serde_json::to_vec(value).map_err(|e| {
        let why = format!("it cannot be written as JSON: {e}");
        Error::new(ErrorKind::InvalidRequest, operation, why)
    })?;
    Ok(json.into())
}
