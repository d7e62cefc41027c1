//! Settings of clients and of calls, as JavaScript gives them. What is not given stays core's default.

use std::time::Duration;

use napi_derive::napi;
use turnwire::bridge::OptionNames;
use turnwire::chat::OpenAiBuilder;
use turnwire::config::{CallOptions, Limits, RetryPolicy, Timeouts};

/// The options' names in JavaScript.
pub(crate) const NAMES: OptionNames = OptionNames { api_key: "apiKey", base_url: "baseURL" };

/// The settings of a client.
#[napi(object)]
pub struct Settings {
    /// The key.
    pub api_key: Option<String>,
    /// Where the service is.
    pub base_url: Option<String>,
    /// The organization that is billed.
    pub organization: Option<String>,
    /// The project that is billed.
    pub project: Option<String>,
    /// Sent with every call; those without a value are not.
    pub headers: Vec<(String, Option<String>)>,
    /// Added to the query of every call.
    pub query: Vec<(String, String)>,
    /// The longest wait; infinite for none.
    pub timeout_ms: Option<f64>,
    /// How often a request is sent again.
    pub max_retries: Option<u32>,
    /// The most bytes of one event.
    pub event_limit: Option<f64>,
    /// The most bytes of a reply.
    pub reply_limit: Option<f64>,
}

/// What one call does differently.
#[napi(object)]
pub struct Options {
    /// Sent with the call; those without a value are not.
    pub headers: Vec<(String, Option<String>)>,
    /// Added to the query.
    pub query: Vec<(String, String)>,
    /// The longest wait; infinite for none.
    pub timeout_ms: Option<f64>,
    /// How often the request is sent again.
    pub max_retries: Option<u32>,
    /// True if a time limit is retried, too.
    pub retry_timeouts: bool,
    /// The key that all attempts share.
    pub idempotency_key: Option<String>,
}

pub(crate) fn client_settings(settings: Settings) -> OpenAiBuilder {
    let mut builder = OpenAiBuilder::default();
    if let Some(key) = settings.api_key {
        builder = builder.api_key(key);
    }
    if let Some(url) = settings.base_url {
        builder = builder.base_url(url);
    }
    if let Some(id) = settings.organization {
        builder = builder.organization(id);
    }
    if let Some(id) = settings.project {
        builder = builder.project(id);
    }
    builder = builder.headers(settings.headers).queries(settings.query);
    let mut limits = Limits::default();
    if let Some(bytes) = settings.event_limit {
        limits.event = size(bytes);
    }
    if let Some(bytes) = settings.reply_limit {
        limits.reply = size(bytes);
    }
    builder = builder.limits(limits);
    if let Some(limit) = settings.timeout_ms.map(duration) {
        builder = builder.timeouts(Timeouts::of_silence(limit));
    }
    if let Some(max_retries) = settings.max_retries {
        builder = builder.retry(RetryPolicy::new().max_retries(max_retries));
    }
    builder
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

/// TypeScript lets no negative number through, and no NaN; what no clock can count is no limit.
pub(crate) fn duration(ms: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(ms / 1e3).ok()
}

/// A number of bytes; TypeScript lets no negative number through, and more than there can be is the most.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates")]
fn size(bytes: f64) -> usize {
    bytes as usize
}
