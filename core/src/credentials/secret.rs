//! Text that must never be shown: API keys and tokens.

use std::fmt;

use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

/// A secret: its `Debug` prints `[redacted]`, it has no `Display`, and its memory is wiped when it is dropped.
///
/// ```
/// use turnwire::credentials::Secret;
///
/// let key = Secret::from("sk-123");
/// assert_eq!(format!("{key:?}"), "[redacted]");
/// ```
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// The secret itself, for the code that sends it.
    pub(crate) fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Secret(text.into())
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Secret(text.into())
    }
}

impl From<&String> for Secret {
    fn from(text: &String) -> Self {
        Secret(text.as_str().into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// A user's two tokens at the chat service and the chat store. `Debug` prints neither.
///
/// ```
/// use turnwire::credentials::Tokens;
///
/// let tokens = Tokens::new("access", "refresh");
/// assert_eq!(format!("{tokens:?}"), "Tokens { access: [redacted], refresh: [redacted] }");
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Tokens {
    /// Sent as `Authorization: Bearer …`.
    pub access: Secret,
    /// Sent as `RefreshToken: Bearer …`.
    pub refresh: Secret,
}

impl Tokens {
    /// Both tokens, without the word `Bearer`.
    pub fn new(access: impl Into<Secret>, refresh: impl Into<Secret>) -> Self {
        Tokens { access: access.into(), refresh: refresh.into() }
    }

    /// Returns true if both tokens are equal.
    pub(crate) fn same_as(&self, other: &Tokens) -> bool {
        self.access.expose() == other.access.expose()
            && self.refresh.expose() == other.refresh.expose()
    }

    /// The reason why the tokens cannot be sent, if there is one.
    pub(crate) fn fault(&self) -> Option<&'static str> {
        let both = [self.access.expose(), self.refresh.expose()];
        match () {
            () if both.iter().all(|token| token.trim().is_empty()) => Some("the tokens are empty"),
            () if both.iter().any(|token| HeaderValue::from_str(token).is_err()) => {
                Some("a token has characters that a header cannot carry")
            }
            () => None,
        }
    }

    /// The headers that carry the tokens.
    pub(crate) fn headers(&self) -> [(&'static str, Secret); 2] {
        let bearer = |token: &Secret| Secret::from(format!("Bearer {}", token.expose()));
        [("authorization", bearer(&self.access)), ("refreshtoken", bearer(&self.refresh))]
    }
}
