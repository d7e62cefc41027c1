//! The retry decision after a delivery: delivered, later, or dead.

use core::time::Duration;

use super::attempts::{AttemptState, FULL, Millis, SLIGHT};
use crate::outbox::delivery::Delivery;
use crate::outbox::outcome::Outcome;

/// The number of failures before age counts: a clock that jumped ahead makes every record look old.
const FAILURES_BEFORE_AGE_COUNTS: u32 = 10;

/// The decision about a record after a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RetryDecision {
    Delivered,
    /// The record is retried.
    Later {
        attempt: AttemptState,
        wait: Duration,
        needs_token: bool,
        /// It has failed as often as poison, but nothing proves that the service works for others.
        is_suspect: bool,
        reason: String,
    },
    Dead {
        attempt: AttemptState,
        reason: String,
    },
}

/// Decides on a record after a delivery with this `outcome`. `attempt` is its state before the delivery.
///
/// `others_get_through` is true if another record was delivered since this one was first tried, and none has failed
/// since then. `chance` is a random number from 0 to 1.
pub(crate) fn decide(
    outcome: Outcome,
    attempt: AttemptState,
    now: Millis,
    others_get_through: bool,
    chance: f64,
    delivery: &Delivery,
) -> RetryDecision {
    let (after, reason, weight, needs_token) = match outcome {
        Outcome::Delivered => return RetryDecision::Delivered,
        Outcome::Dead { reason } => {
            let attempt = AttemptState { failures: attempt.failures.saturating_add(1), ..attempt };
            return RetryDecision::Dead { attempt, reason };
        }
        Outcome::Retry { after, reason } => (after, reason, FULL, false),
        Outcome::Unavailable { after, reason } => (after, reason, SLIGHT, false),
        Outcome::NeedsToken => (None, "its tokens are not accepted".to_owned(), 0, true),
    };
    let bound = backoff(attempt.failures, delivery);
    let asked = after.unwrap_or_default().min(delivery.max_retry_after);
    let attempt = AttemptState {
        failures: attempt.failures.saturating_add(1),
        strikes: attempt.strikes.saturating_add(weight),
        ..attempt
    };

    let age = Duration::from_millis(now.saturating_sub(attempt.accepted_at));
    if age > delivery.max_age && attempt.failures >= FAILURES_BEFORE_AGE_COUNTS {
        let hours = age.as_secs() / 3600;
        let reason = format!("given up after {hours} h and {} tries: {reason}", attempt.failures);
        return RetryDecision::Dead { attempt, reason };
    }
    let looks_like_poison =
        weight > 0 && attempt.strikes >= delivery.poison_tries.max(1).saturating_mul(FULL);
    if looks_like_poison && others_get_through {
        return RetryDecision::Dead { attempt, reason: poison(&attempt, &reason) };
    }
    RetryDecision::Later {
        attempt,
        wait: asked.max(bound.mul_f64(chance.clamp(0.0, 1.0))),
        needs_token,
        is_suspect: looks_like_poison,
        reason,
    }
}

/// The reason of a dead letter that is poison.
pub(crate) fn poison(attempt: &AttemptState, reason: &str) -> String {
    format!("failed {} times while others got through: {reason}", attempt.failures)
}

/// The upper bound of the wait after this many failures.
fn backoff(failures: u32, delivery: &Delivery) -> Duration {
    let factor = 2_u32.saturating_pow(failures.min(31));
    delivery.initial_backoff.saturating_mul(factor).min(delivery.max_backoff)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Millis = 3_600_000;

    fn failed() -> Outcome {
        Outcome::retry("HTTP 500")
    }

    fn unreachable() -> Outcome {
        Outcome::unavailable("refused")
    }

    fn later(decision: RetryDecision) -> (AttemptState, Duration, bool) {
        match decision {
            RetryDecision::Later { attempt, wait, is_suspect, .. } => (attempt, wait, is_suspect),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn waits_double_up_to_the_bound() {
        let mut attempt = AttemptState::default();
        let mut waits = Vec::new();
        for _ in 0..9 {
            let decision = decide(unreachable(), attempt, 0, false, 1.0, &Delivery::default());
            let (next, wait, _) = later(decision);
            waits.push(wait.as_millis());
            attempt = next;
        }
        assert_eq!(waits, [500, 1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000]);
    }

    #[test]
    fn a_wait_that_the_service_asks_for_is_obeyed_up_to_an_hour() {
        for (asked, obeyed) in [(7, 7), (86400, 3600)] {
            let after = Some(Duration::from_secs(asked));
            let outcome = Outcome::Unavailable { after, reason: "HTTP 429".into() };
            let decision =
                decide(outcome, AttemptState::default(), 0, false, 0.0, &Delivery::default());
            assert_eq!(later(decision).1, Duration::from_secs(obeyed));
        }
    }

    #[test]
    fn the_fifth_failure_is_poison_only_while_others_get_through() {
        let fourth = AttemptState { failures: 4, strikes: 4 * FULL, ..AttemptState::default() };
        let decision = decide(failed(), fourth, 0, true, 1.0, &Delivery::default());
        assert!(
            matches!(&decision, RetryDecision::Dead { reason, .. } if reason.contains("HTTP 500")),
            "{decision:?}"
        );
        let (after, _, is_suspect) =
            later(decide(failed(), fourth, 0, false, 1.0, &Delivery::default()));
        assert!(is_suspect);
        assert!(matches!(
            decide(failed(), after, 0, true, 1.0, &Delivery::default()),
            RetryDecision::Dead { .. }
        ));
        let third = AttemptState { failures: 3, strikes: 3 * FULL, ..AttemptState::default() };
        assert!(!later(decide(failed(), third, 0, true, 1.0, &Delivery::default())).2);
    }

    #[test]
    fn not_being_reached_is_poison_only_after_four_times_as_many_failures() {
        let mut attempt = AttemptState::default();
        for _ in 0..19 {
            let (next, _, is_suspect) =
                later(decide(unreachable(), attempt, 0, true, 1.0, &Delivery::default()));
            assert!(!is_suspect);
            attempt = next;
        }
        let decision = decide(unreachable(), attempt, 0, true, 1.0, &Delivery::default());
        assert!(matches!(decision, RetryDecision::Dead { .. }));
    }

    #[test]
    fn age_gives_up_what_has_failed_and_never_what_a_clock_made_old() {
        let old = AttemptState { failures: 50, accepted_at: 0, ..AttemptState::default() };
        let decision = decide(unreachable(), old, 73 * HOUR, false, 1.0, &Delivery::default());
        assert!(
            matches!(&decision, RetryDecision::Dead { reason, .. } if reason.contains("73 h")),
            "{decision:?}"
        );
        let record = AttemptState { failures: 0, accepted_at: 0, ..AttemptState::default() };
        later(decide(unreachable(), record, 73 * HOUR, false, 1.0, &Delivery::default()));
        let from_the_future =
            AttemptState { failures: 50, accepted_at: 99 * HOUR, ..AttemptState::default() };
        later(decide(unreachable(), from_the_future, 0, false, 1.0, &Delivery::default()));
    }

    #[test]
    fn a_record_without_a_token_is_neither_poison_nor_dead() {
        let tried = AttemptState { failures: 40, strikes: 100, ..AttemptState::default() };
        let decision =
            decide(Outcome::NeedsToken, tried, 71 * HOUR, true, 1.0, &Delivery::default());
        assert!(matches!(
            decision,
            RetryDecision::Later { needs_token: true, is_suspect: false, .. }
        ));
    }
}
