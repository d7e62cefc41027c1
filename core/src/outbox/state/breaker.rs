//! The breaker: stops deliveries while the service fails for all records, and records whether other records get
//! through.

use core::time::Duration;

use super::attempts::Millis;
use crate::outbox::delivery::Delivery;
use crate::outbox::outcome::Outcome;

/// The most failed records that are distinguished; beyond that only their number counts.
const REMEMBERED: usize = 8;

/// The permission to send records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gate {
    /// All records.
    Open,
    /// One record, as a probe of the service: preferably one of these.
    Probe(Choice),
    /// No record, until this time at least; `None` while a probe runs.
    Shut(Option<Millis>),
}

/// The records to claim among those that are due.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Choice {
    #[default]
    Any,
    /// Records that have never failed.
    Fresh,
    /// Records that have failed.
    Failed,
}

/// The recent failures of the service. Times are monotonic: milliseconds since the process began.
#[derive(Clone, Debug, Default)]
pub(crate) struct Breaker {
    /// Failures since the last delivery. Those of one record that the service itself answered count once: they may lie
    /// in the record.
    failures: u32,
    failed: Vec<u64>,
    /// The wait of the last opening since the last delivery.
    wait: Duration,
    shut_until: Option<Millis>,
    /// Probes alternate: records that fail on their own may be those that have failed before, or those that are new.
    probe: Choice,
    is_probing: bool,
}

impl Breaker {
    /// The permission to send now.
    pub(crate) fn gate(&self, now: Millis) -> Gate {
        match self.shut_until {
            None => Gate::Open,
            Some(_) if self.is_probing => Gate::Shut(None),
            Some(until) if now >= until => Gate::Probe(self.probe),
            Some(until) => Gate::Shut(Some(until)),
        }
    }

    /// A probe has begun.
    pub(crate) fn begin_probe(&mut self) {
        self.is_probing = true;
    }

    /// The probe ended without an outcome.
    pub(crate) fn abandon_probe(&mut self) {
        self.is_probing = false;
    }

    /// Allows a probe at once.
    pub(crate) fn probe_now(&mut self) {
        if let Some(until) = &mut self.shut_until {
            *until = 0;
        }
    }

    /// Records the outcome of a delivery.
    pub(crate) fn note(
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
            // The service answers, which proves nothing about other records.
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
                self.open(outcome, now, delivery);
            }
        }
    }

    /// Returns true if every failure since the last delivery belongs to this record.
    pub(crate) fn only_fails(&self, record: u64) -> bool {
        self.failed.iter().all(|failed| *failed == record)
    }

    fn open(&mut self, outcome: &Outcome, now: Millis, delivery: &Delivery) {
        let (shortest, longest) = match outcome {
            Outcome::Unavailable { .. } => (delivery.breaker_wait, delivery.max_breaker_wait),
            // The service was reached, so that the faults may lie in the records.
            _ => (delivery.initial_backoff, delivery.breaker_wait),
        };
        self.wait = self.wait.saturating_mul(2).max(shortest).min(longest);
        self.probe = match self.probe {
            Choice::Fresh => Choice::Failed,
            Choice::Any | Choice::Failed => Choice::Fresh,
        };
        self.shut_until =
            Some(now.saturating_add(self.wait.as_millis().try_into().unwrap_or(u64::MAX)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unreachable() -> Outcome {
        Outcome::unavailable("refused")
    }

    fn failed() -> Outcome {
        Outcome::retry("HTTP 500")
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
        assert_eq!(breaker.gate(30_000), Gate::Probe(Choice::Fresh));
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
            assert!(matches!(breaker.gate(now), Gate::Probe(_)));
            breaker.begin_probe();
            breaker.note(1, &unreachable(), now, &Delivery::default());
            assert_eq!(breaker.gate(now), Gate::Shut(Some(now + wait)));
            now += wait;
        }
    }

    #[test]
    fn a_service_that_was_reached_is_probed_sooner_with_new_and_with_failed_records_in_turn() {
        let mut breaker = Breaker::default();
        for record in 0..5 {
            breaker.note(record, &failed(), 0, &Delivery::default());
        }
        let mut now = 0;
        let mut preferred = Choice::Fresh;
        for wait in [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000] {
            assert_eq!(breaker.gate(now), Gate::Shut(Some(now + wait)));
            now += wait;
            assert_eq!(breaker.gate(now), Gate::Probe(preferred));
            breaker.begin_probe();
            breaker.note(9, &failed(), now, &Delivery::default());
            preferred = if preferred == Choice::Fresh { Choice::Failed } else { Choice::Fresh };
        }
        now += 30_000;
        breaker.begin_probe();
        breaker.note(9, &unreachable(), now, &Delivery::default());
        assert_eq!(breaker.gate(now), Gate::Shut(Some(now + 60_000)), "now it is out of reach");
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
        assert_eq!(breaker.gate(0), Gate::Shut(Some(500)));
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
        breaker.probe_now();
        assert_eq!(breaker.gate(1), Gate::Probe(Choice::Fresh));
    }
}
