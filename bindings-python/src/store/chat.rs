//! The client of a chat store.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use turnwire::bridge::settings::{self, Names};
use turnwire::bridge::{self, Context, IntoAnswer};
use turnwire::conversation::WorkspaceStatus;
use turnwire::credentials::{TokenRequest, Tokens};
use turnwire::store::SessionStatus;

use super::Store;
use crate::call::Call;
use crate::chat::Options;
use crate::error::exception;
use crate::host::function;
use crate::text::{OwnedText, Text};

const TOKENS: &str = "store.tokens";

/// A client of a chat store.
#[pyclass(frozen, module = "turnwire._core")]
pub(crate) struct ChatStore {
    inner: turnwire::ChatStore,
    /// The caller that the token provider gets with each question.
    caller: Option<Context>,
}

impl ChatStore {
    fn of(&self, inner: turnwire::ChatStore) -> Self {
        ChatStore { inner, caller: self.caller.clone() }
    }

    fn call<T, F>(
        &self,
        py: Python<'_>,
        call: impl FnOnce(turnwire::ChatStore) -> F,
    ) -> PyResult<Call>
    where
        T: IntoAnswer,
        F: Future<Output = turnwire::Result<T>> + Send + 'static,
    {
        Call::asked_by(py, self.caller.as_ref(), call(self.inner.clone()))
    }
}

#[pymethods]
impl ChatStore {
    /// `settings` are JSON. `token_provider` is asked with a question, the caller and an `Answer`.
    #[new]
    #[pyo3(signature = (settings, *, token_provider=None))]
    fn new(
        py: Python<'_>,
        settings: Text<'_>,
        token_provider: Option<Py<PyAny>>,
    ) -> PyResult<Self> {
        let store = settings::chat_store(&settings, Names::Snake).and_then(|store| {
            match token_provider {
                Some(ask) => {
                    store.token_provider(function::<TokenRequest, Option<Tokens>>(TOKENS, ask))
                }
                None => store,
            }
            .build()
        });
        let store = store.map(|inner| ChatStore { inner, caller: None });
        store.map_err(|error| exception(py, &error))
    }

    /// The store, as an engine of turns and an outbox take it.
    fn store(&self) -> Store {
        Store::new(self.inner.clone())
    }

    /// The same client with this caller, which its token provider gets.
    fn asked_by(&self, caller: Py<PyAny>) -> Self {
        ChatStore { inner: self.inner.clone(), caller: Some(Context::new(caller)) }
    }

    /// The same client with these tokens.
    fn with_tokens(&self, access: OwnedText, refresh: OwnedText) -> Self {
        self.of(self.inner.with_tokens(Tokens::new(&*access, &*refresh)))
    }

    /// The same client for the user with this id.
    fn for_user(&self, user_id: OwnedText) -> Self {
        self.of(self.inner.for_user(user_id))
    }

    /// The same client with these options for its calls.
    fn with_options(&self, py: Python<'_>, options: Options) -> PyResult<Self> {
        Ok(self.of(self.inner.with(options.read(py)?)))
    }

    /// Saves a message, given as JSON.
    fn save(&self, py: Python<'_>, message: Text<'_>) -> PyResult<Call> {
        let message = bridge::store_message(&message, Names::Snake);
        self.call(py, async move |store| store.save(&message?).await)
    }

    /// Counts a saved message in the workspace's session.
    fn count_message(&self, py: Python<'_>, workspace_id: OwnedText) -> PyResult<Call> {
        self.call(py, async move |store| store.count_message(&workspace_id).await)
    }

    /// Creates a workspace for a user.
    fn create_workspace(
        &self,
        py: Python<'_>,
        user_id: OwnedText,
        name: OwnedText,
    ) -> PyResult<Call> {
        self.call(py, async move |store| store.create_workspace(&user_id, &name).await)
    }

    /// Starts a session in a workspace.
    fn start_session(
        &self,
        py: Python<'_>,
        workspace_id: OwnedText,
        user_id: OwnedText,
    ) -> PyResult<Call> {
        self.call(py, async move |store| store.start_session(&workspace_id, &user_id).await)
    }

    /// The messages of a workspace.
    fn history(&self, py: Python<'_>, workspace_id: OwnedText) -> PyResult<Call> {
        self.call(py, async move |store| store.history(&workspace_id).await)
    }

    /// The workspaces of a user with this status.
    fn workspaces(&self, py: Python<'_>, user_id: OwnedText, status: Text<'_>) -> PyResult<Call> {
        let status = WorkspaceStatus::from(&*status);
        self.call(py, async move |store| store.workspaces(&user_id, status).await)
    }

    /// The session of a workspace in which messages are counted now.
    fn active_session(&self, py: Python<'_>, workspace_id: OwnedText) -> PyResult<Call> {
        self.call(py, async move |store| store.active_session(&workspace_id).await)
    }

    /// Sets the status of a workspace's session.
    fn set_session_status(
        &self,
        py: Python<'_>,
        workspace_id: OwnedText,
        status: Text<'_>,
    ) -> PyResult<Call> {
        let status = SessionStatus::from(&*status);
        self.call(py, async move |store| store.set_session_status(&workspace_id, status).await)
    }

    /// Counters of the calls of this client and its copies, as JSON.
    fn stats(&self) -> PyResult<String> {
        let stats = serde_json::to_string(&self.inner.stats());
        stats.map_err(|e| PyValueError::new_err(e.to_string()))
    }
}
