//! The kinds of errors, with stable codes.

use std::fmt;

/// Defines each kind in one table: its code, its retryability, its default hint, and its message for a user.
macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $kind:ident, $code:literal, $retryable:literal, $hint:literal, $user:literal;)+) => {
        /// The kind of an error. [`code`](Self::code) is its stable name in every language.
        ///
        /// | code | meaning | retryable |
        /// | --- | --- | --- |
        $(#[doc = concat!("| `", $code, "` |", $($doc,)+ " | ", $retryable, " |")])+
        ///
        /// *Retryable*: the same call made again later can succeed. The service's answer may override this for one
        /// error: see [`Error::is_retryable`](crate::error::Error::is_retryable).
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

            /// Returns true if the same call made again later can succeed.
            pub fn is_retryable(self) -> bool {
                match self { $(ErrorKind::$kind => $retryable,)+ }
            }

            /// A sentence for the end user in the conversation: in English, and without server details such as hosts,
            /// services and their messages. Programs in another language choose their own words by
            /// [`code`](Self::code).
            pub fn user_message(self) -> &'static str {
                match self { $(ErrorKind::$kind => $user,)+ }
            }

            /// The default hint: one thing that a caller can do about it.
            pub(super) fn hint(self) -> &'static str {
                match self { $(ErrorKind::$kind => $hint,)+ }
            }
        }
    };
}

kinds! {
    /// An option or an environment variable is invalid, or the object was shut down; nothing was sent.
    Config, "config", false, "correct the setting",
        "The assistant is not available right now.";
    /// The request could not be encoded as JSON or as HTTP; nothing was sent.
    InvalidRequest, "invalid_request", false, "correct the request",
        "The message could not be sent as it is.";
    /// No connection could be established: DNS, TCP, TLS or the proxy failed.
    Connect, "connect", true, "check the base URL, the network and the proxy settings",
        "The assistant cannot be reached right now. Please try again later.";
    /// The connection broke.
    Connection, "connection", true, "call again",
        "The answer broke off. Please try again.";
    /// No connection was established within `Timeouts::connect`.
    ConnectTimeout, "connect_timeout", true, "check the network, or allow a longer connect limit",
        "The assistant cannot be reached right now. Please try again later.";
    /// No response began within `Timeouts::headers`.
    HeadersTimeout, "headers_timeout", true, "call again, or allow a longer headers limit",
        "The answer took too long. Please try again.";
    /// A stream sent nothing for `Timeouts::idle`.
    IdleTimeout, "idle_timeout", true, "call again, or allow a longer idle limit",
        "The answer took too long. Please try again.";
    /// A stream sent no content for `Timeouts::content`, only keep-alives or nothing.
    ContentTimeout, "content_timeout", true, "call again, or allow a longer content limit",
        "The answer took too long. Please try again.";
    /// The call did not end within `Timeouts::total` (or `stream_total`).
    TotalTimeout, "total_timeout", true, "call again, or allow a longer total limit",
        "The answer took too long. Please try again.";
    /// The service redirects to a target to which credentials or a body must not be sent.
    Redirect, "redirect", false, "set the base URL to the service's real address",
        "The assistant is not available right now.";
    /// Status 400: the service does not accept the request.
    BadRequest, "bad_request", false, "correct the request",
        "The message could not be sent as it is.";
    /// Status 401: the credentials are missing or wrong.
    Authentication, "authentication", false, "check the API key or the tokens",
        "The assistant is not available right now.";
    /// Status 403: the credentials do not allow this.
    PermissionDenied, "permission_denied", false, "use credentials that allow this",
        "The assistant is not available right now.";
    /// Status 404: no such path or model; or the embedded store has no such workspace.
    NotFound, "not_found", false, "check the base URL and the model's name",
        "The assistant is not available right now.";
    /// Status 409: the request conflicts with another.
    Conflict, "conflict", true, "call again",
        "The assistant is busy. Please wait a moment and try again.";
    /// Status 422: the service understands the request but cannot process it.
    Unprocessable, "unprocessable", false, "correct the request",
        "The message could not be sent as it is.";
    /// Status 429: too many requests.
    RateLimited, "rate_limited", true, "wait, then call again",
        "The assistant is busy. Please wait a moment and try again.";
    /// Status 429 with code `insufficient_quota`: the account's quota is exhausted.
    InsufficientQuota, "insufficient_quota", false, "raise the account's quota",
        "The assistant is not available right now.";
    /// Status 5xx: the service failed.
    Server, "server", true, "call again later",
        "The assistant could not answer. Please try again later.";
    /// Any other status that is not a success.
    Status, "status", false, "check the base URL, and proxies on the way to the service",
        "The assistant is not available right now.";
    /// The service reported an error inside a response that had begun as a success.
    Api, "api", false, "see the service's message",
        "The assistant could not answer. Please try again later.";
    /// A response that cannot be parsed as expected, such as JSON of another form.
    Decode, "decode", false, "check that the service speaks this protocol",
        "The assistant is not available right now.";
    /// An event of a stream, or a reply, whose JSON is incomplete or damaged.
    Garbled, "garbled", true, "call again; the text received so far is on the error",
        "The answer broke off. Please try again.";
    /// A response of another kind than the requested one, such as an HTML page.
    UnexpectedReply, "unexpected_reply", false, "check the base URL, and proxies on the way to the service",
        "The assistant is not available right now.";
    /// The service sent more than `Limits` allows.
    TooLarge, "too_large", false, "raise the client's `limits` if this size is expected",
        "The answer became too long.";
    /// The stream ended before the reply did.
    Truncated, "truncated", true, "call again; the text received so far is on the error",
        "The answer broke off. Please try again.";
    /// The caller cancelled the call.
    Cancelled, "cancelled", false, "nothing: the call was cancelled on purpose",
        "The answer was stopped.";
    /// The call belongs to the process that this one was forked from.
    Forked, "forked", false, "repeat the call in this process",
        "The assistant is not available right now.";
    /// A function of the host language, such as a sentiment or a speaker, raised an exception or never returned.
    Callback, "callback", false, "correct that function; if it raised an exception, that is the cause of this error",
        "The assistant could not answer. Please try again later.";
    /// The outbox holds as much as its limits allow.
    OutboxFull, "outbox_full", true, "wait until records are delivered, or allow larger limits",
        "This could not be saved right now.";
    /// The file of an outbox or of the embedded store cannot be created, opened, read or written.
    Storage, "storage", false, "check the file, its directory and the space on the disk",
        "This could not be saved right now.";
    /// A file cannot be written.
    File, "file", false, "check the path, the permissions and the disk",
        "This could not be saved right now.";
    /// A structured reply does not have the requested structure.
    Structure, "structure", false, "check the schema, and the reply's refusal and finish reason",
        "The answer could not be used. Please try again.";
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}
