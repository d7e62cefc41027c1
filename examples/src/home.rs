//! The chat store of an example: the one from the environment, or else the offline one.

use std::env;

use turnwire::ChatStore;

use crate::offline;
use crate::terminal::{self, Failure};

/// Returns true if the environment names a store; otherwise this program has an empty one.
pub fn is_elsewhere() -> bool {
    terminal::is_set("TURNWIRE_STORE_URL")
}

/// A chat store's client with the tokens of the logged-in user. Dropping it stops the offline store.
#[derive(Debug)]
pub struct Home {
    /// Its client.
    pub store: ChatStore,
    /// The id of the logged-in user.
    pub user_id: String,
    _offline: Option<offline::Store>,
}

impl Home {
    /// The client of the store from the environment: `TURNWIRE_STORE_URL`, with `TURNWIRE_USER_ID`,
    /// `TURNWIRE_ACCESS_TOKEN` and `TURNWIRE_REFRESH_TOKEN`. Without it, of a new, empty store.
    ///
    /// # Errors
    ///
    /// When a setting is missing or invalid, or the offline store does not start.
    pub async fn connect() -> Result<Self, Failure> {
        if is_elsewhere() {
            let user_id = needed("TURNWIRE_USER_ID")?;
            let tokens = (needed("TURNWIRE_ACCESS_TOKEN")?, needed("TURNWIRE_REFRESH_TOKEN")?);
            let store =
                ChatStore::builder(needed("TURNWIRE_STORE_URL")?).tokens(tokens.0, tokens.1);
            return Ok(Home { store: store.build()?, user_id, _offline: None });
        }
        terminal::say(
            "offline: this program itself keeps the messages, until it ends; for a real store set TURNWIRE_STORE_URL \
             and what --help tells",
        );
        let service = offline::Store::start()
            .await
            .map_err(|error| Failure::Local("the offline store did not start", error))?;
        let login = service.login();
        let store = ChatStore::builder(service.url())
            .tokens(login.access.as_str(), login.refresh.as_str())
            .no_proxy()
            .build()?;
        Ok(Home { store, user_id: service.user_id().to_owned(), _offline: Some(service) })
    }
}

fn needed(name: &str) -> Result<String, Failure> {
    let value = env::var(name).ok().filter(|value| !value.trim().is_empty());
    value.ok_or_else(|| Failure::Usage(format!("{name} is not set: TURNWIRE_STORE_URL needs it")))
}
