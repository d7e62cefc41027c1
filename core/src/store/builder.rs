//! The settings of a [`ChatStore`].

use std::sync::Arc;
use std::time::Duration;

use super::client::{ChatStore, Identity, Shared};
use super::renewal::Renewals;
use super::{StorePaths, stats};
use crate::config::{CallOptions, Timeouts};
use crate::credentials::{Credentials, GuardedProvider, Secret, TokenProvider, Tokens};
use crate::error::Result;
use crate::http::{HttpConfig, http_settings};

/// The settings of a [`ChatStore`].
///
/// The default limits are 5 s for a connection, and 30 s for a call with its retries. Calls that count or create are
/// retried only while the store has certainly not begun with them, regardless of the retry policy.
#[derive(Clone, Debug)]
#[must_use]
pub struct ChatStoreBuilder {
    http: HttpConfig,
    paths: StorePaths,
    older: bool,
    extend_login: bool,
    credentials: Credentials,
}

impl ChatStore {
    /// A client of the store at this URL, with tokens per call or record.
    ///
    /// # Errors
    ///
    /// `config` when the URL is not usable.
    pub fn new(url: impl Into<Secret>) -> Result<Self> {
        Self::builder(url).build()
    }

    /// The builder of a client of the store at this URL.
    pub fn builder(url: impl Into<Secret>) -> ChatStoreBuilder {
        ChatStoreBuilder::new(url)
    }
}

impl ChatStoreBuilder {
    fn new(url: impl Into<Secret>) -> Self {
        let timeouts =
            Timeouts::new().connect(Duration::from_secs(5)).total(Duration::from_secs(30));
        ChatStoreBuilder {
            http: HttpConfig { base_url: Some(url.into()), timeouts, ..HttpConfig::default() },
            paths: StorePaths::default(),
            older: false,
            extend_login: false,
            credentials: Credentials::default(),
        }
    }

    /// The tokens of a program that acts for one user. A program that acts for many sets them with
    /// [`ChatStore::with_tokens`], per record, or through a provider.
    pub fn tokens(mut self, access: impl Into<Secret>, refresh: impl Into<Secret>) -> Self {
        self.credentials.tokens = Some(Tokens::new(access, refresh));
        self
    }

    /// The source of tokens for a call or record that has none, or whose tokens are no longer accepted.
    pub fn token_provider(mut self, provider: impl TokenProvider + 'static) -> Self {
        self.credentials.provider = Some(GuardedProvider::new(provider));
        self
    }

    /// Extends a login whose refresh token expires before its access token, by requesting a new refresh token.
    /// Default false.
    pub fn extend_login(mut self, extend: bool) -> Self {
        self.extend_login = extend;
        self
    }

    /// The paths of the calls.
    pub fn paths(mut self, paths: StorePaths) -> Self {
        self.paths = paths;
        self
    }

    /// Uses the calls of an older store: `GET /api/workspace/{memUuid}` for a user's one workspace, and
    /// `POST /api/members/refresh-token` for new tokens. Default false.
    pub fn older_store(mut self, older: bool) -> Self {
        self.older = older;
        self
    }

    http_settings!();

    /// Builds the client. Nothing is sent.
    ///
    /// # Errors
    ///
    /// `config` when a setting is not usable.
    pub fn build(self) -> Result<ChatStore> {
        let shared = Shared {
            http: self.http.build()?,
            paths: self.paths,
            older: self.older,
            extend_login: self.extend_login,
            provider: self.credentials.provider,
            renewals: Renewals::default(),
            counters: stats::Counters::default(),
        };
        Ok(ChatStore {
            shared: Arc::new(shared),
            options: Arc::new(CallOptions::new()),
            identity: Identity { tokens: self.credentials.tokens, user: None },
        })
    }
}
