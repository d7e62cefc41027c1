//! The embedded store.

use napi_derive::napi;
use turnwire::bridge::settings::Names;
use turnwire::bridge::{self, IntoAnswer};

use super::Store;
use crate::call::Call;
use crate::json::thrown;

/// A store of conversations in one SQLite file.
#[napi]
pub struct SqliteStore {
    inner: turnwire::SqliteStore,
}

#[napi]
impl SqliteStore {
    /// Opens or creates the file.
    #[napi(constructor)]
    pub fn new(path: String) -> napi::Result<Self> {
        let inner = turnwire::SqliteStore::open(path);
        inner.map(|inner| SqliteStore { inner }).map_err(|error| thrown(&error))
    }

    /// The store, as an engine of turns and an outbox take it.
    #[napi]
    pub fn store(&self) -> Store {
        Store::of(self.inner.clone(), false)
    }

    /// The path of the file, absolute and without links.
    #[napi(getter)]
    pub fn path(&self) -> String {
        self.inner.path().to_string_lossy().into_owned()
    }

    /// Saves a message of a user, given as JSON.
    #[napi]
    pub fn save(&self, user_id: String, message: String) -> napi::Result<Call> {
        let message = bridge::store_message(&message, Names::Camel);
        self.call(async move |store| store.save(&user_id, &message?).await)
    }

    /// The messages of a workspace.
    #[napi]
    pub fn history(&self, user_id: String, workspace_id: String) -> napi::Result<Call> {
        self.call(async move |store| store.history(&user_id, &workspace_id).await)
    }

    /// A page of a workspace's history: the latest messages, or those before a page.
    #[napi]
    pub fn history_page(
        &self,
        user_id: String,
        workspace_id: String,
        before: Option<String>,
        limit: i64,
    ) -> napi::Result<Call> {
        // Core refuses a page of no messages.
        let limit = usize::try_from(limit).unwrap_or_default();
        self.call(async move |store| {
            store.history_page(&user_id, &workspace_id, before.as_deref(), limit).await
        })
    }

    /// The workspaces of a user, the last used first.
    #[napi]
    pub fn workspaces(&self, user_id: String) -> napi::Result<Call> {
        self.call(async move |store| store.workspaces(&user_id).await)
    }

    /// Creates a workspace for a user.
    #[napi]
    pub fn create_workspace(&self, user_id: String, name: String) -> napi::Result<Call> {
        self.call(async move |store| store.create_workspace(&user_id, &name).await)
    }

    /// Renames a workspace.
    #[napi]
    pub fn rename_workspace(
        &self,
        user_id: String,
        workspace_id: String,
        name: String,
    ) -> napi::Result<Call> {
        self.call(async move |store| store.rename_workspace(&user_id, &workspace_id, &name).await)
    }

    /// Deletes a workspace and its messages.
    #[napi]
    pub fn delete_workspace(&self, user_id: String, workspace_id: String) -> napi::Result<Call> {
        self.call(async move |store| store.delete_workspace(&user_id, &workspace_id).await)
    }

    /// The sessions of a workspace, the earliest first.
    #[napi]
    pub fn sessions(&self, user_id: String, workspace_id: String) -> napi::Result<Call> {
        self.call(async move |store| store.sessions(&user_id, &workspace_id).await)
    }
}

impl SqliteStore {
    fn call<T, F>(&self, call: impl FnOnce(turnwire::SqliteStore) -> F) -> napi::Result<Call>
    where
        T: IntoAnswer,
        F: Future<Output = turnwire::Result<T>> + Send + 'static,
    {
        Call::started(bridge::call(call(self.inner.clone())))
    }
}
