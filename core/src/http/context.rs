//! What a call is about, for its errors.

use std::sync::Arc;

use serde_json::Value;

use super::failure;
use super::redact::Redactor;
use crate::error::ApiError;
use crate::{Error, ErrorKind};

/// What a call is about: everything that its errors tell besides what went wrong.
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
        Error::new(kind, self.operation, self.redactor.scrub(message.as_ref()))
            .with_target(self.target.clone())
            .with_request_id(self.request_id.clone())
            .with_attempts(self.attempts)
    }

    /// The error that a service reported inside a response that had begun as a success.
    pub(crate) fn api_error(&self, error: &Value) -> Error {
        let mut error = error.clone();
        self.redactor.scrub_value(&mut error);
        let text = error.to_string();
        let api = failure::api_error(&error)
            .unwrap_or_else(|| ApiError { message: text.clone(), ..ApiError::default() });
        self.error(ErrorKind::Api, &api.message)
            .with_retryable(failure::is_passing(&api))
            .with_api(api)
            .with_body(text)
    }

    /// The service's id of the request.
    pub(crate) fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// The start of `body` as one line, without secrets.
    pub(crate) fn excerpt(&self, body: &[u8]) -> String {
        failure::excerpt(&self.redactor.scrub(&String::from_utf8_lossy(body)))
    }
}
