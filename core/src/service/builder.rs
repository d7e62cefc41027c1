//! The settings of a [`ChatService`].

use std::sync::Arc;

use arc_swap::ArcSwapOption;

use super::client::{ChatService, Shared};
use super::settings::{ServicePaths, Wire};
use crate::config::CallOptions;
use crate::credentials::{Credentials, GuardedProvider, Secret, TokenProvider, Tokens};
use crate::error::Result;
use crate::http::{HttpConfig, http_settings};

/// The settings of a [`ChatService`].
///
/// Turns are retried only while the service has certainly not begun with them, regardless of the retry policy: a second
/// one would be billed and saved twice.
#[derive(Clone, Debug)]
#[must_use]
pub struct ChatServiceBuilder {
    http: HttpConfig,
    paths: ServicePaths,
    wire: Wire,
    fallback: bool,
    credentials: Credentials,
}

impl ChatService {
    /// A client of the service at this URL, with tokens per request.
    ///
    /// # Errors
    ///
    /// `config` when the URL is not usable.
    ///
    /// ```
    /// use turnwire::{ChatService, TurnRequest};
    ///
    /// # async fn run(access: &str, refresh: &str) -> turnwire::Result<()> {
    /// let service = ChatService::new("http://localhost:5000")?;
    /// let answer = service.send(TurnRequest::new("안녕").tokens(access, refresh)).await?;
    /// # let _ = answer;
    /// # Ok(())
    /// # }
    /// ```
    pub fn new(url: impl Into<Secret>) -> Result<Self> {
        Self::builder(url).build()
    }

    /// The builder of a client of the service at this URL.
    pub fn builder(url: impl Into<Secret>) -> ChatServiceBuilder {
        ChatServiceBuilder::new(url)
    }
}

impl ChatServiceBuilder {
    fn new(url: impl Into<Secret>) -> Self {
        ChatServiceBuilder {
            http: HttpConfig { base_url: Some(url.into()), ..HttpConfig::default() },
            paths: ServicePaths::default(),
            wire: Wire::default(),
            fallback: true,
            credentials: Credentials::default(),
        }
    }

    /// The user's tokens, for calls without their own.
    pub fn tokens(mut self, access: impl Into<Secret>, refresh: impl Into<Secret>) -> Self {
        self.credentials.tokens = Some(Tokens::new(access, refresh));
        self
    }

    /// The source of tokens when there are none, or when the service refuses them: then the call is repeated
    /// once with fresh ones.
    pub fn token_provider(mut self, provider: impl TokenProvider + 'static) -> Self {
        self.credentials.provider = Some(GuardedProvider::new(provider));
        self
    }

    /// The paths of the calls.
    pub fn paths(mut self, paths: ServicePaths) -> Self {
        self.paths = paths;
        self
    }

    /// The form of the service's stream. Default events.
    pub fn wire(mut self, wire: Wire) -> Self {
        self.wire = wire;
        self
    }

    /// Requests a whole reply when a turn cannot be streamed. Default true.
    ///
    /// It does so only where the failure proves that the service did not accept the message: there was no connection, or it
    /// answered 404, 405 or 501.
    pub fn fallback(mut self, fallback: bool) -> Self {
        self.fallback = fallback;
        self
    }

    http_settings!();

    /// Builds the client. Nothing is sent.
    ///
    /// # Errors
    ///
    /// `config` when a setting is not usable.
    pub fn build(self) -> Result<ChatService> {
        let shared = Shared {
            http: self.http.build()?,
            paths: self.paths,
            wire: self.wire,
            fallback: self.fallback,
            tokens: ArcSwapOption::from(self.credentials.tokens.map(Arc::new)),
            provider: self.credentials.provider,
        };
        Ok(ChatService { shared: Arc::new(shared), options: Arc::new(CallOptions::new()) })
    }
}
