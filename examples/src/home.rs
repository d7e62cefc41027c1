//! The store of an example's conversations: a chat store from the environment, or else a file.

use std::env;
use std::path::PathBuf;
use std::sync::Arc;

use turnwire::conversation::{Conversations, StoreMessage, Workspace, WorkspaceStatus};
use turnwire::{ChatStore, SqliteStore};

use crate::terminal::{self, Failure};

/// The file without settings.
const FILE: &str = "var/chat.db";

/// The user of the file, unless `TURNWIRE_USER_ID` names one.
const USER: &str = "user-1";

/// Options for the store.
#[derive(Clone, Debug, clap::Args)]
pub struct StoreOptions {
    /// The file that keeps the conversations; without it TURNWIRE_STORE_FILE, or var/chat.db
    #[arg(long, value_name = "FILE")]
    store: Option<PathBuf>,
}

/// A store, and its logged-in user.
#[derive(Debug)]
pub struct Home {
    /// The id of the user.
    pub user_id: String,
    kept: Kept,
}

#[derive(Debug)]
enum Kept {
    Service(ChatStore),
    File(SqliteStore),
}

impl StoreOptions {
    /// Connects to the chat store of the environment: `TURNWIRE_STORE_URL`, with `TURNWIRE_USER_ID`,
    /// `TURNWIRE_ACCESS_TOKEN` and `TURNWIRE_REFRESH_TOKEN`. With a file, or without these settings, opens the file.
    ///
    /// # Errors
    ///
    /// When a setting is missing or invalid, or the file cannot be opened.
    pub fn open(&self) -> Result<Home, Failure> {
        if self.store.is_none() && terminal::is_set("TURNWIRE_STORE_URL") {
            let user_id = needed("TURNWIRE_USER_ID")?;
            let tokens = (needed("TURNWIRE_ACCESS_TOKEN")?, needed("TURNWIRE_REFRESH_TOKEN")?);
            let store =
                ChatStore::builder(needed("TURNWIRE_STORE_URL")?).tokens(tokens.0, tokens.1);
            return Ok(Home { user_id, kept: Kept::Service(store.build()?) });
        }
        let path = match &self.store {
            Some(path) => path.clone(),
            None => setting("TURNWIRE_STORE_FILE").unwrap_or_else(|| FILE.to_owned()).into(),
        };
        let store = SqliteStore::open(path)?;
        terminal::say(&format!(
            "conversations are kept in {} (another file: --store; a chat store: TURNWIRE_STORE_URL and what --help tells)",
            store.path().display()
        ));
        let user_id = setting("TURNWIRE_USER_ID").unwrap_or_else(|| USER.to_owned());
        Ok(Home { user_id, kept: Kept::File(store) })
    }
}

impl Home {
    /// The store for turns.
    pub fn store(&self) -> Arc<dyn Conversations> {
        match &self.kept {
            Kept::Service(store) => Arc::new(store.clone()),
            Kept::File(store) => Arc::new(store.clone()),
        }
    }

    /// The messages of a workspace, the earliest first.
    ///
    /// # Errors
    ///
    /// When the store cannot be read, or a file has no such workspace.
    pub async fn history(&self, workspace_id: &str) -> turnwire::Result<Vec<StoreMessage>> {
        match &self.kept {
            Kept::Service(store) => store.history(workspace_id).await,
            Kept::File(store) => store.history(&self.user_id, workspace_id).await,
        }
    }

    /// The user's workspaces, the last used first.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    pub async fn workspaces(&self) -> turnwire::Result<Vec<Workspace>> {
        match &self.kept {
            Kept::Service(store) => {
                let mut all = store.workspaces(&self.user_id, WorkspaceStatus::Active).await?;
                all.sort_by_key(|workspace| std::cmp::Reverse(workspace.updated_at));
                Ok(all)
            }
            Kept::File(store) => store.workspaces(&self.user_id).await,
        }
    }
}

fn needed(name: &str) -> Result<String, Failure> {
    let missing = || Failure::Usage(format!("{name} is not set: TURNWIRE_STORE_URL needs it"));
    setting(name).ok_or_else(missing)
}

fn setting(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.trim().is_empty())
}
