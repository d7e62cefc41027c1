//! Plain options with their defaults: time limits, retries, sizes, and the options of single calls.

mod call;

use std::time::Duration;

pub use call::CallOptions;
pub(crate) use call::{HeaderChange, header_changes};

/// The time limits of a call, each for another way in which a service can fail to answer.
///
/// There is no total limit on a stream unless you set one: a long reply that keeps coming is healthy.
///
/// ```
/// use std::time::Duration;
/// use turnwire::config::Timeouts;
///
/// let timeouts = Timeouts { idle: Some(Duration::from_secs(30)), ..Timeouts::default() };
/// # let _ = timeouts;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Until a connection stands: DNS, proxy, TCP and TLS together. Default 10 s.
    pub connect: Option<Duration>,
    /// From sending a streamed request to the headers of its response, in each attempt. Default 5 min. A whole
    /// reply sends its headers when it is finished, so there [`total`](Self::total) rules instead.
    pub headers: Option<Duration>,
    /// While a stream is read: the longest wait for any byte. Keep-alive comments count. Default 2 min.
    pub idle: Option<Duration>,
    /// While a stream is read: the longest wait for content. Keep-alive comments do not count, so a service
    /// that only says that it is alive ends here. Default 10 min.
    pub content: Option<Duration>,
    /// A whole (not streamed) reply, with all retries and their waits. Default 10 min.
    pub total: Option<Duration>,
    /// A whole stream from the first attempt to its last chunk. Default none.
    pub stream_total: Option<Duration>,
}

impl Timeouts {
    /// The limits that follow from one: the longest silence of the service, `None` for any.
    ///
    /// It limits the wait for a connection, for a response to begin and for each byte of a stream. A whole reply is
    /// silent until it is finished, so there it limits the whole call. A stream that goes on is not limited.
    ///
    /// ```
    /// use std::time::Duration;
    /// use turnwire::config::Timeouts;
    ///
    /// let timeouts = Timeouts::of_silence(Duration::from_secs(30));
    /// assert_eq!(timeouts.idle, Some(Duration::from_secs(30)));
    /// assert_eq!(timeouts.stream_total, None);
    /// ```
    pub fn of_silence(limit: impl Into<Option<Duration>>) -> Self {
        let limit = limit.into();
        let defaults = Timeouts::default();
        let connect = defaults.connect.and_then(|connect| Some(connect.min(limit?)));
        Timeouts { connect, ..defaults.within_silence(limit) }
    }

    /// These limits with those of [`of_silence`](Self::of_silence) that a single call can set.
    pub(crate) fn within_silence(&self, limit: Option<Duration>) -> Self {
        // Content cannot be asked for sooner than bytes, but a longer silence allows for a longer wait for it.
        let content = self.content.and_then(|content| Some(content.max(limit?)));
        Timeouts { headers: limit, idle: limit, content, total: limit, ..self.clone() }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Timeouts {
            connect: Some(Duration::from_secs(10)),
            headers: Some(Duration::from_secs(5 * 60)),
            idle: Some(Duration::from_secs(2 * 60)),
            content: Some(Duration::from_secs(10 * 60)),
            total: Some(Duration::from_secs(10 * 60)),
            stream_total: None,
        }
    }
}

/// When a request that failed in passing is sent again.
///
/// Sent again are requests whose connection could not be made or broke before any response, and responses of
/// status 408, 409, 429 and 5xx, unless the service says otherwise by `x-should-retry` or an exhausted quota.
/// Nothing is sent again once a part of the reply has been read: that would pay twice.
#[derive(Clone, Debug, PartialEq)]
pub struct RetryPolicy {
    /// How often a request is sent again, at most. Default 2.
    pub max_retries: u32,
    /// The wait before the first retry; it doubles with each further one. Default 0.5 s.
    pub initial_backoff: Duration,
    /// The longest wait that doubling leads to. Default 8 s.
    pub max_backoff: Duration,
    /// The part of a wait that chance may take away, 0 to 1, so that clients do not return together.
    /// Default 0.25.
    pub jitter: f64,
    /// The longest `Retry-After` that is obeyed. A longer one ends the call, and stands on the error as
    /// [`Error::retry_after`](crate::error::Error::retry_after). Default 120 s.
    pub max_retry_after: Duration,
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

/// How much a service may send before the client refuses it with a `too_large` error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// One event of a stream, in bytes. Default 8 MiB.
    pub event: usize,
    /// A whole reply, or everything that is kept of a streamed one, in bytes. Default 64 MiB.
    pub reply: usize,
    /// What is read and kept of the body of an error response, in bytes; the rest is left out. Default 64 KiB.
    pub error_body: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            event: crate::sse::DEFAULT_MAX_EVENT,
            reply: 64 * 1024 * 1024,
            error_body: 64 * 1024,
        }
    }
}
