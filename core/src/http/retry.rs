//! The decision to retry a failed request, and the wait before it. Pure: the random number is an argument.

use std::time::Duration;

use super::chain::is_refused;
use crate::config::RetryPolicy;
use crate::error::{Error, ErrorKind};

/// The number of retries of one call, and the failures that allow them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Again {
    pub(crate) max_retries: u32,
    /// True if a time limit that ended an attempt before its response began also allows a retry.
    pub(crate) after_timeouts: bool,
}

/// The wait before the next attempt, or `None` to give up.
///
/// `retries` is the number of earlier ones; `chance` is a random number in `0.0..1.0`.
pub(crate) fn next_wait(
    policy: &RetryPolicy,
    again: Again,
    retries: u32,
    error: &Error,
    chance: f64,
) -> Option<Duration> {
    // A service that takes longer than the headers limit is processing the request: sending it again would be billed
    // twice. Only callers that request it get such a retry.
    let at_work = matches!(error.kind(), ErrorKind::HeadersTimeout | ErrorKind::TotalTimeout);
    let settled = at_work && !again.after_timeouts;
    if retries >= again.max_retries || settled || !error.is_retryable() {
        return None;
    }
    match error.retry_after() {
        Some(wait) if wait > policy.max_retry_after => None,
        Some(wait) if !wait.is_zero() => Some(wait),
        _ => Some(backoff(policy, retries, chance)),
    }
}

/// Returns true if the service has certainly not begun to process the request: it was not reached, or it rejects all
/// requests for now. After any other failure it may be processing it, or have finished.
pub(super) fn is_untaken(error: &Error) -> bool {
    error.is_connect() || error.kind() == ErrorKind::RateLimited || is_refused(error)
}

/// Exponential backoff with downward jitter.
fn backoff(policy: &RetryPolicy, retries: u32, chance: f64) -> Duration {
    let doubled = policy.initial_backoff.saturating_mul(2u32.saturating_pow(retries));
    let full = doubled.min(policy.max_backoff);
    // `build` has checked that the jitter is between 0 and 1.
    let kept = full.as_secs_f64() * (1.0 - policy.jitter * chance);
    Duration::try_from_secs_f64(kept).unwrap_or(full)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn again(max_retries: u32) -> Again {
        Again { max_retries, after_timeouts: false }
    }

    fn passing() -> Error {
        Error::new(ErrorKind::Server, "test", "503")
    }

    #[test]
    fn a_retry_after_beyond_the_limit_gives_up() {
        let policy = RetryPolicy::default();
        let wait = |s| {
            let error = passing().with_retry_after(Some(Duration::from_secs(s)));
            next_wait(&policy, again(2), 0, &error, 0.0)
        };
        assert_eq!(wait(120), Some(Duration::from_secs(120)));
        assert_eq!(wait(121), None);
    }

    #[test]
    fn only_passing_errors_are_tried_again() {
        for kind in ErrorKind::ALL {
            let error = Error::new(*kind, "t", "");
            let tried = next_wait(&RetryPolicy::default(), again(2), 0, &error, 0.0);
            let allowed = kind.is_retried();
            assert_eq!(tried.is_some(), allowed, "{kind}");
        }
    }

    #[test]
    fn an_attempt_that_a_limit_ended_is_tried_again_where_that_is_asked_for() {
        for kind in [ErrorKind::HeadersTimeout, ErrorKind::TotalTimeout] {
            let error = Error::new(kind, "t", "");
            let tried = |after_timeouts| {
                let again = Again { max_retries: 2, after_timeouts };
                next_wait(&RetryPolicy::default(), again, 0, &error, 0.0).is_some()
            };
            assert_eq!((tried(true), tried(false)), (true, false), "{kind}");
        }
    }

    impl ErrorKind {
        /// The kinds that are retried, listed explicitly: a change of the policy must be made in two places.
        fn is_retried(self) -> bool {
            use ErrorKind::*;
            matches!(
                self,
                Connect
                    | Connection
                    | ConnectTimeout
                    | Conflict
                    | RateLimited
                    | Server
                    // These four occur only while a body is read, where no retry is attempted.
                    | IdleTimeout
                    | ContentTimeout
                    | Truncated
                    | Garbled
                    // This one does not occur in a request.
                    | OutboxFull
            )
        }
    }

    proptest! {
        #[test]
        fn waits_double_up_to_the_cap_less_the_jitter(retries in 0u32..40, chance in 0.0f64..1.0) {
            let policy = RetryPolicy::default();
            let wait = next_wait(&policy, again(u32::MAX), retries, &passing(), chance).unwrap();
            let full = 0.5 * 2f64.powi(retries as i32);
            prop_assert!(wait.as_secs_f64() <= full.min(8.0) + 1e-9);
            prop_assert!(wait.as_secs_f64() >= full.min(8.0) * 0.75 - 1e-9);
        }

        #[test]
        fn no_policy_overflows(initial: Duration, max: Duration, jitter in 0.0f64..=1.0, retries: u32) {
            let policy = RetryPolicy { initial_backoff: initial, max_backoff: max, jitter, ..RetryPolicy::default() };
            prop_assert!(backoff(&policy, retries, 0.5) <= max.max(Duration::from_nanos(1)));
        }

        #[test]
        fn retries_end_at_their_limit(limit in 0u32..10, retries in 0u32..20) {
            let wait = next_wait(&RetryPolicy::default(), again(limit), retries, &passing(), 0.0);
            prop_assert_eq!(wait.is_some(), retries < limit);
        }
    }
}
