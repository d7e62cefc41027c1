//! A request and its response.

use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, Method, StatusCode};
use url::Url;

use super::body::Body;
use super::redact::shown;
use crate::config::CallOptions;
use crate::credentials::Tokens;

/// One request, sent in any number of attempts.
pub(crate) struct Request<'a> {
    /// The operation in its errors, such as `chat.stream`.
    pub(crate) operation: &'static str,
    pub(crate) method: Method,
    /// The path relative to the base URL.
    pub(crate) path: &'a str,
    /// Query parameters that are safe to show; those of the options count as secrets.
    pub(crate) query: &'a [(&'a str, &'a str)],
    pub(crate) accept: &'static str,
    /// The body, serialised once for all attempts; JSON unless `headers` say otherwise.
    pub(crate) body: Option<Bytes>,
    /// Further headers of this kind of request; no secrets.
    pub(crate) headers: &'static [(&'static str, &'static str)],
    /// Tokens besides the sent ones that a response may quote.
    pub(crate) known: &'a [&'a Tokens],
    /// True if the call has an `Idempotency-Key`, for services that know the header.
    pub(crate) keyed: bool,
    /// True if the request carries the caller's trace context.
    pub(crate) traced: bool,
    /// True if the response is read incrementally, so that the limits of streams apply.
    pub(crate) streamed: bool,
    pub(crate) repeat: Repeat,
    pub(crate) options: &'a CallOptions,
}

/// The rule for sending a request again after a transient failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// The retry policy applies: repeating the request is harmless, or the service recognises it by the idempotency
    /// key.
    ByPolicy,
    /// Only if the service has certainly not begun to process it, because it counts or creates something.
    WhileUntaken,
}

impl<'a> Request<'a> {
    /// A request without body or query, whose response is read as a whole.
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
            traced: true,
            streamed: false,
            repeat: Repeat::ByPolicy,
            options,
        }
    }
}

/// A response with status 2xx.
pub(crate) struct Response {
    pub(crate) status: StatusCode,
    /// The URL of the response, after redirects.
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Body,
}

/// The head of a successful response; empty for a reply that did not come from a response of this client. Its headers
/// may grant credentials: `Debug` prints only their names.
#[derive(Clone, Default, PartialEq)]
pub(crate) struct Head {
    pub(crate) status: StatusCode,
    pub(crate) url: Option<Url>,
    pub(crate) headers: HeaderMap,
}

impl Head {
    /// The URL of the response, with its query.
    pub(crate) fn url(&self) -> Option<&str> {
        self.url.as_ref().map(Url::as_str)
    }
}

impl fmt::Debug for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Head")
            .field("status", &self.status)
            // Its query may contain a key.
            .field("url", &self.url.as_ref().map(shown))
            .field("headers", &self.headers.keys().map(HeaderName::as_str).collect::<Vec<_>>())
            .finish()
    }
}
