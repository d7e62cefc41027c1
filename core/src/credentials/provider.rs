//! The source of a user's tokens when a call has none, or when its tokens are no longer accepted.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use async_trait::async_trait;

use crate::credentials::Tokens;
use crate::error::{Error, ErrorKind, Result};
use crate::guard::{self, Callback};

/// A source of users' tokens, such as your own session store.
///
/// A closure works (see [the module's page](crate::credentials)); a type implements the trait:
///
/// ```
/// use turnwire::ChatStore;
/// use turnwire::async_trait;
/// use turnwire::credentials::{TokenProvider, TokenRequest, Tokens};
///
/// struct Sessions;
///
/// #[async_trait]
/// impl TokenProvider for Sessions {
///     async fn tokens(&self, asked: TokenRequest) -> turnwire::Result<Option<Tokens>> {
///         Ok(asked.user.map(|user| Tokens::new(format!("access of {user}"), format!("refresh of {user}"))))
///     }
/// }
///
/// # fn main() -> turnwire::Result<()> {
/// let store = ChatStore::builder("http://localhost:8888").token_provider(Sessions).build()?;
/// # let _ = store;
/// # Ok(())
/// # }
/// ```
#[async_trait]
pub trait TokenProvider: Send + Sync {
    /// Returns the user's tokens; `None` when there are none now, or only the rejected ones.
    ///
    /// # Errors
    ///
    /// Any error: the call that needs the tokens fails with it.
    async fn tokens(&self, asked: TokenRequest) -> Result<Option<Tokens>>;
}

/// A request for a user's tokens.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct TokenRequest {
    /// The user's UUID; `None` when the call does not name its user.
    pub user: Option<String>,
    /// The tokens that a service has just rejected, and that could not be reissued. Returning the same tokens counts as
    /// `None`.
    pub refused: Option<Tokens>,
}

#[async_trait]
impl<F, T> TokenProvider for F
where
    F: Fn(TokenRequest) -> T + Send + Sync,
    T: Future<Output = Result<Option<Tokens>>> + Send + 'static,
{
    async fn tokens(&self, asked: TokenRequest) -> Result<Option<Tokens>> {
        self(asked).await
    }
}

#[async_trait]
impl<T: TokenProvider + ?Sized> TokenProvider for Arc<T> {
    async fn tokens(&self, asked: TokenRequest) -> Result<Option<Tokens>> {
        (**self).tokens(asked).await
    }
}

#[async_trait]
impl TokenProvider for Box<dyn TokenProvider> {
    async fn tokens(&self, asked: TokenRequest) -> Result<Option<Tokens>> {
        (**self).tokens(asked).await
    }
}

/// The credentials of a client: its own tokens, and the provider of other tokens.
#[derive(Clone, Debug, Default)]
pub(crate) struct Credentials {
    pub(crate) tokens: Option<Tokens>,
    pub(crate) provider: Option<GuardedProvider>,
}

/// A provider whose panics become errors that name it.
#[derive(Clone)]
pub(crate) struct GuardedProvider {
    provider: Arc<dyn TokenProvider>,
    callback: Callback,
}

impl GuardedProvider {
    pub(crate) fn new<P: TokenProvider + 'static>(provider: P) -> Self {
        let callback = Callback::of::<P>("token provider");
        GuardedProvider { provider: Arc::new(provider), callback }
    }

    /// The user's tokens, other than the rejected ones.
    ///
    /// # Errors
    ///
    /// The provider's own error; `authentication` when it panics, because a later call may succeed.
    pub(crate) async fn tokens(
        &self,
        operation: &'static str,
        user: Option<&str>,
        refused: Option<&Tokens>,
    ) -> Result<Option<Tokens>> {
        let asked = TokenRequest { user: user.map(str::to_owned), refused: refused.cloned() };
        let given = guard::call(self.callback, || self.provider.tokens(asked)).await;
        let given = given.map_err(|panicked| {
            let why = format!("this call has no tokens: {panicked}");
            Error::new(ErrorKind::Authentication, operation, why)
        })??;
        Ok(given.filter(|tokens| refused.is_none_or(|refused| !tokens.same_as(refused))))
    }
}

impl fmt::Debug for GuardedProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenProvider")
    }
}
