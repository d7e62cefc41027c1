//! The client of a chat store.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use turnwire::bridge;
use turnwire::bridge::settings::{self, Names};
use turnwire::conversation::WorkspaceStatus;
use turnwire::credentials::Tokens;
use turnwire::store::SessionStatus;

use super::Store;
use crate::call::Call;
use crate::chat::Options;
use crate::error::exception;

/// A client of a chat store.
#[pyclass(frozen, module = "turnwire._core")]
pub(crate) struct ChatStore(turnwire::ChatStore);

#[pymethods]
impl ChatStore {
    /// `settings` are JSON.
    #[new]
    fn new(py: Python<'_>, settings: &str) -> PyResult<Self> {
        let store = settings::chat_store(settings, Names::Snake).and_then(|store| store.build());
        store.map(ChatStore).map_err(|error| exception(py, &error))
    }

    /// The store, as an engine of turns and an outbox take it.
    fn store(&self) -> Store {
        Store::new(self.0.clone())
    }

    /// The same client with these tokens.
    fn with_tokens(&self, access: String, refresh: String) -> Self {
        ChatStore(self.0.with_tokens(Tokens::new(access, refresh)))
    }

    /// The same client for the user with this id.
    fn for_user(&self, user_id: String) -> Self {
        ChatStore(self.0.for_user(user_id))
    }

    /// The same client with these options for its calls.
    fn with_options(&self, options: Options) -> PyResult<Self> {
        Ok(ChatStore(self.0.with(options.read()?)))
    }

    /// Saves a message, given as JSON.
    fn save(&self, py: Python<'_>, message: &str) -> PyResult<Call> {
        let (store, message) = (self.0.clone(), bridge::store_message(message, Names::Snake));
        Call::new(py, bridge::call(async move { store.save(&message?).await }))
    }

    /// Counts a saved message in the workspace's session.
    fn count_message(&self, py: Python<'_>, workspace_id: String) -> PyResult<Call> {
        let store = self.0.clone();
        Call::new(py, bridge::call(async move { store.count_message(&workspace_id).await }))
    }

    /// Creates a workspace for a user.
    fn create_workspace(&self, py: Python<'_>, user_id: String, name: String) -> PyResult<Call> {
        let store = self.0.clone();
        Call::new(py, bridge::call(async move { store.create_workspace(&user_id, &name).await }))
    }

    /// Starts a session in a workspace.
    fn start_session(
        &self,
        py: Python<'_>,
        workspace_id: String,
        user_id: String,
    ) -> PyResult<Call> {
        let store = self.0.clone();
        let start = async move { store.start_session(&workspace_id, &user_id).await };
        Call::new(py, bridge::call(start))
    }

    /// The messages of a workspace.
    fn history(&self, py: Python<'_>, workspace_id: String) -> PyResult<Call> {
        let store = self.0.clone();
        Call::new(py, bridge::call(async move { store.history(&workspace_id).await }))
    }

    /// The workspaces of a user with this status.
    fn workspaces(&self, py: Python<'_>, user_id: String, status: String) -> PyResult<Call> {
        let (store, status) = (self.0.clone(), WorkspaceStatus::from(status.as_str()));
        Call::new(py, bridge::call(async move { store.workspaces(&user_id, status).await }))
    }

    /// The session of a workspace in which messages are counted now.
    fn active_session(&self, py: Python<'_>, workspace_id: String) -> PyResult<Call> {
        let store = self.0.clone();
        Call::new(py, bridge::call(async move { store.active_session(&workspace_id).await }))
    }

    /// Sets the status of a workspace's session.
    fn set_session_status(
        &self,
        py: Python<'_>,
        workspace_id: String,
        status: String,
    ) -> PyResult<Call> {
        let (store, status) = (self.0.clone(), SessionStatus::from(status.as_str()));
        let set = async move { store.set_session_status(&workspace_id, status).await };
        Call::new(py, bridge::call(set))
    }

    /// Counters of the calls of this client and its copies, as JSON.
    fn stats(&self) -> PyResult<String> {
        let stats = serde_json::to_string(&self.0.stats());
        stats.map_err(|e| PyValueError::new_err(e.to_string()))
    }
}
