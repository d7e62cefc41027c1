//! Where a user's tokens come from when a call has none, or none that are accepted any more.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::credentials::Tokens;
use crate::error::{Error, ErrorKind, Result};
use crate::guard::{self, Callback};

/// Gives tokens by user.
///
/// A closure is one:
///
/// ```
/// use turnwire::ChatStore;
/// use turnwire::credentials::{TokenRequest, Tokens};
///
/// # fn main() -> turnwire::Result<()> {
/// let store = ChatStore::builder("http://localhost:8888")
///     .token_provider(|asked: TokenRequest| async move {
///         let user = asked.user?;
///         Some(Tokens::new(format!("access of {user}"), format!("refresh of {user}")))
///     })
///     .build()?;
/// # let _ = store;
/// # Ok(())
/// # }
/// ```
pub trait TokenProvider: Send + Sync + 'static {
    /// The user's tokens; `None` when there are none at hand now, nor others than those that were refused.
    fn tokens(&self, asked: TokenRequest) -> impl Future<Output = Option<Tokens>> + Send;
}

/// Whose tokens are wanted.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct TokenRequest {
    /// The user's UUID; `None` when the call does not say whose it is.
    pub user: Option<String>,
    /// The tokens that a service has just refused, and could not be reissued: they need not be given again.
    pub refused: Option<Tokens>,
}

impl<F, T> TokenProvider for F
where
    F: Fn(TokenRequest) -> T + Send + Sync + 'static,
    T: Future<Output = Option<Tokens>> + Send,
{
    fn tokens(&self, asked: TokenRequest) -> impl Future<Output = Option<Tokens>> + Send {
        self(asked)
    }
}

/// A provider of any type.
#[derive(Clone)]
pub(crate) struct AnyProvider(Arc<dyn Provide>);

impl AnyProvider {
    pub(crate) fn new(provider: impl TokenProvider) -> Self {
        AnyProvider(Arc::new(provider))
    }

    /// The user's tokens, other than those that were refused.
    ///
    /// # Errors
    ///
    /// `authentication` when the provider panics: it may have tokens at another time.
    pub(crate) async fn tokens(
        &self,
        operation: &'static str,
        user: Option<&str>,
        refused: Option<&Tokens>,
    ) -> Result<Option<Tokens>> {
        let asked = TokenRequest { user: user.map(str::to_owned), refused: refused.cloned() };
        let given = guard::call(self.0.callback(), || self.0.tokens(asked)).await;
        let given = given.map_err(|panicked| {
            let why = format!("there are no tokens for this call: {panicked}");
            Error::new(ErrorKind::Authentication, operation, why)
        })?;
        Ok(given.filter(|tokens| refused.is_none_or(|refused| !tokens.same_as(refused))))
    }
}

impl std::fmt::Debug for AnyProvider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenProvider")
    }
}

/// The trait in the form that can be kept without its type.
trait Provide: Send + Sync {
    fn callback(&self) -> Callback;

    fn tokens(
        &self,
        asked: TokenRequest,
    ) -> Pin<Box<dyn Future<Output = Option<Tokens>> + Send + '_>>;
}

impl<P: TokenProvider> Provide for P {
    fn callback(&self) -> Callback {
        Callback::of::<P>("token provider")
    }

    fn tokens(
        &self,
        asked: TokenRequest,
    ) -> Pin<Box<dyn Future<Output = Option<Tokens>> + Send + '_>> {
        Box::pin(TokenProvider::tokens(self, asked))
    }
}
