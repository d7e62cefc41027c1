//! The time limits of a call.

use std::time::Duration;

/// The time limits of a call, one for each way in which a service can fail to answer; `None` for no limit.
///
/// A stream has no total limit unless you set one: a long reply that keeps arriving is healthy.
///
/// ```
/// use std::time::Duration;
/// use turnwire::config::Timeouts;
///
/// let timeouts = Timeouts::new().idle(Duration::from_secs(30)).total(None);
/// assert_eq!((timeouts.idle, timeouts.total), (Some(Duration::from_secs(30)), None));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[must_use]
pub struct Timeouts {
    /// Until a connection is established: DNS, proxy, TCP and TLS together. Default 10 s.
    pub connect: Option<Duration>,
    /// From sending a streamed request to the headers of its response, for each attempt. Default 5 min. The service
    /// sends the headers of a complete reply only when it is finished, so [`total`](Self::total) applies there instead.
    pub headers: Option<Duration>,
    /// While a stream is read: the longest wait for any byte. Keep-alive comments count. Default 2 min.
    pub idle: Option<Duration>,
    /// While a stream is read: the longest wait for content. Keep-alive comments do not count, so a service that sends
    /// nothing else fails here. Default 10 min.
    pub content: Option<Duration>,
    /// A complete (not streamed) reply, with all retries and their waits. Default 10 min.
    pub total: Option<Duration>,
    /// A whole stream from the first attempt to its last chunk. Default none.
    pub stream_total: Option<Duration>,
}

impl Timeouts {
    /// The default limits.
    pub fn new() -> Self {
        Self::default()
    }

    /// The limits derived from a single one: the longest silence of the service, `None` for no limit.
    ///
    /// It limits the wait for a connection, for a response to begin and for each byte of a stream. A complete reply is
    /// silent until it is finished, so there it limits the whole call. The duration of a stream is not limited.
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

    /// These limits, with those of [`of_silence`](Self::of_silence) that a single call can set.
    pub(crate) fn within_silence(&self, limit: Option<Duration>) -> Self {
        // The content limit cannot be shorter than the silence limit; a longer silence limit extends it.
        let content = self.content.and_then(|content| Some(content.max(limit?)));
        Timeouts { headers: limit, idle: limit, content, total: limit, ..self.clone() }
    }

    /// Sets [`connect`](Self::connect).
    pub fn connect(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.connect = limit.into();
        self
    }

    /// Sets [`headers`](Self::headers).
    pub fn headers(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.headers = limit.into();
        self
    }

    /// Sets [`idle`](Self::idle).
    pub fn idle(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.idle = limit.into();
        self
    }

    /// Sets [`content`](Self::content).
    pub fn content(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.content = limit.into();
        self
    }

    /// Sets [`total`](Self::total).
    pub fn total(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.total = limit.into();
        self
    }

    /// Sets [`stream_total`](Self::stream_total).
    pub fn stream_total(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.stream_total = limit.into();
        self
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
