//! Creates the workspace of an outbox's conversation, and its session.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use http::Method;
use tokio::time::timeout;

use super::call::Call;
use super::client::{ChatStore, Identity};
use super::paths::filled;
use super::reissue::REISSUE;
use super::sink::outcome_of;
use crate::config::CallOptions;
use crate::conversation::{
    Conversations, CreateError, Found, NewConversation, Owner, SessionStart, StoreMessage,
    Workspace, WorkspaceStatus,
};
use crate::credentials::Tokens;
use crate::error::{Error, ErrorKind, Result};
use crate::outbox::Outcome;

/// The operation name in errors of a creation.
pub(super) const CREATE: &str = "store.create_workspace";

#[async_trait]
impl Conversations for ChatStore {
    fn reissued(&self, tokens: &Tokens) -> Option<Tokens> {
        let fresh = self.shared.renewals.reissued(tokens.clone());
        (!fresh.same_as(tokens)).then_some(fresh)
    }

    async fn history(
        &self,
        owner: Owner<'_>,
        conversation_id: &str,
        limit: usize,
    ) -> Result<Vec<StoreMessage>> {
        let store = self.with_identity(owner);
        let mut messages = ChatStore::history(&store, conversation_id).await?;
        messages.drain(..messages.len().saturating_sub(limit));
        Ok(messages)
    }

    /// Creates the workspace, in one attempt.
    async fn create(&self, new: NewConversation<'_>) -> Result<String, CreateError> {
        let store = self.with(CallOptions::new().max_retries(0));
        let outcome = |error: Error| {
            let outcome = outcome_of(&error);
            CreateError::not_created(error).with_outcome(outcome)
        };
        // A request that ends with its process is in doubt, most likely while the store is unreachable: check first, as a
        // search takes some seconds.
        if new.is_repeated() {
            store.look(new.owner()).await.map_err(outcome)?;
        }
        let created = store.create_planned(&new);
        let created = match self.shared.http.total(&self.options) {
            Some(limit) => timeout(limit, created).await.unwrap_or_else(|_| {
                let why = "the store did not answer within the total limit";
                Err(Error::new(ErrorKind::TotalTimeout, CREATE, why))
            }),
            None => created.await,
        };
        created.map_err(|error| match Effect::of(&error) {
            Effect::Nothing => outcome(error),
            Effect::Lost => {
                let outcome = outcome_of(&error);
                CreateError::lost(error).with_outcome(outcome)
            }
            Effect::InDoubt => CreateError::in_doubt(error),
        })
    }

    /// Looks for the workspace among the user's.
    async fn find(&self, lost: NewConversation<'_>) -> Result<Found, CreateError> {
        let store = self.with(CallOptions::new().max_retries(0));
        let found = match self.shared.http.total(&self.options) {
            Some(limit) => timeout(limit, store.find_created(&lost)).await.unwrap_or_else(|_| {
                let why = "the store did not list the user's workspaces within the total limit";
                Err(Error::new(ErrorKind::TotalTimeout, CREATE, why))
            }),
            None => store.find_created(&lost).await,
        };
        found.map_err(|error| {
            let outcome = outcome_of(&error);
            CreateError::lost(error).with_outcome(outcome)
        })
    }

    /// Starts the session, without which no message is counted, unless an earlier process has.
    async fn start_session(&self, session: SessionStart<'_>) -> Result<()> {
        let store = self.with_identity(session.owner);
        let user = session.owner.user_id.unwrap_or_default();
        let has_one = session.is_repeated
            && store
                .active_session(session.conversation_id)
                .await
                .is_ok_and(|session| session.is_some());
        match has_one {
            true => Ok(()),
            false => ChatStore::start_session(&store, session.conversation_id, user).await,
        }
    }

    async fn save(&self, owner: Owner<'_>, message: &StoreMessage) -> Outcome {
        match message.to_json() {
            Ok(json) => self.deliver_json(Bytes::from(json.to_string()), owner).await,
            Err(error) => Outcome::from(&error),
        }
    }

    async fn saved(&self, owner: Owner<'_>, message: &StoreMessage) {
        self.count_delivered(&message.workspace_id, owner).await;
    }

    fn needs_tokens(&self) -> bool {
        !self.has_tokens()
    }

    fn identity(&self) -> usize {
        Arc::as_ptr(&self.shared).addr()
    }
}

impl ChatStore {
    /// Checks that the store is reachable for the user, regardless of its answer.
    async fn look(&self, owner: Owner<'_>) -> Result<(), Error> {
        let user = owner.user_id.unwrap_or_default();
        let store = self.with_identity(owner);
        let looked = match self.shared.http.total(&self.options) {
            Some(limit) => timeout(limit, store.first_workspace(user)).await,
            None => Ok(store.first_workspace(user).await),
        };
        match looked {
            Ok(Err(error))
                if error.status().is_none() || error.kind() == ErrorKind::Authentication =>
            {
                Err(error)
            }
            Ok(_) => Ok(()),
            Err(_) => {
                let why = "the store did not answer within the total limit";
                Err(Error::new(ErrorKind::TotalTimeout, CREATE, why))
            }
        }
    }

    /// The smallest request about a user, made only for its status.
    async fn first_workspace(&self, user_id: &str) -> Result<(), Error> {
        const OPERATION: &str = "store.workspaces";
        let paths = &self.shared.paths;
        let path = if self.shared.older { &paths.workspace } else { &paths.workspaces };
        let path = filled(path, user_id, OPERATION)?;
        let active = WorkspaceStatus::Active;
        let query = [("workspaceStatus", active.as_str()), ("offset", "0"), ("size", "1")];
        let call = Call::new(OPERATION, Method::GET, &path).query(&query);
        self.call::<serde_json::Value>(call, &self.identity).await.map(drop)
    }

    pub(super) fn with_identity(&self, owner: Owner<'_>) -> Self {
        ChatStore { identity: self.identity_of(owner), ..self.clone() }
    }

    async fn create_planned(&self, new: &NewConversation<'_>) -> Result<String, Error> {
        let Some(user) = new.owner().user_id else {
            let why = "the record does not say whose workspace it is";
            return Err(Error::new(ErrorKind::InvalidRequest, CREATE, why));
        };
        let identity: Identity = self.identity_of(new.owner());
        let query = [("memUuid", user), ("workspaceName", new.name())];
        let path = &self.shared.paths.create_workspace;
        let create = Call::new(CREATE, Method::POST, path).query(&query).once();
        let made: Workspace = self.wanted(create.noted_by(new.requests()), &identity).await?;
        Ok(made.id)
    }
}

/// The effect of a request for a workspace that failed.
enum Effect {
    /// The store has certainly not created it: it was not reached, or reports so itself.
    Nothing,
    /// There is no answer of the store. A gateway that lost it during the request (502) or timed out (504) does not know.
    Lost,
    /// It has created something, and its answer cannot be read: neither may the list be, and each creation would add another.
    InDoubt,
}

impl Effect {
    fn of(error: &Error) -> Self {
        let before_any_request = error.operation() == REISSUE
            || matches!(
                error.kind(),
                ErrorKind::InvalidRequest | ErrorKind::Config | ErrorKind::Storage
            );
        match error.status() {
            _ if before_any_request || error.is_connect() => Effect::Nothing,
            Some(502 | 504) => Effect::Lost,
            Some(300..) => Effect::Nothing,
            _ if error.kind() == ErrorKind::Decode => Effect::InDoubt,
            Some(_) if error.kind() == ErrorKind::Api => Effect::Nothing,
            None if error.kind() == ErrorKind::Authentication => Effect::Nothing,
            _ => Effect::Lost,
        }
    }
}
