//! The embedded store.

use std::path::{Path, PathBuf};

use pyo3::prelude::*;
use turnwire::bridge::settings::Names;
use turnwire::bridge::{self, IntoAnswer};

use super::Store;
use crate::call::Call;
use crate::error::exception;
use crate::fork;
use crate::text::{OwnedText, Text};
use crate::whole::Whole;

/// A store of conversations in one SQLite file.
#[pyclass(frozen, module = "turnwire._core")]
pub(crate) struct SqliteStore(turnwire::SqliteStore);

impl SqliteStore {
    fn call<T, F>(
        &self,
        py: Python<'_>,
        call: impl FnOnce(turnwire::SqliteStore) -> F,
    ) -> PyResult<Call>
    where
        T: IntoAnswer,
        F: Future<Output = turnwire::Result<T>> + Send + 'static,
    {
        Call::new(py, bridge::call(call(self.0.clone())))
    }
}

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
    fn save(&self, py: Python<'_>, user_id: OwnedText, message: Text<'_>) -> PyResult<Call> {
        let message = bridge::store_message(&message, Names::Snake);
        self.call(py, async move |store| store.save(&user_id, &message?).await)
    }

    /// The messages of a workspace.
    fn history(
        &self,
        py: Python<'_>,
        user_id: OwnedText,
        workspace_id: OwnedText,
    ) -> PyResult<Call> {
        self.call(py, async move |store| store.history(&user_id, &workspace_id).await)
    }

    /// A page of a workspace's history: the latest messages, or those before a page.
    fn history_page(
        &self,
        py: Python<'_>,
        user_id: OwnedText,
        workspace_id: OwnedText,
        before: Option<OwnedText>,
        limit: Whole<i64>,
    ) -> PyResult<Call> {
        let limit = limit.named(py, "store.history", "limit")?;
        // Core refuses a page of no messages.
        let limit = usize::try_from(limit).unwrap_or_default();
        self.call(py, async move |store| {
            store.history_page(&user_id, &workspace_id, before.as_deref(), limit).await
        })
    }

    /// The workspaces of a user, the last used first.
    fn workspaces(&self, py: Python<'_>, user_id: OwnedText) -> PyResult<Call> {
        self.call(py, async move |store| store.workspaces(&user_id).await)
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

    /// Renames a workspace.
    fn rename_workspace(
        &self,
        py: Python<'_>,
        user_id: OwnedText,
        workspace_id: OwnedText,
        name: OwnedText,
    ) -> PyResult<Call> {
        self.call(py, async move |store| {
            store.rename_workspace(&user_id, &workspace_id, &name).await
        })
    }

    /// Deletes a workspace and its messages.
    fn delete_workspace(
        &self,
        py: Python<'_>,
        user_id: OwnedText,
        workspace_id: OwnedText,
    ) -> PyResult<Call> {
        self.call(py, async move |store| store.delete_workspace(&user_id, &workspace_id).await)
    }

    /// The sessions of a workspace, the earliest first.
    fn sessions(
        &self,
        py: Python<'_>,
        user_id: OwnedText,
        workspace_id: OwnedText,
    ) -> PyResult<Call> {
        self.call(py, async move |store| store.sessions(&user_id, &workspace_id).await)
    }
}
