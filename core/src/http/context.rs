//! The context of a call, for its errors.

use std::error::Error as StdError;
use std::sync::Arc;

use http::{HeaderMap, HeaderValue};
use serde_json::Value;

use super::cause::Cause;
use super::excerpt::{EXCERPT_OF, excerpt};
use super::names::REQUEST_ID;
use crate::error::{ApiError, Error, ErrorKind};
use crate::redact::{CREDENTIAL_HEADERS, Redactor};

/// The context of a call: everything that its errors report besides the failure itself.
#[derive(Clone)]
pub(crate) struct Context {
    pub(super) operation: &'static str,
    pub(super) target: Option<Arc<str>>,
    pub(super) request_id: Option<Arc<str>>,
    pub(super) attempts: u32,
    pub(super) redactor: Redactor,
}

impl Context {
    /// The context of a stream that another client has opened.
    pub(crate) fn foreign(operation: &'static str) -> Self {
        Context {
            operation,
            target: None,
            request_id: None,
            attempts: 0,
            redactor: Redactor::default(),
        }
    }

    /// An error of this call. Secrets are removed from `message`.
    pub(crate) fn error(&self, kind: ErrorKind, message: impl AsRef<str>) -> Error {
        let target = self.target.as_deref().map(|target| self.redactor.scrub(target).into());
        Error::new(kind, self.operation, self.redactor.scrub(message.as_ref()))
            .with_target(target)
            .with_request_id(self.request_id.clone())
            .with_attempts(self.attempts)
    }

    /// An error of this call with its cause, whose text is kept only if it contains no secret.
    pub(crate) fn caused(
        &self,
        kind: ErrorKind,
        message: impl AsRef<str>,
        source: impl StdError + Send + Sync + 'static,
    ) -> Error {
        let error = self.error(kind, message);
        match Cause::unless_clean(&source, &self.redactor) {
            None => error.with_source(source),
            Some(cause) => error.with_source(cause),
        }
    }

    /// The error that a service reported inside a response that had begun as a success: its JSON, or its text.
    pub(crate) fn api_error(&self, told: &Value) -> Error {
        let text = told.as_str().map_or_else(|| told.to_string(), str::to_owned);
        let text = self.redactor.scrub_body(text.as_bytes());
        let mut api = ApiError::from_json(told).unwrap_or_else(|| ApiError::of_text(&text));
        self.redactor.scrub_api(&mut api);
        self.error(ErrorKind::Api, &api.message)
            .with_retryable(api.is_transient())
            .with_api(api)
            .with_body(text)
    }

    /// The error that a service reported as a text, with a code that may be one of [`ErrorKind`].
    pub(crate) fn told(&self, message: &str, code: Option<&str>) -> Error {
        let error = self.error(ErrorKind::Api, message);
        let Some(code) = code else { return error };
        let mut api = ApiError::coded(message, code);
        let kind = ErrorKind::ALL.iter().find(|kind| kind.code() == code);
        let passes = kind.map_or_else(|| api.is_transient(), |kind| kind.is_retryable());
        self.redactor.scrub_api(&mut api);
        error.with_retryable(passes).with_api(api)
    }

    /// Records a response's headers: the request id, with secrets removed, and the credentials that it grants.
    pub(super) fn record_headers(&mut self, headers: &mut HeaderMap) {
        for name in CREDENTIAL_HEADERS {
            let fresh = headers.get(*name).and_then(|value| value.to_str().ok());
            fresh.into_iter().for_each(|fresh| self.redactor.add_value(name, fresh));
        }
        let id = headers.get(REQUEST_ID).and_then(|id| id.to_str().ok());
        let Some(shown) = id.map(|id| self.redactor.scrub(id)) else { return };
        if let Ok(value) = HeaderValue::from_str(&shown) {
            headers.insert(REQUEST_ID, value);
        }
        self.request_id = Some(shown.into());
    }

    /// The service's id of the request.
    pub(crate) fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// The start of `body`, which may be incomplete, as one line without secrets.
    pub(crate) fn excerpt(&self, body: &[u8]) -> String {
        let start = body.get(..EXCERPT_OF).unwrap_or(body);
        excerpt(&self.redactor.scrub_start(start))
    }

    /// Text of this call without secrets, for logs.
    pub(crate) fn scrub(&self, text: &str) -> String {
        self.redactor.scrub(text)
    }
}
