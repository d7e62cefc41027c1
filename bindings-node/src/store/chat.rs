//! The client of a chat store.

use napi_derive::napi;
use turnwire::bridge::settings::{self, Names};
use turnwire::bridge::{self, Context, HostTokenProvider, IntoAnswer};
use turnwire::conversation::WorkspaceStatus;
use turnwire::credentials::Tokens;
use turnwire::store::SessionStatus;

use super::Store;
use crate::call::Call;
use crate::host::Host;
use crate::json::thrown;
use crate::options::Options;

/// A client of a chat store.
#[napi]
pub struct ChatStore {
    inner: turnwire::ChatStore,
    /// True if it has a token provider.
    asks_host: bool,
    /// The caller on whose behalf the token provider is asked.
    caller: Option<Context>,
}

#[napi]
impl ChatStore {
    /// A client with these settings, which are JSON. The host calls the function with this number for tokens.
    #[napi(constructor)]
    pub fn new(
        settings: String,
        host: Option<&Host>,
        token_provider: Option<u32>,
    ) -> napi::Result<Self> {
        let mut store = settings::chat_store(&settings, Names::Camel).map_err(|e| thrown(&e))?;
        if let Some((host, number)) = host.zip(token_provider) {
            let provider: HostTokenProvider = host.function("store.tokens", number);
            store = store.token_provider(provider);
        }
        let inner = store.build().map_err(|error| thrown(&error))?;
        let asks_host = token_provider.is_some();
        Ok(ChatStore { inner, asks_host, caller: None })
    }

    /// The same client with the caller of this number, on whose behalf its token provider is asked.
    #[napi]
    pub fn asked_by(&self, number: u32) -> Self {
        ChatStore { caller: Some(Context::new(number)), ..self.of(self.inner.clone()) }
    }

    /// The store, as an engine of turns and an outbox take it.
    #[napi]
    pub fn store(&self) -> Store {
        Store::of(self.inner.clone(), self.asks_host)
    }

    /// The same client with these tokens.
    #[napi]
    pub fn with_tokens(&self, access: String, refresh: String) -> Self {
        self.of(self.inner.with_tokens(Tokens::new(access, refresh)))
    }

    /// The same client for the user with this id.
    #[napi]
    pub fn for_user(&self, user_id: String) -> Self {
        self.of(self.inner.for_user(user_id))
    }

    /// The same client with these options for its calls.
    #[napi]
    pub fn with_options(&self, options: Options) -> napi::Result<Self> {
        Ok(self.of(self.inner.with(options.of_call()?)))
    }

    /// Saves a message, given as JSON.
    #[napi]
    pub fn save(&self, message: String) -> napi::Result<Call> {
        let message = bridge::store_message(&message, Names::Camel);
        self.call(async move |store| store.save(&message?).await)
    }

    /// Counts a saved message in the workspace's session.
    #[napi]
    pub fn count_message(&self, workspace_id: String) -> napi::Result<Call> {
        self.call(async move |store| store.count_message(&workspace_id).await)
    }

    /// Creates a workspace for a user.
    #[napi]
    pub fn create_workspace(&self, user_id: String, name: String) -> napi::Result<Call> {
        self.call(async move |store| store.create_workspace(&user_id, &name).await)
    }

    /// Starts a session in a workspace.
    #[napi]
    pub fn start_session(&self, workspace_id: String, user_id: String) -> napi::Result<Call> {
        self.call(async move |store| store.start_session(&workspace_id, &user_id).await)
    }

    /// The messages of a workspace.
    #[napi]
    pub fn history(&self, workspace_id: String) -> napi::Result<Call> {
        self.call(async move |store| store.history(&workspace_id).await)
    }

    /// The workspaces of a user with this status.
    #[napi]
    pub fn workspaces(&self, user_id: String, status: String) -> napi::Result<Call> {
        let status = WorkspaceStatus::from(status.as_str());
        self.call(async move |store| store.workspaces(&user_id, status).await)
    }

    /// The session of a workspace in which messages are counted now.
    #[napi]
    pub fn active_session(&self, workspace_id: String) -> napi::Result<Call> {
        self.call(async move |store| store.active_session(&workspace_id).await)
    }

    /// Sets the status of a workspace's session.
    #[napi]
    pub fn set_session_status(&self, workspace_id: String, status: String) -> napi::Result<Call> {
        let status = SessionStatus::from(status.as_str());
        self.call(async move |store| store.set_session_status(&workspace_id, status).await)
    }

    /// Counters of the calls of this client and its copies, as JSON.
    #[napi]
    pub fn stats(&self) -> napi::Result<String> {
        serde_json::to_string(&self.inner.stats())
            .map_err(|e| napi::Error::from_reason(e.to_string()))
    }
}

impl ChatStore {
    fn of(&self, inner: turnwire::ChatStore) -> Self {
        ChatStore { inner, asks_host: self.asks_host, caller: self.caller.clone() }
    }

    fn call<T, F>(&self, call: impl FnOnce(turnwire::ChatStore) -> F) -> napi::Result<Call>
    where
        T: IntoAnswer,
        F: Future<Output = turnwire::Result<T>> + Send + 'static,
    {
        Call::asked_by(self.caller.as_ref(), call(self.inner.clone()))
    }
}
