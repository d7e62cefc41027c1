//! A chat store for couriers, with the conversations of a run.

use anyhow::Result;
use turnwire::ChatStore;
use turnwire::credentials::{TokenProvider, TokenRequest, Tokens};
use turnwire_fakes::{FakeStore, FakeStoreBuilder, Login};

use crate::records::USER;
use crate::wait;

/// A running store. Dropping it ends it.
#[derive(Debug)]
pub struct Store {
    /// The store itself.
    pub fake: FakeStore,
    login: Login,
}

impl Store {
    /// Starts a store with these conversations.
    ///
    /// # Errors
    /// When its port cannot be opened.
    pub fn start(
        builder: FakeStoreBuilder,
        conversations: impl IntoIterator<Item = String>,
    ) -> Result<Self> {
        let fake = builder.spawn_thread()?;
        for conversation in conversations {
            fake.add_workspace(&conversation, USER);
        }
        let login = fake.login(USER);
        Ok(Self { fake, login })
    }

    /// The user's tokens.
    #[must_use]
    pub fn login(&self) -> &Login {
        &self.login
    }

    /// A source of the user's tokens.
    #[must_use]
    pub fn tokens(&self) -> impl TokenProvider + 'static {
        provider(self.login.access.clone(), self.login.refresh.clone())
    }

    /// A client of it.
    ///
    /// # Errors
    /// When the client cannot be built.
    pub fn client(&self) -> Result<ChatStore> {
        Ok(ChatStore::new(self.fake.url())?)
    }

    /// The number of messages that it has.
    #[must_use]
    pub fn saved(&self) -> usize {
        self.fake.read(|stored| stored.messages.len())
    }

    /// Waits until it has so many messages.
    ///
    /// # Errors
    /// When it does not get them.
    pub async fn has(&self, messages: usize) -> Result<()> {
        let what = format!("{messages} messages in the store");
        wait::until(&what, || self.saved() >= messages).await
    }

    /// Waits until it has counted so many messages of a workspace, which a courier does after their deliveries. A courier that
    /// is being stopped gives up a count for which the broker does not answer within seconds.
    ///
    /// # Errors
    /// When it does not count them.
    pub async fn has_counted(&self, workspace: &str, messages: u64) -> Result<()> {
        let what = format!("{messages} counted messages of {workspace}");
        wait::until(&what, || self.fake.read(|stored| stored.counted(workspace)) >= messages).await
    }
}

/// A source of these tokens for every user.
pub fn provider(access: String, refresh: String) -> impl TokenProvider + 'static {
    move |_: TokenRequest| {
        let tokens = Tokens::new(access.clone(), refresh.clone());
        async move { Ok(Some(tokens)) }
    }
}
