//! The tokens of a service, from a file that may be replaced while the program runs, as a mounted secret is.

use std::path::{Path, PathBuf};

use turnwire::credentials::{TokenProvider, TokenRequest, Tokens};
use turnwire::{Error, ErrorKind, Result, async_trait};

/// A file with an access token, and a refresh token on the next line.
#[derive(Clone, Debug)]
pub struct TokenFile(PathBuf);

impl TokenFile {
    /// The tokens in this file, which is read when they are needed.
    pub fn new(path: &Path) -> Self {
        TokenFile(path.to_owned())
    }

    fn failed(&self, why: &str) -> Error {
        let why = format!("{} {why}", self.0.display());
        Error::new(ErrorKind::Callback, "courier.tokens", why)
    }
}

#[async_trait]
impl TokenProvider for TokenFile {
    /// The same for every user: the store accepts the service on their behalf.
    async fn tokens(&self, _: TokenRequest) -> Result<Option<Tokens>> {
        let text = tokio::fs::read_to_string(&self.0).await;
        let text = text.map_err(|error| self.failed(&format!("cannot be read: {error}")))?;
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        match (lines.next(), lines.next()) {
            (Some(access), Some(refresh)) => Ok(Some(Tokens::new(access, refresh))),
            _ => Err(self.failed("must have an access token and a refresh token, one a line")),
        }
    }
}
