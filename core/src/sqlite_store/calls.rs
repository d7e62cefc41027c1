//! The calls of the store, one method each.

use rusqlite::Connection;

use super::errors::{invalid, no_workspace};
use super::session::{Session, sessions};
use super::{HistoryPage, SqliteStore, messages, workspaces};
use crate::conversation::{StoreMessage, Workspace};
use crate::error::{Error, ErrorKind, Result};

/// The longest name of a workspace, in code points, as in the chat store.
const LONGEST_NAME: usize = 100;

pub(super) const CREATE: &str = "store.create_workspace";
pub(super) const HISTORY: &str = "store.history";
pub(super) const SAVE: &str = "store.save";

impl SqliteStore {
    /// Saves a message of this user. Saving the same id again replaces it.
    ///
    /// # Errors
    ///
    /// `not_found` if the user does not have the message's workspace, `invalid_request` for an empty text, `storage`.
    pub async fn save(&self, user_id: &str, message: &StoreMessage) -> Result<()> {
        if message.content.is_empty() {
            return Err(invalid(SAVE, "the message has no text"));
        }
        let (user, message) = (user_id.to_owned(), message.clone());
        let workspace = message.workspace_id.clone();
        let saved = self.write(SAVE, move |file| messages::save(file, &user, &message)).await?;
        saved.then_some(()).ok_or_else(|| no_workspace(SAVE, &workspace))
    }

    /// The messages of a workspace, the earliest first. Of one moment, replies to earlier messages come first; all others stay
    /// in the order of their first saves.
    ///
    /// # Errors
    ///
    /// `not_found` if the user does not have the workspace, `storage`.
    pub async fn history(&self, user_id: &str, workspace_id: &str) -> Result<Vec<StoreMessage>> {
        self.latest(user_id, workspace_id, usize::MAX).await
    }

    /// The latest messages of a workspace, at most `limit`, the earliest first.
    pub(super) async fn latest(
        &self,
        user_id: &str,
        workspace_id: &str,
        limit: usize,
    ) -> Result<Vec<StoreMessage>> {
        let (user, workspace) = (user_id.to_owned(), workspace_id.to_owned());
        let page = move |file: &Connection| messages::page(file, &user, &workspace, None, limit);
        self.read(HISTORY, page).await?.ok_or_else(|| no_workspace(HISTORY, workspace_id))
    }

    /// A page of a workspace's history, from its end: the latest messages, or those before the page whose
    /// [`HistoryPage::before`] is given. Messages that are saved meanwhile move no page.
    ///
    /// ```
    /// # use turnwire::{Result, SqliteStore};
    /// # async fn run(store: SqliteStore) -> Result<()> {
    /// let mut page = store.history_page("user-1", "workspace-1", None, 50).await?;
    /// while let Some(before) = page.before {
    ///     page = store.history_page("user-1", "workspace-1", Some(&before), 50).await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// `not_found` if the user does not have the workspace or it does not have that message, `invalid_request` for a
    /// limit of 0, `storage`.
    pub async fn history_page(
        &self,
        user_id: &str,
        workspace_id: &str,
        before: Option<&str>,
        limit: usize,
    ) -> Result<HistoryPage> {
        if limit == 0 {
            return Err(invalid(
                HISTORY,
                "a page has at least one message: its limit must be from 1 on",
            ));
        }
        let (user, workspace) = (user_id.to_owned(), workspace_id.to_owned());
        let end = before.map(str::to_owned);
        let page = move |file: &Connection| {
            messages::page(file, &user, &workspace, end.as_deref(), limit.saturating_add(1))
        };
        let Some(mut messages) = self.read(HISTORY, page).await? else {
            return Err(match before {
                None => no_workspace(HISTORY, workspace_id),
                Some(before) => {
                    let why = format!(
                        "the user has no workspace {workspace_id:?} with a message {before:?}"
                    );
                    Error::new(ErrorKind::NotFound, HISTORY, why)
                        .with_hint("begin with the latest page, without `before`")
                }
            });
        };
        let has_more = messages.len() > limit;
        messages.drain(..usize::from(has_more));
        let before = messages.first().filter(|_| has_more).map(|first| first.id.clone());
        Ok(HistoryPage { messages, before })
    }

    /// The workspaces of a user, the last used first.
    ///
    /// # Errors
    ///
    /// `storage`.
    pub async fn workspaces(&self, user_id: &str) -> Result<Vec<Workspace>> {
        let user = user_id.to_owned();
        self.read("store.workspaces", move |file| workspaces::of_user(file, &user)).await
    }

    /// Creates a workspace for a user.
    ///
    /// # Errors
    ///
    /// `invalid_request` for a name that is blank or longer than 100 code points, `storage`.
    pub async fn create_workspace(&self, user_id: &str, name: &str) -> Result<Workspace> {
        self.create_once(user_id, name, None).await
    }

    /// Creates a workspace, or returns the one that this message has opened.
    pub(super) async fn create_once(
        &self,
        user_id: &str,
        name: &str,
        opened_by: Option<&str>,
    ) -> Result<Workspace> {
        check_name(CREATE, name)?;
        let (user, name) = (user_id.to_owned(), name.to_owned());
        let opened_by = opened_by.map(str::to_owned);
        self.write(CREATE, move |file| workspaces::create(file, &user, &name, opened_by.as_deref()))
            .await
    }

    /// Renames a workspace.
    ///
    /// # Errors
    ///
    /// `not_found` if the user does not have it, `invalid_request` for a name that is blank or longer than 100 code
    /// points, `storage`.
    pub async fn rename_workspace(
        &self,
        user_id: &str,
        workspace_id: &str,
        name: &str,
    ) -> Result<Workspace> {
        const OPERATION: &str = "store.rename_workspace";
        check_name(OPERATION, name)?;
        let (user, id, name) = (user_id.to_owned(), workspace_id.to_owned(), name.to_owned());
        let renamed =
            self.write(OPERATION, move |file| workspaces::rename(file, &user, &id, &name));
        renamed.await?.ok_or_else(|| no_workspace(OPERATION, workspace_id))
    }

    /// Deletes a workspace and its messages for good, and overwrites their text in the file. Returns false if the user
    /// does not have it.
    ///
    /// # Errors
    ///
    /// `storage`.
    pub async fn delete_workspace(&self, user_id: &str, workspace_id: &str) -> Result<bool> {
        const OPERATION: &str = "store.delete_workspace";
        let (user, id) = (user_id.to_owned(), workspace_id.to_owned());
        let deleted =
            self.write(OPERATION, move |file| workspaces::delete(file, &user, &id)).await?;
        if deleted {
            self.empty_log(OPERATION).await;
        }
        Ok(deleted)
    }

    /// The sessions of a workspace, the earliest first.
    ///
    /// # Errors
    ///
    /// `not_found` if the user does not have the workspace, `storage`.
    pub async fn sessions(&self, user_id: &str, workspace_id: &str) -> Result<Vec<Session>> {
        const OPERATION: &str = "store.sessions";
        let (user, id) = (user_id.to_owned(), workspace_id.to_owned());
        let times = self.read(OPERATION, move |file| messages::times(file, &user, &id)).await?;
        times.map(sessions).ok_or_else(|| no_workspace(OPERATION, workspace_id))
    }
}

fn check_name(operation: &'static str, name: &str) -> Result<()> {
    if name.trim().is_empty() {
        return Err(invalid(operation, "a workspace's name is not blank"));
    }
    if name.chars().count() > LONGEST_NAME {
        let why = format!("a workspace's name has at most {LONGEST_NAME} characters");
        return Err(invalid(operation, why));
    }
    Ok(())
}
