//! Limits on the size of responses.

/// The most that a service may send before the client fails with a `too_large` error.
///
/// ```
/// use turnwire::config::Limits;
///
/// let limits = Limits::new().event(64 * 1024).reply(1024 * 1024);
/// assert_eq!(limits.error_body, Limits::default().error_body);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[must_use]
pub struct Limits {
    /// One event of a stream, in bytes. Default 8 MiB.
    pub event: usize,
    /// A complete reply, or everything stored of a streamed one, in bytes. Default 64 MiB.
    pub reply: usize,
    /// The part of an error response's body that is read and kept, in bytes; the rest is discarded. Default 64 KiB.
    pub error_body: usize,
}

impl Limits {
    /// The default limits.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets [`event`](Self::event), in bytes.
    pub fn event(mut self, bytes: usize) -> Self {
        self.event = bytes;
        self
    }

    /// Sets [`reply`](Self::reply), in bytes.
    pub fn reply(mut self, bytes: usize) -> Self {
        self.reply = bytes;
        self
    }

    /// Sets [`error_body`](Self::error_body), in bytes.
    pub fn error_body(mut self, bytes: usize) -> Self {
        self.error_body = bytes;
        self
    }
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
