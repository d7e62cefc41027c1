//! Failed responses and transport failures as [`Error`]s.

use std::error::Error as StdError;
use std::io;
use std::time::SystemTime;

use http::{HeaderMap, StatusCode};
use hyper_util::client::legacy;

use super::chain::chain;
use super::connect_error::{LimitStruck, Refusal};
use super::context::Context;
use super::excerpt::excerpt;
use super::redact::shown_headers;
use super::retry_after::{retry_after, should_retry};
use crate::error::{ApiError, Error, ErrorKind};

/// The error for a response with this status and body. `body` may be truncated, HTML, or empty: the status is never
/// lost.
pub(super) fn from_response(
    context: &Context,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
) -> Error {
    let mut api = parse_api_error(&String::from_utf8_lossy(body));
    if let Some(api) = &mut api {
        context.redactor.scrub_api(api);
    }
    let body = context.redactor.scrub_body(body);
    let kind = kind_of(status, api.as_ref());
    let reason = status.canonical_reason().unwrap_or("no reason given");
    let message = match &api {
        Some(api) => api.message.clone(),
        None if body.trim().is_empty() => reason.to_owned(),
        None => format!("{reason}: {}", excerpt(&body)),
    };
    let mut error = context
        .error(kind, message)
        .with_status(status)
        .with_headers(shown_headers(&context.redactor, headers))
        .with_retry_after(retry_after(headers, SystemTime::now()))
        .with_body(body);
    if let Some(api) = api {
        error = error.with_api(api);
    }
    let passing = status == StatusCode::REQUEST_TIMEOUT || error.is_retryable();
    error.with_retryable(should_retry(headers).unwrap_or(passing))
}

fn kind_of(status: StatusCode, api: Option<&ApiError>) -> ErrorKind {
    let says = |word| {
        api.is_some_and(|a| a.code.as_deref() == Some(word) || a.kind.as_deref() == Some(word))
    };
    match status.as_u16() {
        400 => ErrorKind::BadRequest,
        401 => ErrorKind::Authentication,
        403 => ErrorKind::PermissionDenied,
        404 => ErrorKind::NotFound,
        409 => ErrorKind::Conflict,
        422 => ErrorKind::Unprocessable,
        429 if says("insufficient_quota") => ErrorKind::InsufficientQuota,
        429 => ErrorKind::RateLimited,
        500.. => ErrorKind::Server,
        _ => ErrorKind::Status,
    }
}

/// The error in a body, if it is JSON.
fn parse_api_error(body: &str) -> Option<ApiError> {
    ApiError::from_json(&serde_json::from_str(body).ok()?)
}

/// A failure to send a request, before any response.
pub(super) fn from_send(context: &Context, error: legacy::Error) -> Error {
    let is_late = chain(&error).any(|e| {
        e.is::<LimitStruck>()
            || e.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::TimedOut)
    });
    let (kind, what) = match (error.is_connect(), is_late) {
        (true, true) => {
            (ErrorKind::ConnectTimeout, "no connection was made within the connect limit")
        }
        (true, false) => (ErrorKind::Connect, "no connection could be made"),
        _ => (ErrorKind::Connection, "the connection broke before a response began"),
    };
    // A proxy that refuses this client, or this service, would refuse again on a retry.
    let refusal = chain(&error).find_map(|e| e.downcast_ref::<Refusal>());
    let is_final = refusal.is_some_and(|refusal| !refusal.is_transient());
    let error = transport(context, kind, what, error);
    if is_final { error.with_retryable(false) } else { error }
}

/// A failure while reading a response's body.
pub(super) fn from_body(context: &Context, error: hyper::Error) -> Error {
    let is_cut = chain(&error).any(|e| {
        e.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::UnexpectedEof)
    });
    if is_cut {
        return context.caused(ErrorKind::Truncated, CUT, error);
    }
    // After the headers, h2 itself resets a stream for no other reason.
    let is_of_wrong_length = chain(&error)
        .filter_map(|e| e.downcast_ref::<h2::Error>())
        .any(|e| e.is_reset() && e.is_library() && e.reason() == Some(h2::Reason::PROTOCOL_ERROR));
    if is_of_wrong_length {
        let why = "the body is shorter or longer than the service's content-length";
        return context.caused(ErrorKind::Truncated, why, error);
    }
    transport(
        context,
        ErrorKind::Connection,
        "the connection broke in the middle of the response",
        error,
    )
}

/// The error for a body that ended too early.
pub(super) fn truncated(context: &Context) -> Error {
    context.error(ErrorKind::Truncated, CUT)
}

const CUT: &str = "the service closed the response before its end";

fn transport(
    context: &Context,
    kind: ErrorKind,
    what: &str,
    error: impl StdError + Send + Sync + 'static,
) -> Error {
    let mut message = what.to_owned();
    // hyper's client adds only the kind of the failure.
    let skipped = usize::from(error.source().is_some());
    for e in chain(&error).skip(skipped) {
        let text = e.to_string();
        // Wrappers often repeat the text of the error that they wrap.
        if !message.ends_with(&text) {
            message = format!("{message}: {text}");
        }
    }
    context.caused(kind, message, error)
}
