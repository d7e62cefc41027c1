//! The delivery of one record: the sink is called with its user's tokens, and the outcome is decided upon.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::timeout;
use tracing::Instrument;
use tracing::field::Empty;

use super::attempts::Attempts;
use super::gate::Delivering;
use super::messages::Received;
use super::run::Run;
use super::shared::lock;
use crate::credentials::Tokens;
use crate::guard;
use crate::outbox::{
    Gate, Holder, Outcome, Record, RetryDecision, callback, decide, forgiven, millis, poison,
};

/// The longest delay of a refused record. A longer wait is made of several, between which the record may be parked.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// The next state of a record after an attempt.
#[derive(Debug)]
pub(super) enum End {
    /// Delivered, with the tokens that the sink accepted.
    Delivered(Record),
    /// To be tried again after this wait.
    Later {
        attempts: Attempts,
        wait: Duration,
        parks: bool,
        poison: Option<String>,
    },
    Dead {
        attempts: u32,
        reason: String,
    },
}

impl Run {
    /// Tries a record, unless it is not due yet.
    pub(super) async fn try_one(
        &self,
        received: &Received,
        attempts: Attempts,
        delivering: Delivering<'_>,
    ) -> End {
        let shared = &*self.shared;
        let delivered = shared.delivered.load(Ordering::SeqCst);
        let mark = lock(&shared.marks).of(received.sequence, delivered);
        let wait = attempts.wait(shared.clock.now(), shared.delivery.longest_wait());
        if !wait.is_zero() {
            // Not one more failure; but others may get through by now.
            let others = delivered > mark && lock(&shared.breaker).only_fails(received.sequence);
            let parks = attempts.needs_token || others && wait > PATIENCE;
            return End::Later { attempts, wait, parks, poison: None };
        }
        let (record, outcome) = self.outcome(&received.record).await;
        let outcome = outcome.scrubbed(record.known_tokens());
        let (now, elapsed) = (shared.clock.now(), shared.clock.elapsed());
        let (only_fails, is_open) = {
            let mut breaker = lock(&shared.breaker);
            breaker.note(received.sequence, &outcome, elapsed, &shared.delivery);
            (breaker.only_fails(received.sequence), breaker.gate(elapsed) == Gate::Open)
        };
        delivering.noted();
        let others = only_fails && shared.delivered.load(Ordering::SeqCst) > mark;
        let state = forgiven(&*shared.sink, &outcome, attempts.state(received.accepted_at));
        match decide(outcome, state, now, others, fastrand::f64(), &shared.delivery) {
            RetryDecision::Delivered => End::Delivered(record),
            RetryDecision::Dead { attempt, reason } => {
                End::Dead { attempts: attempt.failures, reason }
            }
            RetryDecision::Later { attempt, wait, needs_token, is_suspect, reason } => {
                // While everything fails, records stay where they are. A record that waits for a token, or that fails while
                // others are delivered, must not hold back its partition.
                let parks = needs_token || is_open && (is_suspect || others && wait > PATIENCE);
                let poison = (is_suspect && is_open).then(|| poison(&attempt, &reason));
                let due_at = now.saturating_add(millis(wait));
                let (failures, strikes) = (attempt.failures, attempt.strikes);
                let attempts = Attempts { failures, strikes, due_at, needs_token, reason };
                End::Later { attempts, wait, parks, poison }
            }
        }
    }

    /// Calls the sink with the newest tokens of the record's user, and once more with others if it refuses them.
    async fn outcome(&self, record: &Record) -> (Record, Outcome) {
        let Some(provider) = &self.shared.provider else {
            return (record.clone(), self.call(record).await);
        };
        let holder = Holder::of(record.user_id(), record.conversation());
        let cached = lock(&self.shared.tokens).find(&holder);
        let (number, tokens) = match cached {
            Some((number, tokens)) => (Some(number), tokens),
            None => match provider.tokens("courier.tokens", record.user_id(), None).await {
                Ok(Some(tokens)) => (None, tokens),
                Ok(None) => return (record.clone(), Outcome::NeedsToken),
                Err(error) => return (record.clone(), Outcome::unavailable(error.to_string())),
            },
        };
        let authorized = record.clone().tokens(tokens.clone());
        let outcome = self.call(&authorized).await;
        if outcome != Outcome::NeedsToken {
            self.keep(holder, tokens, number);
            return (authorized, outcome);
        }
        if let Some(number) = number {
            lock(&self.shared.tokens).remove(&holder, number);
        }
        match provider.tokens("courier.tokens", record.user_id(), Some(&tokens)).await {
            Ok(Some(others)) => {
                let authorized = record.clone().tokens(others.clone());
                let outcome = self.call(&authorized).await;
                if outcome != Outcome::NeedsToken {
                    self.keep(holder, others, None);
                }
                (authorized, outcome)
            }
            Ok(None) => (authorized, Outcome::NeedsToken),
            Err(error) => {
                let outcome = Outcome::unavailable(error.to_string());
                (authorized, outcome.scrubbed(Some(&tokens)))
            }
        }
    }

    /// Keeps tokens that the sink did not refuse.
    fn keep(&self, holder: Holder, tokens: Tokens, number: Option<u64>) {
        if number.is_none() {
            lock(&self.shared.tokens).keep(holder, tokens);
        }
    }

    /// Calls the sink, within the time limit of a delivery.
    async fn call(&self, record: &Record) -> Outcome {
        let (sink, limit) = (&*self.shared.sink, self.shared.delivery.limit);
        let span = tracing::info_span!(
            "courier.delivery",
            turnwire.record.id = record.id(),
            turnwire.record.conversation = record.conversation(),
            turnwire.record.outcome = Empty,
        );
        let delivery = guard::call(callback(sink), || sink.deliver(record));
        let reason = match timeout(limit, delivery).instrument(span.clone()).await {
            Ok(Ok(outcome)) => {
                span.record("turnwire.record.outcome", outcome.word());
                return outcome;
            }
            Ok(Err(panicked)) => panicked.to_string(),
            Err(_) => format!("{} did not end within {limit:?}", callback(sink)),
        };
        Outcome::retry(reason)
    }
}
