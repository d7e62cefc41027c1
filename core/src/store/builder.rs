//! The settings of a [`ChatStore`].

use std::sync::Arc;
use std::time::Duration;

use super::client::{ChatStore, Identity, Shared};
use super::{StorePaths, stats};
use crate::http::{HttpConfig, ProxyChoice};
use crate::process::PerProcess;
use crate::token::AnyProvider;
use crate::{CallOptions, Limits, Result, RetryPolicy, Secret, Timeouts, TokenProvider, Tokens};

/// The settings of a [`ChatStore`].
#[derive(Clone, Debug)]
#[must_use]
pub struct ChatStoreBuilder {
    http: HttpConfig,
    paths: StorePaths,
    older: bool,
    extend_login: bool,
    tokens: Option<Tokens>,
    provider: Option<AnyProvider>,
}

impl ChatStoreBuilder {
    pub(super) fn new(url: impl Into<Secret>) -> Self {
        let timeouts = Timeouts {
            connect: Duration::from_secs(5),
            total: Some(Duration::from_secs(30)),
            ..Timeouts::default()
        };
        ChatStoreBuilder {
            http: HttpConfig { base_url: Some(url.into()), timeouts, ..HttpConfig::default() },
            paths: StorePaths::default(),
            older: false,
            extend_login: false,
            tokens: None,
            provider: None,
        }
    }

    /// The tokens of a program that acts for one user. One that acts for many gives them by
    /// [`ChatStore::with_tokens`], by record, or by a provider.
    pub fn tokens(mut self, access: impl Into<Secret>, refresh: impl Into<Secret>) -> Self {
        self.tokens = Some(Tokens::new(access, refresh));
        self
    }

    /// Where tokens come from when a call or a record has none, or none that are accepted any more.
    pub fn token_provider(mut self, provider: impl TokenProvider) -> Self {
        self.provider = Some(AnyProvider::new(provider));
        self
    }

    /// Whether a login is extended when its refresh token has expired before its access token: then a new refresh
    /// token is asked for. Default false.
    pub fn extend_login(mut self, extend: bool) -> Self {
        self.extend_login = extend;
        self
    }

    /// Where the calls are.
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

    /// Sends a header with every call.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<Secret>) -> Self {
        self.http.headers.push((name.into(), value.into()));
        self
    }

    /// The time limits. Default 5 s for a connection and 30 s for a call with its retries.
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.http.timeouts = timeouts;
        self
    }

    /// When calls are sent again. Those that count or create are, whatever the policy says, only as long as it is
    /// certain that the store has not begun with them.
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.http.retry = retry;
        self
    }

    /// How much the store may send.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.http.limits = limits;
        self
    }

    /// Sends everything through this proxy (`http:`, `https:` or `socks5:`), whatever the environment says.
    pub fn proxy(mut self, url: impl Into<Secret>) -> Self {
        self.http.proxy = ProxyChoice::Url(url.into());
        self
    }

    /// Uses no proxy, whatever the environment says.
    pub fn no_proxy(mut self) -> Self {
        self.http.proxy = ProxyChoice::None;
        self
    }

    /// Trusts the certificates in this PEM text besides the system's.
    pub fn root_certificate(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.http.root_certificates.push(pem.into());
        self
    }

    /// The client. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// `config` when a setting is not usable.
    pub fn build(self) -> Result<ChatStore> {
        let shared = Shared {
            settings: self.http,
            paths: self.paths,
            older: self.older,
            extend_login: self.extend_login,
            provider: self.provider,
            live: PerProcess::new(),
            counters: stats::Counters::default(),
        };
        shared.live()?;
        Ok(ChatStore {
            shared: Arc::new(shared),
            options: Arc::new(CallOptions::new()),
            identity: Identity { tokens: self.tokens, user: None },
        })
    }
}
