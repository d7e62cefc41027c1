//! A request and its response, as the rooms above see them.

use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, Method, StatusCode};
use url::Url;

use super::body::Body;
use super::redact::shown;
use crate::config::CallOptions;
use crate::credentials::Tokens;

/// One request, whatever number of attempts it takes.
pub(crate) struct Request<'a> {
    /// What errors call it, such as `chat.stream`.
    pub(crate) operation: &'static str,
    pub(crate) method: Method,
    /// Below the base URL.
    pub(crate) path: &'a str,
    /// Parameters of the query that may be shown; those of the options are taken for secrets.
    pub(crate) query: &'a [(&'a str, &'a str)],
    pub(crate) accept: &'static str,
    /// The body, serialised once for all attempts; JSON unless `headers` say otherwise.
    pub(crate) body: Option<Bytes>,
    /// What this kind of request sends besides; no secrets.
    pub(crate) headers: &'static [(&'static str, &'static str)],
    /// Tokens that an answer may quote besides those that are sent.
    pub(crate) known: &'a [&'a Tokens],
    /// Whether the call is told from others by an `Idempotency-Key`, for services that know the header.
    pub(crate) keyed: bool,
    /// Whether the response is read as it comes, so that the limits of streams hold.
    pub(crate) streamed: bool,
    pub(crate) repeat: Repeat,
    pub(crate) options: &'a CallOptions,
}

/// Whether a request that failed in passing is sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// As the retry policy says: doing what it asks for twice is harmless, or the service tells by the idempotency key.
    ByPolicy,
    /// Only as long as it is certain that the service has not begun with it: it counts or creates something.
    WhileUntaken,
}

impl<'a> Request<'a> {
    /// A request without body or query, whose response is read whole.
    pub(crate) fn new(
        operation: &'static str,
        method: Method,
        path: &'a str,
        options: &'a CallOptions,
    ) -> Self {
        Request {
            operation,
            keyed: method == Method::POST,
            method,
            path,
            query: &[],
            accept: "application/json",
            body: None,
            headers: &[],
            known: &[],
            streamed: false,
            repeat: Repeat::ByPolicy,
            options,
        }
    }
}

/// A response of status 2xx.
pub(crate) struct Response {
    pub(crate) status: StatusCode,
    /// Where it came from, after redirects.
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Body,
}

/// The head of a good response, for those who keep it; empty for a reply that came in no response of ours. Its headers may
/// hand out credentials: `Debug` shows their names alone.
#[derive(Clone, Default, PartialEq)]
pub(crate) struct Head {
    pub(crate) status: StatusCode,
    pub(crate) url: Option<Url>,
    pub(crate) headers: HeaderMap,
}

impl Head {
    /// Where the response came from, with its query.
    pub(crate) fn url(&self) -> Option<&str> {
        self.url.as_ref().map(Url::as_str)
    }
}

impl fmt::Debug for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Head")
            .field("status", &self.status)
            // Its query may hold a key.
            .field("url", &self.url.as_ref().map(shown))
            .field("headers", &self.headers.keys().map(HeaderName::as_str).collect::<Vec<_>>())
            .finish()
    }
}
