//! The one error type: the operation, its target, the failure, and the remedy.
//!
//! Every fallible call of this crate returns [`Error`]. Its `Display` is one line:
//!
//! ```text
//! chat.stream: rate_limited: HTTP 429: Slow down (POST https://api.openai.com/v1/chat/completions, 3 attempts); wait, then call again
//! ──────────   ────────────  ───────────────────   ──────────────────────────────────────────────────────────   ────────────────────
//! operation    code          failure               target and context                                          remedy
//! ```
//!
//! - [`Error::kind`] and the stable [`Error::code`] identify the failure; [`ErrorKind`] lists them with their meanings.
//! - [`Error::is_retryable`] is true if the same call made later can succeed. The client's own retries are over by then.
//! - [`Error::partial`] is the text of a reply that broke off: a stream never loses what it has received.
//!   [`Error::usage`] is its cost, if the service counted it before.
//! - [`Error::api`] is the service's error object, parsed from whatever form the service uses.
//! - [`ErrorKind::user_message`] is a sentence for the end user, without server details.
//! - A secret (key, token, password in a URL) never shows in an error, its causes, or their `Debug`.
//!
//! ```
//! use turnwire::{Error, ErrorKind};
//!
//! fn status_for_browser(error: &Error) -> u16 {
//!     match error.kind() {
//!         ErrorKind::InvalidRequest => 400,
//!         ErrorKind::RateLimited | ErrorKind::OutboxFull => 429,
//!         _ if error.is_retryable() => 503,
//!         _ => 500,
//!     }
//! }
//!
//! let error = Error::new(ErrorKind::Truncated, "chat.stream", "the stream ended before the reply did");
//! assert_eq!((error.code(), status_for_browser(&error)), ("truncated", 503));
//! ```

mod api;
mod kind;
mod trouble;
mod usage;
mod words;

use std::error::Error as StdError;
use std::fmt::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, StatusCode};

pub use api::ApiError;
pub use kind::ErrorKind;
pub(crate) use trouble::{is_filled, may_report_error, names_an_error, reports_error};
pub use usage::TokenUsage;

/// A result whose error is [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The failure of a call.
///
/// Its `Display` is one line with the operation, its target, the failure and the remedy. It never contains a secret:
/// credentials are removed from URLs, messages and bodies beforehand.
///
/// Distinguish errors by [`kind`](Self::kind), by the stable [`code`](Self::code), or by the predicates.
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    operation: &'static str,
    message: String,
    target: Option<Arc<str>>,
    status: Option<StatusCode>,
    headers: Option<Arc<HeaderMap>>,
    request_id: Option<Arc<str>>,
    retry_after: Option<Duration>,
    attempts: u32,
    retryable: bool,
    api: Option<Arc<ApiError>>,
    body: Option<Arc<str>>,
    partial: Option<Arc<str>>,
    usage: Option<TokenUsage>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
    hint: Option<&'static str>,
}

impl Error {
    /// An error of `kind` in `operation`, for extensions of the library, such as your own
    /// [`Speaker`](crate::speech::Speaker). `message` must not contain a secret.
    pub fn new(kind: ErrorKind, operation: &'static str, message: impl Into<String>) -> Self {
        Error(Box::new(Inner {
            kind,
            operation,
            message: message.into(),
            target: None,
            status: None,
            headers: None,
            request_id: None,
            retry_after: None,
            attempts: 0,
            retryable: kind.is_retryable(),
            api: None,
            body: None,
            partial: None,
            usage: None,
            source: None,
            hint: None,
        }))
    }

    /// The kind of the failure.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The stable name of the failure; [`ErrorKind`] lists them.
    pub fn code(&self) -> &'static str {
        self.0.kind.code()
    }

    /// The operation that failed, such as `chat.stream`.
    pub fn operation(&self) -> &'static str {
        self.0.operation
    }

    /// The failure in words, without the context that `Display` adds.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Returns true if the same call made again later can succeed. The client's own retries are exhausted already.
    ///
    /// If [`partial`](Self::partial) is present, the service has done (and billed) a part of the work, and a new call
    /// starts from the beginning.
    pub fn is_retryable(&self) -> bool {
        self.0.retryable
    }

    /// Returns true if a time limit ended the call.
    pub fn is_timeout(&self) -> bool {
        use ErrorKind::*;
        matches!(
            self.0.kind,
            ConnectTimeout | HeadersTimeout | IdleTimeout | ContentTimeout | TotalTimeout
        )
    }

    /// Returns true if the service was not reached at all, so that it cannot have done anything.
    pub fn is_connect(&self) -> bool {
        matches!(self.0.kind, ErrorKind::Connect | ErrorKind::ConnectTimeout)
    }

    /// Returns true if the stream ended before the reply did.
    pub fn is_truncated(&self) -> bool {
        self.0.kind == ErrorKind::Truncated
    }

    /// Returns true if the caller cancelled the call.
    pub fn is_cancelled(&self) -> bool {
        self.0.kind == ErrorKind::Cancelled
    }

    /// The status of the HTTP response, if it was an error response.
    pub fn status(&self) -> Option<u16> {
        self.0.status.map(|s| s.as_u16())
    }

    /// The headers of the HTTP response, if it was an error response.
    pub fn headers(&self) -> Option<&HeaderMap> {
        self.0.headers.as_deref()
    }

    /// The service's request id (`x-request-id`), for its support.
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// The wait before the next attempt that the service requested.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// The number of times the request was sent.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// The error object that the service sent, if it sent one.
    pub fn api(&self) -> Option<&ApiError> {
        self.0.api.as_deref()
    }

    /// The body of the error response as received, up to [`Limits::error_body`](crate::config::Limits::error_body).
    pub fn body(&self) -> Option<&str> {
        self.0.body.as_deref()
    }

    /// The text of the reply received before the failure; `None` if the reply had not begun. It is the model's text,
    /// unchanged, for the caller to show; `Display` and `Debug` print only its length.
    pub fn partial(&self) -> Option<&str> {
        self.0.partial.as_deref()
    }

    /// The tokens of the reply that broke off, as far as the service counted them before the failure; `None` if it counted
    /// none.
    pub fn usage(&self) -> Option<TokenUsage> {
        self.0.usage
    }

    /// The target of the call, such as `POST http://localhost:5000/chat`.
    pub(crate) fn target(&self) -> Option<&str> {
        self.0.target.as_deref()
    }

    pub(crate) fn with_message(mut self, message: impl Into<String>) -> Self {
        self.0.message = message.into();
        self
    }

    pub(crate) fn with_target(mut self, target: Option<Arc<str>>) -> Self {
        self.0.target = target;
        self
    }

    pub(crate) fn with_status(mut self, status: StatusCode) -> Self {
        self.0.status = Some(status);
        self
    }

    pub(crate) fn with_headers(mut self, headers: HeaderMap) -> Self {
        self.0.headers = Some(Arc::new(headers));
        self
    }

    pub(crate) fn with_request_id(mut self, id: Option<Arc<str>>) -> Self {
        self.0.request_id = id;
        self
    }

    pub(crate) fn with_retry_after(mut self, wait: Option<Duration>) -> Self {
        self.0.retry_after = wait;
        self
    }

    pub(crate) fn with_attempts(mut self, attempts: u32) -> Self {
        self.0.attempts = attempts;
        self
    }

    pub(crate) fn with_retryable(mut self, retryable: bool) -> Self {
        self.0.retryable = retryable;
        self
    }

    pub(crate) fn with_api(mut self, api: ApiError) -> Self {
        self.0.api = Some(Arc::new(api));
        self
    }

    pub(crate) fn with_body(mut self, body: impl Into<Arc<str>>) -> Self {
        self.0.body = Some(body.into());
        self
    }

    pub(crate) fn with_partial(mut self, text: impl Into<Arc<str>>) -> Self {
        self.0.partial = Some(text.into());
        self
    }

    pub(crate) fn with_usage(mut self, usage: Option<TokenUsage>) -> Self {
        self.0.usage = usage.filter(TokenUsage::is_known);
        self
    }

    /// Replaces the kind's default hint with a more specific one.
    pub(crate) fn with_hint(mut self, hint: &'static str) -> Self {
        self.0.hint = Some(hint);
        self
    }

    pub(crate) fn with_source(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.0.source = Some(Arc::new(source));
        self
    }

    /// The same for a source of any type, which can be downcast to that type again.
    #[cfg(feature = "bridge")]
    pub(crate) fn with_boxed_source(mut self, source: Box<dyn StdError + Send + Sync>) -> Self {
        self.0.source = Some(source.into());
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let e = &*self.0;
        write!(f, "{}: {}: ", e.operation, e.kind)?;
        if let Some(status) = e.status {
            write!(f, "HTTP {}: ", status.as_u16())?;
        }
        write!(f, "{}", OneLine(&e.message))?;

        let mut context = Vec::new();
        context.extend(e.target.as_deref().map(str::to_owned));
        context.extend(e.request_id.as_ref().map(|id| format!("request id {id}")));
        context.extend((e.attempts > 1).then(|| format!("{} attempts", e.attempts)));
        context.extend(e.retry_after.map(|t| format!("retry after {} s", t.as_secs_f64())));
        context.extend(
            e.partial
                .as_ref()
                .map(|t| format!("received so far: {} characters", t.chars().count())),
        );
        if !context.is_empty() {
            write!(f, " ({})", context.join(", "))?;
        }
        write!(f, "; {}", e.hint.unwrap_or(e.kind.hint()))
    }
}

/// Text from outside as one line that cannot control a terminal: white space is folded, control characters are escaped.
struct OneLine<'a>(&'a str);

impl fmt::Display for OneLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words = self.0.split_whitespace();
        let mut write = |word: &str| {
            word.chars().try_for_each(|c| match c.is_control() {
                true => write!(f, "{}", c.escape_unicode()),
                false => f.write_char(c),
            })
        };
        write(words.next().unwrap_or("no message"))?;
        words.try_for_each(|word| {
            write(" ")?;
            write(word)
        })
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let e = &*self.0;
        let mut out = f.debug_struct("Error");
        out.field("code", &e.kind.code()).field("operation", &e.operation);
        out.field("message", &e.message).field("target", &e.target);
        out.field("status", &e.status).field("request_id", &e.request_id);
        out.field("retry_after", &e.retry_after).field("attempts", &e.attempts);
        out.field("api", &e.api);
        // The text of a conversation does not belong in a log.
        out.field("partial_bytes", &e.partial.as_ref().map(|t| t.len()));
        out.field("source", &e.source).finish_non_exhaustive()
    }
}

// Written by hand: a derived `source` would return the `Arc`, and hide the cause's type from `downcast_ref`.
impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_ref().map(|s| &**s as &(dyn StdError + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn display_is_one_line_whatever_a_service_says() {
        let hostile = "a\r\nb\u{1b}[31mred\u{7}\u{9b}";
        let error = Error::new(ErrorKind::Api, "chat", hostile);
        assert_eq!(
            error.to_string(),
            r"chat: api: a b\u{1b}[31mred\u{7}\u{9b}; see the service's message"
        );
        assert!(Error::new(ErrorKind::Api, "chat", " ").to_string().contains("no message"));
    }
}
