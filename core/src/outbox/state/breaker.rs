//! The breaker: stops sending to a service that fails everybody, and knows whether it works for others.

use core::time::Duration;

use super::Millis;
use crate::outbox::{Delivery, Outcome};

/// Failed records that are told apart; of more, the number is what matters.
const REMEMBERED: usize = 8;

/// Whether something may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::outbox) enum Gate {
    /// As much as there is.
    Open,
    /// One record, to see whether the service works again.
    Probe,
    /// Nothing, until this time at least; `None` while a probe runs.
    Shut(Option<Millis>),
}

/// What the service did lately. Times are monotonic: milliseconds since the process began.
#[derive(Clone, Debug, Default)]
pub(in crate::outbox) struct Breaker {
    /// Failures since the last delivery. Those of one record that the service answered itself count once: they may
    /// lie in the record.
    failures: u32,
    failed: Vec<u64>,
    /// How often the breaker opened since the last delivery.
    openings: u32,
    shut_until: Option<Millis>,
    is_probing: bool,
}

impl Breaker {
    /// Whether something may be sent now.
    pub(in crate::outbox) fn gate(&self, now: Millis) -> Gate {
        match self.shut_until {
            None => Gate::Open,
            Some(_) if self.is_probing => Gate::Shut(None),
            Some(until) if now >= until => Gate::Probe,
            Some(until) => Gate::Shut(Some(until)),
        }
    }

    /// A probe has begun.
    pub(in crate::outbox) fn begin_probe(&mut self) {
        self.is_probing = true;
    }

    /// The probe ended without an outcome.
    pub(in crate::outbox) fn abandon_probe(&mut self) {
        self.is_probing = false;
    }

    /// Lets a probe go at once.
    pub(in crate::outbox) fn hasten(&mut self) {
        if let Some(until) = &mut self.shut_until {
            *until = 0;
        }
    }

    /// Takes note of what came of the delivery of a record.
    pub(in crate::outbox) fn note(
        &mut self,
        record: u64,
        outcome: &Outcome,
        now: Millis,
        delivery: &Delivery,
    ) {
        let counts = match outcome {
            Outcome::Delivered => {
                *self = Breaker::default();
                return;
            }
            // The service answers, though this proves nothing for other records.
            Outcome::Dead { .. } | Outcome::NeedsToken => {
                *self = Breaker { failed: std::mem::take(&mut self.failed), ..Breaker::default() };
                return;
            }
            Outcome::Retry { .. } => !self.failed.contains(&record),
            Outcome::Unavailable { .. } => true,
        };
        if !self.failed.contains(&record) && self.failed.len() < REMEMBERED {
            self.failed.push(record);
        }
        if counts {
            self.failures = self.failures.saturating_add(1);
        }
        if self.is_probing || self.failures >= delivery.breaker_failures.max(1) && counts {
            let is_open_already = self.shut_until.is_some() && !self.is_probing;
            self.is_probing = false;
            if !is_open_already {
                self.open(now, delivery);
            }
        }
    }

    /// Whether every failure since the last delivery was this record's.
    pub(in crate::outbox) fn only_fails(&self, record: u64) -> bool {
        self.failed.iter().all(|failed| *failed == record)
    }

    fn open(&mut self, now: Millis, delivery: &Delivery) {
        let factor = 2_u32.saturating_pow(self.openings.min(31));
        let wait: Duration =
            delivery.breaker_wait.saturating_mul(factor).min(delivery.max_breaker_wait);
        self.openings = self.openings.saturating_add(1);
        self.shut_until = Some(now.saturating_add(wait.as_millis().try_into().unwrap_or(u64::MAX)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unreachable() -> Outcome {
        Outcome::Unavailable { after: None, reason: "refused".into() }
    }

    fn failed() -> Outcome {
        Outcome::Retry { after: None, reason: "HTTP 500".into() }
    }

    fn opened() -> Breaker {
        let mut breaker = Breaker::default();
        for _ in 0..5 {
            assert_eq!(breaker.gate(0), Gate::Open);
            breaker.note(1, &unreachable(), 0, &Delivery::default());
        }
        breaker
    }

    #[test]
    fn five_failures_in_a_row_open_it_and_one_probe_closes_it() {
        let mut breaker = opened();
        assert_eq!(breaker.gate(29_999), Gate::Shut(Some(30_000)));
        assert_eq!(breaker.gate(30_000), Gate::Probe);
        breaker.begin_probe();
        assert_eq!(breaker.gate(40_000), Gate::Shut(None));
        breaker.note(1, &Outcome::Delivered, 40_000, &Delivery::default());
        assert_eq!(breaker.gate(40_000), Gate::Open);
    }

    #[test]
    fn each_failed_probe_doubles_the_wait_up_to_five_minutes() {
        let mut breaker = opened();
        let mut now = 30_000;
        for wait in [60_000, 120_000, 240_000, 300_000, 300_000] {
            assert_eq!(breaker.gate(now), Gate::Probe);
            breaker.begin_probe();
            breaker.note(1, &unreachable(), now, &Delivery::default());
            assert_eq!(breaker.gate(now), Gate::Shut(Some(now + wait)));
            now += wait;
        }
    }

    #[test]
    fn a_delivery_in_between_starts_the_count_anew() {
        let mut breaker = Breaker::default();
        for record in 0..40 {
            let outcome = if record % 5 == 4 { Outcome::Delivered } else { unreachable() };
            breaker.note(record, &outcome, 0, &Delivery::default());
            assert_eq!(breaker.gate(0), Gate::Open);
        }
    }

    #[test]
    fn one_record_that_the_service_refuses_again_and_again_does_not_stop_the_others() {
        let mut breaker = Breaker::default();
        for _ in 0..100 {
            breaker.note(7, &failed(), 0, &Delivery::default());
        }
        assert_eq!(breaker.gate(0), Gate::Open);
        assert!(breaker.only_fails(7) && !breaker.only_fails(8));
        for record in 0..5 {
            breaker.note(record, &failed(), 0, &Delivery::default());
        }
        assert_eq!(breaker.gate(0), Gate::Shut(Some(30_000)));
    }

    #[test]
    fn deliveries_that_end_after_it_opened_do_not_lengthen_the_wait() {
        let mut breaker = opened();
        breaker.note(2, &unreachable(), 5_000, &Delivery::default());
        assert_eq!(breaker.gate(5_000), Gate::Shut(Some(30_000)));
    }

    #[test]
    fn a_flush_lets_a_probe_go_at_once() {
        let mut breaker = opened();
        breaker.hasten();
        assert_eq!(breaker.gate(1), Gate::Probe);
    }
}
