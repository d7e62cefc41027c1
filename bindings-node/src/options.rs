//! The options of calls, as JavaScript gives them. Options that are not set have core's defaults.

use std::time::Duration;

use napi_derive::napi;
use turnwire::bridge::settings::{self, Names};
use turnwire::config::CallOptions;

use crate::json::thrown;

/// The operation name in errors.
const OPERATION: &str = "call.options";

/// The options of one call.
#[napi(object)]
pub struct Options {
    /// Sent with the call; those without a value are not.
    pub headers: Vec<(String, Option<String>)>,
    /// Added to the query.
    pub query: Vec<(String, String)>,
    /// The longest wait; infinite for none.
    pub timeout_ms: Option<f64>,
    /// The most retries.
    pub max_retries: Option<f64>,
    /// True if a time limit is retried, too.
    pub retry_timeouts: bool,
    /// The key that all attempts share.
    pub idempotency_key: Option<String>,
}

impl Options {
    /// The options for core.
    ///
    /// # Errors
    ///
    /// `config` for a number that core cannot take.
    pub(crate) fn parsed(self) -> turnwire::Result<CallOptions> {
        let mut options = CallOptions::new().headers(self.headers).queries(self.query);
        if let Some(retries) = self.max_retries {
            options = options.max_retries(settings::whole("maxRetries", retries, OPERATION)?);
        }
        if self.retry_timeouts {
            options = options.retry_timeouts();
        }
        if let Some(limit) = self.timeout_ms {
            options = options.timeout(settings::time("timeout", limit, OPERATION, Names::Camel)?);
        }
        if let Some(key) = self.idempotency_key {
            options = options.idempotency_key(key);
        }
        Ok(options)
    }

    /// The same, with the error as JavaScript's.
    pub(crate) fn of_call(self) -> napi::Result<CallOptions> {
        self.parsed().map_err(|error| thrown(&error))
    }
}

/// The longest wait of a call, in milliseconds; infinite for no limit.
///
/// # Errors
///
/// `config` for a number that is not a valid time.
pub(crate) fn longest_wait(ms: f64, operation: &'static str) -> napi::Result<Duration> {
    let limit = settings::time("timeout", ms, operation, Names::Camel);
    limit.map(|limit| limit.unwrap_or(Duration::MAX)).map_err(|error| thrown(&error))
}

/// The most retries of a call whose attempts are made in JavaScript.
#[napi]
pub fn most_retries(max_retries: f64) -> napi::Result<u32> {
    settings::whole("maxRetries", max_retries, OPERATION).map_err(|error| thrown(&error))
}
