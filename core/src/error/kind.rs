//! What can go wrong, as stable codes.

use std::fmt;

/// Defines the kinds with their code, their default hint, and whether trying again can help, in one table.
macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $kind:ident, $code:literal, $retryable:literal, $hint:literal;)+) => {
        /// What went wrong. [`code`](Self::code) is its stable name in every language.
        ///
        /// | code | meaning | retryable |
        /// | --- | --- | --- |
        $(#[doc = concat!("| `", $code, "` |", $($doc,)+ " | ", $retryable, " |")])+
        ///
        /// *Retryable*: the same call made again later can succeed. The service may know better for one error:
        /// [`Error::is_retryable`](crate::Error::is_retryable) heeds it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ErrorKind {
            $($(#[doc = $doc])+ $kind,)+
        }

        impl ErrorKind {
            /// Every kind, in the order of the table.
            pub const ALL: &[ErrorKind] = &[$(ErrorKind::$kind,)+];

            /// The stable name of this kind.
            pub fn code(self) -> &'static str {
                match self { $(ErrorKind::$kind => $code,)+ }
            }

            /// Whether the same call made again later can succeed.
            pub fn is_retryable(self) -> bool {
                match self { $(ErrorKind::$kind => $retryable,)+ }
            }

            /// What a caller can do about it.
            pub(super) fn hint(self) -> &'static str {
                match self { $(ErrorKind::$kind => $hint,)+ }
            }
        }
    };
}

kinds! {
    /// An option or the environment is not usable; nothing was sent.
    Config, "config", false, "correct the setting";
    /// The request could not be written as JSON or as HTTP; nothing was sent.
    InvalidRequest, "invalid_request", false, "correct the request";
    /// No connection could be made: DNS, TCP, TLS or the proxy failed.
    Connect, "connect", true, "check the base URL, the network and the proxy settings";
    /// The connection broke.
    Connection, "connection", true, "call again";
    /// No connection stood within `Timeouts::connect`.
    ConnectTimeout, "connect_timeout", true, "check the network, or allow a longer connect limit";
    /// No response began within `Timeouts::headers`.
    HeadersTimeout, "headers_timeout", true, "call again, or allow a longer headers limit";
    /// A stream sent nothing for `Timeouts::idle`.
    IdleTimeout, "idle_timeout", true, "call again, or allow a longer idle limit";
    /// A stream sent no content for `Timeouts::content`, at most keep-alives.
    ContentTimeout, "content_timeout", true, "call again, or allow a longer content limit";
    /// The call did not end within `Timeouts::total` (or `stream_total`).
    TotalTimeout, "total_timeout", true, "call again, or allow a longer total limit";
    /// The service redirects to where credentials or a body must not follow.
    Redirect, "redirect", false, "set the base URL to where the service really is";
    /// Status 400: the service does not accept the request.
    BadRequest, "bad_request", false, "correct the request";
    /// Status 401: the credentials are missing or wrong.
    Authentication, "authentication", false, "check the API key or the tokens";
    /// Status 403: the credentials do not allow this.
    PermissionDenied, "permission_denied", false, "use credentials that allow this";
    /// Status 404: no such path or model.
    NotFound, "not_found", false, "check the base URL and the model's name";
    /// Status 409: the request conflicts with another.
    Conflict, "conflict", true, "call again";
    /// Status 422: the service understands the request but cannot process it.
    Unprocessable, "unprocessable", false, "correct the request";
    /// Status 429: too many requests.
    RateLimited, "rate_limited", true, "wait, then call again";
    /// Status 429 with code `insufficient_quota`: the account is used up.
    InsufficientQuota, "insufficient_quota", false, "raise the account's quota";
    /// Status 5xx: the service failed.
    Server, "server", true, "call again later";
    /// Any other status that is not a success.
    Status, "status", false, "check the base URL and what stands between you and the service";
    /// The service reported an error inside a response that had begun as a success.
    Api, "api", false, "see the service's message";
    /// A response that cannot be read as what it should be, such as malformed JSON.
    Decode, "decode", false, "check that the service speaks this protocol";
    /// A response of another kind than the one asked for, such as an HTML page.
    UnexpectedReply, "unexpected_reply", false, "check the base URL and what stands between you and the service";
    /// The service sent more than `Limits` allows.
    TooLarge, "too_large", false, "allow a larger limit if this size is expected";
    /// The stream ended before the reply did.
    Truncated, "truncated", true, "call again; what was received is kept on the error";
    /// The caller cancelled the call.
    Cancelled, "cancelled", false, "nothing: the call was cancelled on purpose";
    /// The call belongs to the process that this one was forked from.
    Forked, "forked", false, "make the call anew in this process";
    /// The outbox holds as much as its limits allow.
    OutboxFull, "outbox_full", true, "wait until records are delivered, or allow larger limits";
    /// The outbox's file cannot be made, opened, read or written.
    Storage, "storage", false, "check the file, its directory and the space on the disk";
    /// A file cannot be written.
    File, "file", false, "check the path, the permissions and the disk";
    /// A structured reply does not have the structure asked for.
    Structure, "structure", false, "check the schema, and the reply's refusal and finish reason";
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}
