//! The client of the chat store.

use std::fmt;
use std::sync::Arc;

use super::paths::StorePaths;
use super::renewal::Renewals;
use super::stats::{Counters, StoreStats};
use crate::config::CallOptions;
use crate::credentials::{GuardedProvider, Tokens};
use crate::http::HttpClient;

/// A client of the chat store, which keeps messages, workspaces and sessions.
///
/// Clones are cheap and share connections and renewed tokens. It works in a forked child as well, with connections of
/// the child's own. As a [`Sink`](crate::outbox::Sink) it receives the messages that an outbox delivers.
///
/// Every call needs tokens: its own ([`with_tokens`](Self::with_tokens)), the builder's, or those that a
/// [`TokenProvider`](crate::credentials::TokenProvider) returns for the user. An expired access token is renewed once,
/// however many calls find it stale, and each call is repeated. So each call can fail with `authentication`, which names
/// the stale token.
///
/// ```no_run
/// use turnwire::ChatStore;
/// use turnwire::conversation::StoreMessage;
///
/// # async fn run() -> turnwire::Result<()> {
/// let store = ChatStore::builder("http://localhost:8888").tokens("access", "refresh").build()?;
/// let workspace = store.create_workspace("user-1", "첫 대화").await?;
/// store.start_session(&workspace.id, "user-1").await?;
/// let message = StoreMessage::from_user(&workspace.id, "user-1", "안녕하세요", 1_764_660_000_000);
/// store.save(&message).await?;
/// store.count_message(&workspace.id).await?;
/// assert_eq!(store.history(&workspace.id).await?, [message]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ChatStore {
    pub(super) shared: Arc<Shared>,
    pub(super) options: Arc<CallOptions>,
    pub(super) identity: Identity,
}

/// The state that all clones share.
pub(super) struct Shared {
    pub(super) http: HttpClient,
    pub(super) paths: StorePaths,
    pub(super) older: bool,
    pub(super) extend_login: bool,
    pub(super) provider: Option<GuardedProvider>,
    pub(super) renewals: Renewals,
    pub(super) counters: Counters,
}

/// The user of a call, and the tokens.
#[derive(Clone, Debug, Default)]
pub(super) struct Identity {
    pub(super) tokens: Option<Tokens>,
    pub(super) user: Option<String>,
}

impl ChatStore {
    /// This client with these options for its calls, which override its own.
    #[must_use]
    pub fn with(&self, options: CallOptions) -> Self {
        ChatStore { options: Arc::new(self.options.merged(options)), ..self.clone() }
    }

    /// This client with these tokens.
    #[must_use]
    pub fn with_tokens(&self, tokens: Tokens) -> Self {
        let identity = Identity { tokens: Some(tokens), ..self.identity.clone() };
        ChatStore { identity, ..self.clone() }
    }

    /// This client for the user with this UUID, whose tokens the provider is asked for.
    #[must_use]
    pub fn for_user(&self, user: impl Into<String>) -> Self {
        let identity = Identity { user: Some(user.into()), ..self.identity.clone() };
        ChatStore { identity, ..self.clone() }
    }

    /// Returns true if there may be tokens for a call without its own.
    pub(crate) fn has_tokens(&self) -> bool {
        self.identity.tokens.is_some() || self.shared.provider.is_some()
    }

    /// Counters of the calls of this client and its clones, by outcome.
    pub fn stats(&self) -> StoreStats {
        self.shared.counters.read()
    }

    /// The identity of a call with a user of its own.
    pub(super) fn identity_for(&self, user: Option<&str>) -> Identity {
        let Identity { tokens, user: set } = self.identity.clone();
        Identity { tokens, user: set.or_else(|| user.map(str::to_owned)) }
    }
}

impl fmt::Debug for ChatStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChatStore")
            .field("http", &self.shared.http)
            .field("paths", &self.shared.paths)
            .field("options", &self.options)
            .field("identity", &self.identity)
            .finish_non_exhaustive()
    }
}
