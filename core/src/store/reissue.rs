//! The call that renews tokens.

use bytes::Bytes;
use http::{HeaderMap, Method};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;

use super::client::ChatStore;
use super::renewal::Stale;
use super::stats::count;
use super::wrapped;
use crate::config::CallOptions;
use crate::credentials::{Secret, Tokens};
use crate::error::{Error, ErrorKind, Result};
use crate::http::Request;

/// The operation name in errors of a renewal.
pub(super) const REISSUE: &str = "store.reissue";

impl ChatStore {
    /// Requests new tokens from the store to replace stale ones: an access token for a valid refresh token; or, when the
    /// login is to be extended, a refresh token for a valid access token.
    ///
    /// Calls do this automatically. Tokens that the store does not renew stay unchanged.
    ///
    /// # Errors
    ///
    /// `authentication` when the store renews none of them; otherwise any [`ErrorKind`] except those of streams.
    pub async fn reissue(&self, tokens: &Tokens) -> Result<Tokens> {
        let paths = &self.shared.paths;
        let mut options = CallOptions::new();
        let path = match self.shared.older {
            true => &paths.refresh_token,
            false => &paths.reissue,
        };
        for (name, value) in tokens.headers() {
            options = options.header(name, value);
        }
        let extend = if self.shared.extend_login { "true" } else { "false" };
        let options = self.options.merged(options).header("extendlogin", extend);
        let mut request = Request::new(REISSUE, Method::POST, path, &options);
        if self.shared.older {
            let body = json!({"refreshToken": tokens.refresh.expose()});
            request.body = Some(Bytes::from(body.to_string()));
        }
        let response = self.shared.http.send(request).await.map_err(Stale::explain)?;
        let renewed = match self.shared.older {
            true => {
                let pair = wrapped::read::<Pair>(&self.shared.http, response).await?.data;
                pair.map(|pair| Tokens::new(pair.access, pair.refresh))
            }
            false => {
                let headers =
                    wrapped::read::<IgnoredAny>(&self.shared.http, response).await?.headers;
                from_headers(&headers, tokens)
            }
        };
        let why = "the store's answer carries no new token";
        let renewed = renewed.ok_or_else(|| Error::new(ErrorKind::Decode, REISSUE, why))?;
        count(&self.shared.counters.reissued);
        Ok(renewed)
    }
}

/// The response of an older store.
#[derive(Deserialize)]
struct Pair {
    #[serde(rename = "accessToken")]
    access: String,
    #[serde(rename = "refreshToken")]
    refresh: String,
}

/// The tokens, updated with those in the headers; `None` if the headers have none.
fn from_headers(headers: &HeaderMap, tokens: &Tokens) -> Option<Tokens> {
    let bearer = |name: &str| {
        let value = headers.get(name)?.to_str().ok()?.trim();
        let (scheme, token) = value.split_once(' ')?;
        let token = Some(token.trim()).filter(|token| !token.is_empty());
        token.filter(|_| scheme.eq_ignore_ascii_case("bearer")).map(Secret::from)
    };
    let (access, refresh) = (bearer("authorization"), bearer("refreshtoken"));
    (access.is_some() || refresh.is_some()).then(|| Tokens {
        access: access.unwrap_or_else(|| tokens.access.clone()),
        refresh: refresh.unwrap_or_else(|| tokens.refresh.clone()),
    })
}
