//! The delivery settings.

use std::time::Duration;

/// Longer times are reduced to this one, which means no limit, so that sums of times do not overflow.
const NO_LIMIT: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);
/// The shortest bound of a wait between two attempts: retries without a wait would keep a processor busy.
const SHORTEST_WAIT: Duration = Duration::from_millis(1);
/// The first waits between attempts that pass before a place is looked for whose request has no answer, within these bounds.
const BACKOFFS_OF_DOUBT: u32 = 10;
const SHORTEST_DOUBT: Duration = Duration::from_secs(5);
const LONGEST_DOUBT: Duration = Duration::from_secs(60);
/// The most conversations that one process delivers concurrently.
const MOST_AT_ONCE: usize = 1024;

/// The delivery of records: concurrency, retries, and the end of retries.
///
/// The wait before a retry is drawn at random between zero and a bound that doubles with each failure. A time beyond
/// 100 years means no limit.
///
/// ```
/// use std::time::Duration;
/// use turnwire::outbox::Delivery;
///
/// let patient = Delivery::new().concurrency(4).max_age(None).max_backoff(Duration::from_secs(600));
/// assert_eq!(patient.poison_tries, 5);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Delivery {
    /// Conversations that are delivered concurrently, by each process. Default 16, at most 1,024.
    pub concurrency: usize,
    /// The time limit of one delivery. A longer one is cancelled, and retried later. Default 2 min.
    pub limit: Duration,
    /// The bound of the first wait. Default 500 ms, at least 1 ms. A workspace whose creation has no answer is looked for
    /// after ten times this wait, at least 5 s and at most 60 s: the store may still be creating it.
    pub initial_backoff: Duration,
    /// The upper bound of the doubled wait. Default 60 s, at least 1 ms.
    pub max_backoff: Duration,
    /// The longest wait that a service may request. Default 1 h.
    pub max_retry_after: Duration,
    /// The age from which a failing record is given up: it becomes a dead letter. Default 72 h.
    pub max_age: Duration,
    /// The number of failures, each answered by the service while other records were delivered, that make a record
    /// poison: a dead letter. A failure to reach the service counts a quarter. Default 5.
    pub poison_tries: u32,
    /// The number of consecutive failures, of any records, that open the breaker: then no record is sent for a while.
    /// Default 5.
    pub breaker_failures: u32,
    /// The time that the breaker first stays open; then one record is tried. Default 30 s, at least 1 ms. It is the longest
    /// such time where the service answered, or the delivery exceeded its [`limit`](Self::limit): the fault may lie in the
    /// records, so that the first time is [`initial_backoff`](Self::initial_backoff).
    pub breaker_wait: Duration,
    /// The longest time that it stays open for a service that is not reached, after doubling with each failed attempt.
    /// Default 5 min, at least 1 ms.
    pub max_breaker_wait: Duration,
    /// The number of delivered ids that are remembered, so that the same id is not accepted again. Default 100,000.
    pub remembered: usize,
    /// The wait before a place is looked for, if it is not the one that follows from `initial_backoff`.
    pub(crate) doubt: Option<Duration>,
}

impl Default for Delivery {
    fn default() -> Self {
        Delivery {
            concurrency: 16,
            limit: Duration::from_secs(120),
            initial_backoff: Duration::from_millis(500),
            max_backoff: Duration::from_secs(60),
            max_retry_after: Duration::from_secs(60 * 60),
            max_age: Duration::from_secs(72 * 60 * 60),
            poison_tries: 5,
            breaker_failures: 5,
            breaker_wait: Duration::from_secs(30),
            max_breaker_wait: Duration::from_secs(5 * 60),
            remembered: 100_000,
            doubt: None,
        }
    }
}

impl Delivery {
    /// The default settings.
    pub fn new() -> Self {
        Delivery::default()
    }

    /// Sets [`concurrency`](Self::concurrency).
    #[must_use]
    pub fn concurrency(mut self, conversations: usize) -> Self {
        self.concurrency = conversations;
        self
    }

    /// Sets [`limit`](Self::limit); `None`: no limit.
    #[must_use]
    pub fn limit(mut self, time: impl Into<Option<Duration>>) -> Self {
        self.limit = time.into().unwrap_or(NO_LIMIT);
        self
    }

    /// Sets [`initial_backoff`](Self::initial_backoff).
    #[must_use]
    pub fn initial_backoff(mut self, wait: Duration) -> Self {
        self.initial_backoff = wait;
        self
    }

    /// Sets [`max_backoff`](Self::max_backoff).
    #[must_use]
    pub fn max_backoff(mut self, wait: Duration) -> Self {
        self.max_backoff = wait;
        self
    }

    /// Sets [`max_retry_after`](Self::max_retry_after); `None`: every requested wait is observed.
    #[must_use]
    pub fn max_retry_after(mut self, wait: impl Into<Option<Duration>>) -> Self {
        self.max_retry_after = wait.into().unwrap_or(NO_LIMIT);
        self
    }

    /// Sets [`max_age`](Self::max_age); `None`: no record is given up by age.
    #[must_use]
    pub fn max_age(mut self, age: impl Into<Option<Duration>>) -> Self {
        self.max_age = age.into().unwrap_or(NO_LIMIT);
        self
    }

    /// Sets [`poison_tries`](Self::poison_tries).
    #[must_use]
    pub fn poison_tries(mut self, tries: u32) -> Self {
        self.poison_tries = tries;
        self
    }

    /// Sets [`breaker_failures`](Self::breaker_failures).
    #[must_use]
    pub fn breaker_failures(mut self, failures: u32) -> Self {
        self.breaker_failures = failures;
        self
    }

    /// Sets [`breaker_wait`](Self::breaker_wait).
    #[must_use]
    pub fn breaker_wait(mut self, wait: Duration) -> Self {
        self.breaker_wait = wait;
        self
    }

    /// Sets [`max_breaker_wait`](Self::max_breaker_wait).
    #[must_use]
    pub fn max_breaker_wait(mut self, wait: Duration) -> Self {
        self.max_breaker_wait = wait;
        self
    }

    /// Sets [`remembered`](Self::remembered).
    #[must_use]
    pub fn remembered(mut self, ids: usize) -> Self {
        self.remembered = ids;
        self
    }

    /// Sets the wait before a workspace whose creation has no answer is looked for: for tests with a store that is never late.
    #[doc(hidden)]
    #[must_use]
    pub fn doubt_wait(mut self, wait: Duration) -> Self {
        self.doubt = Some(wait);
        self
    }

    /// The time in which a place that was requested without an answer may still come to be.
    pub(crate) fn doubt(&self) -> Duration {
        let wait = self.initial_backoff.saturating_mul(BACKOFFS_OF_DOUBT);
        self.doubt.unwrap_or_else(|| wait.clamp(SHORTEST_DOUBT, LONGEST_DOUBT))
    }

    /// The settings, limited so that sums of times do not overflow.
    pub(crate) fn bounded(self) -> Self {
        let wait = |time: Duration| time.clamp(SHORTEST_WAIT, NO_LIMIT);
        Delivery {
            concurrency: self.concurrency.min(MOST_AT_ONCE),
            limit: self.limit.min(NO_LIMIT),
            initial_backoff: wait(self.initial_backoff),
            max_backoff: wait(self.max_backoff),
            max_retry_after: self.max_retry_after.min(NO_LIMIT),
            max_age: self.max_age.min(NO_LIMIT),
            breaker_wait: wait(self.breaker_wait),
            max_breaker_wait: wait(self.max_breaker_wait),
            poison_tries: self.poison_tries,
            breaker_failures: self.breaker_failures,
            remembered: self.remembered,
            doubt: self.doubt,
        }
    }

    /// The longest wait of a record between two attempts.
    #[cfg(feature = "nats")]
    pub(crate) fn longest_wait(&self) -> Duration {
        self.max_backoff.max(self.max_retry_after)
    }
}
