//! The settings of connections, common to all clients.

use serde::Deserialize;

use super::values::{Pairs, Size, Time, set};
use crate::config::{Limits, RetryPolicy, Timeouts, header_changes};
use crate::credentials::Secret;
use crate::http::{HttpConfig, ProxyChoice};

/// Connections, retries and limits.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Http {
    /// The longest silence of the service; it sets all of `timeouts`.
    timeout: Time,
    timeouts: Option<TimeLimits>,
    retry: Option<Retry>,
    limits: Option<SizeLimits>,
    headers: Pairs,
    query: Pairs,
    proxy: Option<String>,
    no_proxy: Option<bool>,
    root_certificates: Option<Vec<String>>,
}

/// The limits of the phases of a call.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct TimeLimits {
    connect: Time,
    headers: Time,
    idle: Time,
    content: Time,
    total: Time,
    stream_total: Time,
}

/// Retries.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Retry {
    max_retries: Option<u32>,
    initial_backoff: Time,
    max_backoff: Time,
    jitter: Option<f64>,
    max_retry_after: Time,
}

/// The size limits of a service's responses.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct SizeLimits {
    event: Size,
    reply: Size,
    error_body: Size,
}

impl Http {
    /// Applies the present settings to `http`.
    pub(super) fn apply(self, http: &mut HttpConfig) {
        let mut timeouts = http.timeouts.clone();
        timeouts = self.timeout.set(timeouts, |_, limit| Timeouts::of_silence(limit));
        if let Some(limits) = self.timeouts {
            timeouts = limits.connect.set(timeouts, Timeouts::connect);
            timeouts = limits.headers.set(timeouts, Timeouts::headers);
            timeouts = limits.idle.set(timeouts, Timeouts::idle);
            timeouts = limits.content.set(timeouts, Timeouts::content);
            timeouts = limits.total.set(timeouts, Timeouts::total);
            timeouts = limits.stream_total.set(timeouts, Timeouts::stream_total);
        }
        http.timeouts = timeouts;
        if let Some(given) = self.retry {
            let mut retry = http.retry.clone();
            retry = set(retry, given.max_retries, RetryPolicy::max_retries);
            retry = set(retry, given.initial_backoff.given(), RetryPolicy::initial_backoff);
            retry = set(retry, given.max_backoff.given(), RetryPolicy::max_backoff);
            retry = set(retry, given.jitter, RetryPolicy::jitter);
            http.retry = set(retry, given.max_retry_after.given(), RetryPolicy::max_retry_after);
        }
        if let Some(given) = self.limits {
            let mut limits = http.limits.clone();
            limits = set(limits, given.event.in_memory(), Limits::event);
            limits = set(limits, given.reply.in_memory(), Limits::reply);
            http.limits = set(limits, given.error_body.in_memory(), Limits::error_body);
        }
        http.headers.extend(header_changes(self.headers.0));
        let query = self.query.0.into_iter();
        http.query.extend(query.filter_map(|(name, value)| Some((name, Secret::from(value?)))));
        if let Some(url) = self.proxy {
            http.proxy = ProxyChoice::Url(url.into());
        }
        if self.no_proxy == Some(true) {
            http.proxy = ProxyChoice::None;
        }
        let certificates = self.root_certificates.into_iter().flatten();
        http.root_certificates.extend(certificates.map(String::into_bytes));
    }
}
