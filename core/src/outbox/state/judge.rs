//! The verdict over a delivery: delivered, later, or dead.

use core::time::Duration;

use super::{FULL, Millis, SLIGHT, Trial};
use crate::outbox::{Delivery, Outcome};

/// No record is given up by age before it has failed this often: a clock that jumped ahead makes every record look
/// old.
const FAILURES_BEFORE_AGE_COUNTS: u32 = 10;

/// What becomes of a record after a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::outbox) enum Verdict {
    Delivered,
    /// It is tried again.
    Later {
        /// What it has been through by now.
        trial: Trial,
        wait: Duration,
        needs_token: bool,
        /// It has failed as often as poison, but nothing shows that the service works for others.
        is_suspect: bool,
        reason: String,
    },
    Dead {
        trial: Trial,
        reason: String,
    },
}

/// Judges the `outcome` of a delivery of a record that has been through `trial`.
///
/// `others_get_through` says that another record was delivered since this one was first tried, and that none has
/// failed since then. `chance` is drawn from 0 to 1.
pub(in crate::outbox) fn judge(
    outcome: Outcome,
    trial: Trial,
    now: Millis,
    others_get_through: bool,
    chance: f64,
    delivery: &Delivery,
) -> Verdict {
    let (after, reason, weight, needs_token) = match outcome {
        Outcome::Delivered => return Verdict::Delivered,
        Outcome::Dead { reason } => {
            let trial = Trial { attempts: trial.attempts.saturating_add(1), ..trial };
            return Verdict::Dead { trial, reason };
        }
        Outcome::Retry { after, reason } => (after, reason, FULL, false),
        Outcome::Unavailable { after, reason } => (after, reason, SLIGHT, false),
        Outcome::NeedsToken => (None, "its tokens are not accepted".to_owned(), 0, true),
    };
    let bound = backoff(trial.attempts, delivery);
    let asked = after.unwrap_or_default().min(delivery.max_retry_after);
    let trial = Trial {
        attempts: trial.attempts.saturating_add(1),
        strikes: trial.strikes.saturating_add(weight),
        ..trial
    };

    let age = Duration::from_millis(now.saturating_sub(trial.accepted_at));
    if age > delivery.max_age && trial.attempts >= FAILURES_BEFORE_AGE_COUNTS {
        let hours = age.as_secs() / 3600;
        let reason = format!("given up after {hours} h and {} tries: {reason}", trial.attempts);
        return Verdict::Dead { trial, reason };
    }
    let looks_like_poison =
        weight > 0 && trial.strikes >= delivery.poison_tries.max(1).saturating_mul(FULL);
    if looks_like_poison && others_get_through {
        return Verdict::Dead { trial, reason: poison(&trial, &reason) };
    }
    Verdict::Later {
        trial,
        wait: asked.max(bound.mul_f64(chance.clamp(0.0, 1.0))),
        needs_token,
        is_suspect: looks_like_poison,
        reason,
    }
}

/// The reason of a dead letter that is poison.
pub(in crate::outbox) fn poison(trial: &Trial, reason: &str) -> String {
    format!("failed {} times while others got through: {reason}", trial.attempts)
}

/// The bound of the wait after so many failures.
fn backoff(failures: u32, delivery: &Delivery) -> Duration {
    let factor = 2_u32.saturating_pow(failures.min(31));
    delivery.initial_backoff.saturating_mul(factor).min(delivery.max_backoff)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Millis = 3_600_000;

    fn failed() -> Outcome {
        Outcome::Retry { after: None, reason: "HTTP 500".into() }
    }

    fn unreachable() -> Outcome {
        Outcome::Unavailable { after: None, reason: "refused".into() }
    }

    fn later(verdict: Verdict) -> (Trial, Duration, bool) {
        match verdict {
            Verdict::Later { trial, wait, is_suspect, .. } => (trial, wait, is_suspect),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn waits_double_up_to_the_bound() {
        let mut trial = Trial::default();
        let mut waits = Vec::new();
        for _ in 0..9 {
            let verdict = judge(unreachable(), trial, 0, false, 1.0, &Delivery::default());
            let (next, wait, _) = later(verdict);
            waits.push(wait.as_millis());
            trial = next;
        }
        assert_eq!(waits, [500, 1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000]);
    }

    #[test]
    fn a_wait_that_the_service_asks_for_is_obeyed_up_to_an_hour() {
        for (asked, obeyed) in [(7, 7), (86400, 3600)] {
            let after = Some(Duration::from_secs(asked));
            let outcome = Outcome::Unavailable { after, reason: "HTTP 429".into() };
            let verdict = judge(outcome, Trial::default(), 0, false, 0.0, &Delivery::default());
            assert_eq!(later(verdict).1, Duration::from_secs(obeyed));
        }
    }

    #[test]
    fn the_fifth_failure_is_poison_only_while_others_get_through() {
        let fourth = Trial { attempts: 4, strikes: 4 * FULL, ..Trial::default() };
        let verdict = judge(failed(), fourth, 0, true, 1.0, &Delivery::default());
        assert!(
            matches!(&verdict, Verdict::Dead { reason, .. } if reason.contains("HTTP 500")),
            "{verdict:?}"
        );
        let (after, _, is_suspect) =
            later(judge(failed(), fourth, 0, false, 1.0, &Delivery::default()));
        assert!(is_suspect);
        assert!(matches!(
            judge(failed(), after, 0, true, 1.0, &Delivery::default()),
            Verdict::Dead { .. }
        ));
        let third = Trial { attempts: 3, strikes: 3 * FULL, ..Trial::default() };
        assert!(!later(judge(failed(), third, 0, true, 1.0, &Delivery::default())).2);
    }

    #[test]
    fn not_being_reached_is_poison_only_after_four_times_as_many_failures() {
        let mut trial = Trial::default();
        for _ in 0..19 {
            let (next, _, is_suspect) =
                later(judge(unreachable(), trial, 0, true, 1.0, &Delivery::default()));
            assert!(!is_suspect);
            trial = next;
        }
        let verdict = judge(unreachable(), trial, 0, true, 1.0, &Delivery::default());
        assert!(matches!(verdict, Verdict::Dead { .. }));
    }

    #[test]
    fn age_gives_up_what_has_failed_and_never_what_a_clock_made_old() {
        let old = Trial { attempts: 50, accepted_at: 0, ..Trial::default() };
        let verdict = judge(unreachable(), old, 73 * HOUR, false, 1.0, &Delivery::default());
        assert!(
            matches!(&verdict, Verdict::Dead { reason, .. } if reason.contains("73 h")),
            "{verdict:?}"
        );
        let fresh = Trial { attempts: 0, accepted_at: 0, ..Trial::default() };
        later(judge(unreachable(), fresh, 73 * HOUR, false, 1.0, &Delivery::default()));
        let from_the_future = Trial { attempts: 50, accepted_at: 99 * HOUR, ..Trial::default() };
        later(judge(unreachable(), from_the_future, 0, false, 1.0, &Delivery::default()));
    }

    #[test]
    fn a_record_without_a_token_is_neither_poison_nor_dead() {
        let tried = Trial { attempts: 40, strikes: 100, ..Trial::default() };
        let verdict = judge(Outcome::NeedsToken, tried, 71 * HOUR, true, 1.0, &Delivery::default());
        assert!(matches!(verdict, Verdict::Later { needs_token: true, is_suspect: false, .. }));
    }
}
