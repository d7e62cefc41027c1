//! The client of the chat store.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::Method;
use serde::Serialize;
use serde::de::IgnoredAny;

use super::call::Call;
use super::paths::filled;
use super::renewal::Renewals;
use super::stats::{Counters, count};
use super::{Session, SessionStatus, StoreMessage, StorePaths, StoreStats, Workspace};
use crate::config::CallOptions;
use crate::credentials::{GuardedProvider, Tokens};
use crate::error::{Error, ErrorKind, Result};
use crate::http::HttpClient;

/// The longest name of a workspace, in code points.
const LONGEST_NAME: usize = 100;

/// A client of the chat store, which keeps messages, workspaces and sessions.
///
/// Clones are cheap and share connections and renewed tokens. It works on in a forked child, with connections of the
/// child's own. As a [`Sink`](crate::outbox::Sink) it takes the messages that an outbox delivers.
///
/// Every call needs tokens: its own ([`with_tokens`](Self::with_tokens)), or the builder's, or those that a
/// [`TokenProvider`](crate::credentials::TokenProvider) has for the user. An access token that has expired is renewed once, whatever
/// number of calls find it stale, and the call is repeated; so each call can fail with `authentication`, which says
/// which token is stale.
///
/// ```no_run
/// use turnwire::ChatStore;
/// use turnwire::store::StoreMessage;
///
/// # async fn run() -> turnwire::Result<()> {
/// let store = ChatStore::builder("http://localhost:8888").tokens("access", "refresh").build()?;
/// let workspace = store.create_workspace("user-1", "첫 대화").await?;
/// store.start_session(&workspace.id, "user-1").await?;
/// let message = StoreMessage::from_user(&workspace.id, "user-1", "안녕하세요", 1_764_660_000_000);
/// store.save(&message).await?;
/// store.count_message(&workspace.id).await?;
/// assert_eq!(store.history(&workspace.id).await?, [message]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ChatStore {
    pub(super) shared: Arc<Shared>,
    pub(super) options: Arc<CallOptions>,
    pub(super) identity: Identity,
}

/// The state that all clones share.
pub(super) struct Shared {
    pub(super) http: HttpClient,
    pub(super) paths: StorePaths,
    pub(super) older: bool,
    pub(super) extend_login: bool,
    pub(super) provider: Option<GuardedProvider>,
    pub(super) renewals: Renewals,
    pub(super) counters: Counters,
}

/// For whom a call is made.
#[derive(Clone, Debug, Default)]
pub(super) struct Identity {
    pub(super) tokens: Option<Tokens>,
    pub(super) user: Option<String>,
}

impl ChatStore {
    /// The same client with these options for its calls, over those it has.
    #[must_use]
    pub fn with(&self, options: CallOptions) -> Self {
        ChatStore { options: Arc::new(self.options.merged(options)), ..self.clone() }
    }

    /// The same client with these tokens.
    #[must_use]
    pub fn with_tokens(&self, tokens: Tokens) -> Self {
        let identity = Identity { tokens: Some(tokens), ..self.identity.clone() };
        ChatStore { identity, ..self.clone() }
    }

    /// The same client for this user, by UUID: whose tokens the provider is asked for.
    #[must_use]
    pub fn for_user(&self, user: impl Into<String>) -> Self {
        let identity = Identity { user: Some(user.into()), ..self.identity.clone() };
        ChatStore { identity, ..self.clone() }
    }

    /// Returns true if a call that brings no tokens may find some.
    pub(crate) fn has_tokens(&self) -> bool {
        self.identity.tokens.is_some() || self.shared.provider.is_some()
    }

    /// The numbers of calls of this client and its clones so far, by their outcome.
    pub fn stats(&self) -> StoreStats {
        self.shared.counters.read()
    }

    /// Saves a message. Saving the same id again replaces it, so a save that failed in passing is sent again.
    ///
    /// # Errors
    ///
    /// Any [`ErrorKind`] but those of streams, with the store's message; `server` for good when the text is longer
    /// than the store can keep or the workspace does not exist.
    pub async fn save(&self, message: &StoreMessage) -> Result<()> {
        let json = body(message, "store.save")?;
        let user = Some(&message.sender_id).filter(|_| message.role == super::SenderRole::User);
        self.save_json(json, &self.identity_for(user.map(String::as_str))).await
    }

    pub(super) async fn save_json(&self, json: Bytes, identity: &Identity) -> Result<()> {
        let call = Call::new("store.save", Method::POST, &self.shared.paths.save).json(json);
        self.accepted(call, identity).await?;
        count(&self.shared.counters.saved);
        Ok(())
    }

    /// Counts a saved message in the workspace's active session. It is to be called once for each message that is
    /// known to be saved: the store does not know which messages it has counted.
    ///
    /// # Errors
    ///
    /// Any [`ErrorKind`] but those of streams; `server` when the workspace has no active session. The message is saved
    /// all the same.
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
    /// `invalid_request` when the name is longer than 100 code points; else any [`ErrorKind`] but those of streams. A
    /// call that failed may have created the workspace all the same, unless [`Error::is_connect`].
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
    /// Any [`ErrorKind`] but those of streams. A call that failed may have started the session all the same.
    pub async fn start_session(&self, workspace_id: &str, user_id: &str) -> Result<()> {
        let path = &self.shared.paths.start_session;
        let query = [("workspaceId", workspace_id), ("memUUID", user_id)];
        let call = Call::new("store.start_session", Method::POST, path).query(&query).once();
        let identity = self.identity_for(Some(user_id));
        self.call::<IgnoredAny>(call, &identity).await.map(drop)
    }

    /// The messages of a workspace, the earliest first. Those of one moment stay in the store's order.
    ///
    /// # Errors
    ///
    /// Any [`ErrorKind`] but those of streams. A workspace without messages is none.
    pub async fn history(&self, workspace_id: &str) -> Result<Vec<StoreMessage>> {
        const OPERATION: &str = "store.history";
        let path = filled(&self.shared.paths.history, workspace_id, OPERATION)?;
        let call = Call::new(OPERATION, Method::GET, &path);
        let data = self.call::<Vec<StoreMessage>>(call, &self.identity).await?.data;
        let mut messages = data.unwrap_or_default();
        messages.sort_by_key(|message| message.sent_at);
        Ok(messages)
    }

    /// The session of a workspace in which messages are counted now, if there is one.
    ///
    /// # Errors
    ///
    /// Any [`ErrorKind`] but those of streams.
    pub async fn active_session(&self, workspace_id: &str) -> Result<Option<Session>> {
        const OPERATION: &str = "store.active_session";
        let path = filled(&self.shared.paths.session, workspace_id, OPERATION)?;
        Ok(self.call(Call::new(OPERATION, Method::GET, &path), &self.identity).await?.data)
    }

    /// Sets the status of a workspace's session.
    ///
    /// # Errors
    ///
    /// Any [`ErrorKind`] but those of streams.
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

    /// The identity of a call that names a user itself.
    pub(super) fn identity_for(&self, user: Option<&str>) -> Identity {
        let Identity { tokens, user: set } = self.identity.clone();
        Identity { tokens, user: set.or_else(|| user.map(str::to_owned)) }
    }
}

impl fmt::Debug for ChatStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChatStore")
            .field("http", &self.shared.http)
            .field("paths", &self.shared.paths)
            .field("options", &self.options)
            .field("identity", &self.identity)
            .finish_non_exhaustive()
    }
}

fn body(value: &impl Serialize, operation: &'static str) -> Result<Bytes> {
    let json = serde_json::to_vec(value).map_err(|e| {
        let why = format!("it cannot be written as JSON: {e}");
        Error::new(ErrorKind::InvalidRequest, operation, why)
    })?;
    Ok(json.into())
}
