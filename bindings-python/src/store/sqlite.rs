//! The embedded store.

use std::path::{Path, PathBuf};

use pyo3::prelude::*;
use turnwire::bridge;
use turnwire::bridge::settings::Names;

use super::Store;
use crate::call::Call;
use crate::error::exception;
use crate::fork;

/// A store of conversations in one SQLite file.
#[pyclass(frozen, module = "turnwire._core")]
pub(crate) struct SqliteStore(turnwire::SqliteStore);

#[pymethods]
impl SqliteStore {
    /// Opens or creates the file.
    #[new]
    fn new(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        fork::watch(py)?;
        let store = py.detach(|| turnwire::SqliteStore::open(path));
        store.map(SqliteStore).map_err(|error| exception(py, &error))
    }

    /// The store, as an engine of turns and an outbox take it.
    fn store(&self) -> Store {
        Store::new(self.0.clone())
    }

    /// The path of the file, absolute and without links.
    #[getter]
    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Saves a message of a user, given as JSON.
    fn save(&self, py: Python<'_>, user_id: String, message: &str) -> PyResult<Call> {
        let (store, message) = (self.0.clone(), bridge::store_message(message, Names::Snake));
        Call::new(py, bridge::call(async move { store.save(&user_id, &message?).await }))
    }

    /// The messages of a workspace.
    fn history(&self, py: Python<'_>, user_id: String, workspace_id: String) -> PyResult<Call> {
        let store = self.0.clone();
        Call::new(py, bridge::call(async move { store.history(&user_id, &workspace_id).await }))
    }

    /// A page of a workspace's history: the latest messages, or those before a page.
    fn history_page(
        &self,
        py: Python<'_>,
        user_id: String,
        workspace_id: String,
        before: Option<String>,
        limit: usize,
    ) -> PyResult<Call> {
        let store = self.0.clone();
        let page = async move {
            store.history_page(&user_id, &workspace_id, before.as_deref(), limit).await
        };
        Call::new(py, bridge::call(page))
    }

    /// The workspaces of a user, the last used first.
    fn workspaces(&self, py: Python<'_>, user_id: String) -> PyResult<Call> {
        let store = self.0.clone();
        Call::new(py, bridge::call(async move { store.workspaces(&user_id).await }))
    }

    /// Creates a workspace for a user.
    fn create_workspace(&self, py: Python<'_>, user_id: String, name: String) -> PyResult<Call> {
        let store = self.0.clone();
        Call::new(py, bridge::call(async move { store.create_workspace(&user_id, &name).await }))
    }

    /// Renames a workspace.
    fn rename_workspace(
        &self,
        py: Python<'_>,
        user_id: String,
        workspace_id: String,
        name: String,
    ) -> PyResult<Call> {
        let store = self.0.clone();
        let rename = async move { store.rename_workspace(&user_id, &workspace_id, &name).await };
        Call::new(py, bridge::call(rename))
    }

    /// Deletes a workspace and its messages.
    fn delete_workspace(
        &self,
        py: Python<'_>,
        user_id: String,
        workspace_id: String,
    ) -> PyResult<Call> {
        let store = self.0.clone();
        let delete = async move { store.delete_workspace(&user_id, &workspace_id).await };
        Call::new(py, bridge::call(delete))
    }

    /// The sessions of a workspace, the earliest first.
    fn sessions(&self, py: Python<'_>, user_id: String, workspace_id: String) -> PyResult<Call> {
        let store = self.0.clone();
        Call::new(py, bridge::call(async move { store.sessions(&user_id, &workspace_id).await }))
    }
}
