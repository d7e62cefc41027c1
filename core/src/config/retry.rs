//! The retry policy.

use std::time::Duration;

/// When to retry a transient failure.
///
/// A request is retried when its connection could not be established or broke before any response, and after responses
/// with status 408, 409, 429 and 5xx, unless the service forbids it with `x-should-retry` or an exhausted quota.
/// Nothing is sent again once a part of the reply has been read: that would be billed twice.
///
/// ```
/// use std::time::Duration;
/// use turnwire::config::RetryPolicy;
///
/// let patient = RetryPolicy::new().max_retries(6).max_backoff(Duration::from_secs(30));
/// let never = RetryPolicy::never();
/// # let _ = (patient, never);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
#[must_use]
pub struct RetryPolicy {
    /// The largest number of retries. Default 2.
    pub max_retries: u32,
    /// The wait before the first retry; it doubles with each further one. Default 0.5 s.
    pub initial_backoff: Duration,
    /// The upper bound of the doubled wait. Default 8 s.
    pub max_backoff: Duration,
    /// Jitter: the fraction of each wait (0 to 1) that may be subtracted at random, so that clients do not retry at the
    /// same moment. Default 0.25.
    pub jitter: f64,
    /// The longest `Retry-After` that is honoured. A longer one ends the call; the error then reports it as
    /// [`Error::retry_after`](crate::error::Error::retry_after). Default 120 s.
    pub max_retry_after: Duration,
}

impl RetryPolicy {
    /// The default policy.
    pub fn new() -> Self {
        Self::default()
    }

    /// A policy without retries.
    pub fn never() -> Self {
        Self::default().max_retries(0)
    }

    /// Sets [`max_retries`](Self::max_retries).
    pub fn max_retries(mut self, retries: u32) -> Self {
        self.max_retries = retries;
        self
    }

    /// Sets [`initial_backoff`](Self::initial_backoff).
    pub fn initial_backoff(mut self, wait: Duration) -> Self {
        self.initial_backoff = wait;
        self
    }

    /// Sets [`max_backoff`](Self::max_backoff).
    pub fn max_backoff(mut self, wait: Duration) -> Self {
        self.max_backoff = wait;
        self
    }

    /// Sets [`jitter`](Self::jitter), from 0 to 1.
    pub fn jitter(mut self, fraction: f64) -> Self {
        self.jitter = fraction;
        self
    }

    /// Sets [`max_retry_after`](Self::max_retry_after).
    pub fn max_retry_after(mut self, wait: Duration) -> Self {
        self.max_retry_after = wait;
        self
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        RetryPolicy {
            max_retries: 2,
            initial_backoff: Duration::from_millis(500),
            max_backoff: Duration::from_secs(8),
            jitter: 0.25,
            max_retry_after: Duration::from_secs(120),
        }
    }
}
