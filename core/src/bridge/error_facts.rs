//! An error as data, for the error classes of a host language.

use serde::Serialize;
use serde_json::{Map, Value};

use super::head::pairs;
use crate::error::{ApiError, Error, TokenUsage};

/// All facts of an error. In JSON the fields have these names; those without a value are null.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ErrorFacts {
    /// The stable code of the error's kind.
    pub code: &'static str,
    /// The whole line of `Display`.
    pub line: String,
    /// The operation that failed, such as `chat.stream`.
    pub operation: &'static str,
    /// The message without its context.
    pub message: String,
    /// The status of the error response, if there was one.
    pub status: Option<u16>,
    /// The headers of that response, in order.
    pub headers: Option<Vec<(String, String)>>,
    /// The service's id of the request.
    pub request_id: Option<String>,
    /// True if the same call can succeed later.
    pub retryable: bool,
    /// The wait that the service requested, in seconds.
    pub retry_after: Option<f64>,
    /// The number of times that the request was sent.
    pub attempts: u32,
    /// The reply's text before it broke.
    pub partial: Option<String>,
    /// The tokens of the reply before it broke, as far as the service counted them.
    pub usage: Option<TokenUsage>,
    /// The service's error object, with all its fields.
    pub api: Option<Map<String, Value>>,
    /// The body of the response, unchanged.
    pub body: Option<String>,
}

impl ErrorFacts {
    /// The facts as one JSON object.
    pub fn to_json(&self) -> String {
        // Only string keys and finite numbers, so serialisation cannot fail.
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl From<&Error> for ErrorFacts {
    fn from(error: &Error) -> Self {
        ErrorFacts {
            code: error.code(),
            line: error.to_string(),
            operation: error.operation(),
            message: error.message().to_owned(),
            status: error.status(),
            headers: error.headers().map(pairs),
            request_id: error.request_id().map(str::to_owned),
            retryable: error.is_retryable(),
            retry_after: error.retry_after().map(|wait| wait.as_secs_f64()),
            attempts: error.attempts(),
            partial: error.partial().map(str::to_owned),
            usage: error.usage(),
            api: error.api().map(ApiError::fields).cloned(),
            body: error.body().map(str::to_owned),
        }
    }
}
