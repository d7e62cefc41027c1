//! The options of calls, as JavaScript gives them. Options that are not set have core's defaults.

use std::time::Duration;

use napi_derive::napi;
use turnwire::config::CallOptions;

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
    pub max_retries: Option<u32>,
    /// True if a time limit is retried, too.
    pub retry_timeouts: bool,
    /// The key that all attempts share.
    pub idempotency_key: Option<String>,
}

impl Options {
    pub(crate) fn of_call(self) -> CallOptions {
        let mut options = CallOptions::new().headers(self.headers).queries(self.query);
        if let Some(retries) = self.max_retries {
            options = options.max_retries(retries);
        }
        if self.retry_timeouts {
            options = options.retry_timeouts();
        }
        if let Some(limit) = self.timeout_ms.map(duration) {
            options = options.timeout(limit);
        }
        if let Some(key) = self.idempotency_key {
            options = options.idempotency_key(key);
        }
        options
    }
}

/// TypeScript passes no negative number, and no NaN; a time that no clock can count is no limit.
pub(crate) fn duration(ms: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(ms / 1e3).ok()
}
