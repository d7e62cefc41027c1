//! Retries of a call by the host itself, for hosts that obtain a key before each attempt.

use std::time::Duration;

use crate::config::RetryPolicy;
use crate::error::Error;
use crate::http::{Again, next_wait};

/// The wait before a failed call is retried, by the rules of [`RetryPolicy`]; `None` to give up. `retries` is the
/// number of retries so far.
pub fn wait_before_retry(
    error: &Error,
    retries: u32,
    max_retries: u32,
    after_timeouts: bool,
) -> Option<Duration> {
    let again = Again { max_retries, after_timeouts };
    next_wait(&RetryPolicy::default(), again, retries, error, fastrand::f64())
}
