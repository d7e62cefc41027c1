//! The retries of a call that its host makes itself, as it asks for a key before each.

use std::time::Duration;

use crate::config::RetryPolicy;
use crate::error::Error;
use crate::http::{Again, next_wait};

/// How long to wait before a call that failed is made again, by the rules of [`RetryPolicy`]; `None` to give up.
/// `retries` is how many there were already.
pub fn wait_before_retry(
    error: &Error,
    retries: u32,
    max_retries: u32,
    after_timeouts: bool,
) -> Option<Duration> {
    let again = Again { max_retries, after_timeouts };
    next_wait(&RetryPolicy::default(), again, retries, error, fastrand::f64())
}
