//! The delivery of a claimed conversation: the sink is called, and the outcome is stored.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::timeout;
use tracing::Instrument;
use tracing::field::Empty;

use super::claim::ClaimedConversation;
use super::opening::Place;
use crate::guard;
use crate::outbox::clock::millis;
use crate::outbox::opening::{DOUBTFUL, Opening};
use crate::outbox::outcome::Outcome;
use crate::outbox::record::Record;
use crate::outbox::shared::{Phase, SharedOutbox, lock};
use crate::outbox::sink::{self, Sink};
use crate::outbox::state::{Gate, RetryDecision, decide, poison};
use crate::outbox::storage::{ClaimedRecord, Fault, Settled, Transition};
use crate::outbox::tokens::Holder;

/// The time limit of a call of `delivered`.
const HOOK: Duration = Duration::from_secs(60);

impl ClaimedConversation {
    /// Delivers record after record, until one has to wait or none is left.
    pub(super) async fn deliver(mut self, first: ClaimedRecord) {
        let shared = self.shared.clone();
        let Some(sink) = shared.sink.get() else { return };
        let mut claimed = first;
        // Skipped records that look like poison, with their reasons.
        let mut suspects = Vec::new();
        loop {
            let settled = self.deliver_one(sink, claimed, &mut suspects).await;
            match settled.and_then(|settled| settled.next) {
                Some(next) if shared.phase() < Phase::Draining => claimed = next,
                Some(next) => {
                    // A claim that cannot be ended now ends with this process.
                    let _ = shared.backend().unclaim(&next, shared.clock.now());
                    return;
                }
                None => return,
            }
        }
    }

    async fn deliver_one(
        &mut self,
        sink: &Arc<dyn Sink>,
        mut claimed: ClaimedRecord,
        suspects: &mut Vec<(String, String)>,
    ) -> Option<Settled> {
        let shared = self.shared.clone();
        let Some((mut record, number)) = self.record(&claimed) else {
            lock(&shared.breaker).abandon_probe();
            let reason = "its payload can no longer be read".to_owned();
            let transition =
                Transition::Dead { attempt: claimed.attempt, reason, continue_conversation: true };
            let (settled, _) = self.settle(&claimed, transition).await?;
            self.report_dead(&**sink, &settled);
            return Some(settled);
        };
        let outcome = match self.open_place(&mut claimed, &record).await {
            Place::Exists => {
                if claimed.conversation != record.conversation() {
                    record = self.record(&claimed)?.0;
                }
                self.outcome(&**sink, &record).await
            }
            Place::Missing(outcome) => outcome,
            Place::Doubted(reason) => return self.wait_for_doubt(&claimed, reason).await,
            Place::WithoutOpener => return self.wait_for_opener(&claimed).await,
            Place::ClaimLost => {
                lock(&shared.breaker).abandon_probe();
                return None;
            }
        };
        let outcome = outcome.scrubbed(record.known_tokens());
        let holder = Holder::of(claimed.user.as_deref(), &claimed.conversation);
        let has_newer_tokens = outcome == Outcome::NeedsToken
            && number.map_or_else(
                || lock(&shared.tokens).find(&holder).is_some(),
                |number| !lock(&shared.tokens).remove(&holder, number),
            );
        claimed.attempt = sink::forgiven(&**sink, &outcome, claimed.attempt);
        let transition = self.decide(&claimed, outcome, has_newer_tokens, suspects);
        // Before the settlement: a flush must not end between the settlement and the call of `delivered`.
        let hook = Hook::new(self.shared.clone());
        let (settled, transition) = self.settle(&claimed, transition).await?;
        if settled.is_applied {
            self.report_dead(&**sink, &settled);
            match transition {
                Transition::Delivered { .. } => {
                    shared.delivered.fetch_add(1, Ordering::SeqCst);
                    call_delivered(hook, sink.clone(), record);
                }
                Transition::Dead { .. } => {
                    suspects.clear();
                    for observer in shared.observers.take(&claimed.id) {
                        observer.given_up();
                    }
                }
                Transition::Later { .. } => {}
            }
            shared.notify_freed();
        }
        Some(settled)
    }

    /// Counts the records that became dead letters, and notifies the sink.
    fn report_dead(&self, sink: &dyn Sink, settled: &Settled) {
        self.shared.died.fetch_add(settled.died.len() as u64, Ordering::SeqCst);
        for (id, reason) in &settled.died {
            sink.gave_up(id, reason);
        }
    }

    /// The record for the sink, with its tokens and their number; `None` if its payload cannot be read.
    fn record(&self, claimed: &ClaimedRecord) -> Option<(Record, Option<u64>)> {
        let payload = serde_json::from_str(&claimed.payload).ok()?;
        let mut record = Record::new(&claimed.conversation, &claimed.id, payload);
        if let Some(user) = &claimed.user {
            record = record.user(user);
        }
        let holder = Holder::of(claimed.user.as_deref(), &claimed.conversation);
        match lock(&self.shared.tokens).find(&holder) {
            Some((number, tokens)) => Some((record.tokens(tokens), Some(number))),
            None => Some((record, None)),
        }
    }

    /// Calls the sink, within the time limit of a delivery.
    async fn outcome(&self, sink: &dyn Sink, record: &Record) -> Outcome {
        let limit = self.shared.settings.delivery.limit;
        let span = tracing::info_span!(
            "outbox.delivery",
            turnwire.record.id = record.id(),
            turnwire.record.conversation = record.conversation(),
            turnwire.record.outcome = Empty,
        );
        let delivery = guard::call(sink::callback(sink), || sink.deliver(record));
        let reason = match timeout(limit, delivery).instrument(span.clone()).await {
            Ok(Ok(outcome)) => {
                span.record("turnwire.record.outcome", outcome.word());
                return outcome;
            }
            Ok(Err(panicked)) => panicked.to_string(),
            Err(_) => format!("{} did not end within {limit:?}", sink::callback(sink)),
        };
        Outcome::retry(reason)
    }

    /// Decides the transition of the record.
    fn decide(
        &self,
        claimed: &ClaimedRecord,
        outcome: Outcome,
        has_newer_tokens: bool,
        suspects: &mut Vec<(String, String)>,
    ) -> Transition {
        let shared = &*self.shared;
        let delivery = &shared.settings.delivery;
        let (now, elapsed) = (shared.clock.now(), shared.clock.elapsed());
        let (others_get_through, is_open) = {
            let mut breaker = lock(&shared.breaker);
            breaker.note(claimed.seq, &outcome, elapsed, delivery);
            (breaker.only_fails(claimed.seq), breaker.gate(elapsed) == Gate::Open)
        };
        let others_get_through = others_get_through
            && !matches!(outcome, Outcome::Delivered)
            && shared.backend().has_delivered_since(claimed).unwrap_or_default();
        let continue_conversation = is_open && shared.phase() < Phase::Draining;
        match decide(outcome, claimed.attempt, now, others_get_through, fastrand::f64(), delivery) {
            RetryDecision::Delivered => {
                Transition::Delivered { poisoned: std::mem::take(suspects), continue_conversation }
            }
            RetryDecision::Dead { attempt, mut reason } => {
                if claimed.opening.as_ref().is_some_and(Opening::is_doubted) {
                    reason = format!("{reason}; {DOUBTFUL}");
                }
                Transition::Dead { attempt, reason, continue_conversation }
            }
            RetryDecision::Later { attempt, wait, needs_token, is_suspect, reason } => {
                // A record that opens its conversation cannot be skipped.
                let is_suspect =
                    is_suspect && !claimed.opening.as_ref().is_some_and(Opening::is_to_open);
                if is_suspect {
                    suspects.push((claimed.id.clone(), poison(&attempt, &reason)));
                }
                let wait = if has_newer_tokens { Duration::ZERO } else { wait };
                let needs_token = needs_token && !has_newer_tokens;
                Transition::Later {
                    attempt,
                    due_at: now.saturating_add(millis(wait)),
                    needs_token,
                    reason,
                    // If the next record is delivered, the fault lies in a suspect, and not in the service. A record that
                    // waits for tokens is passed by those of other users.
                    skip: (is_suspect || needs_token) && continue_conversation,
                }
            }
        }
    }

    /// Stores the transition, however long that takes, without calling the service again. If the file could not be
    /// written, the conversation does not continue.
    pub(super) async fn settle(
        &mut self,
        claimed: &ClaimedRecord,
        mut transition: Transition,
    ) -> Option<(Settled, Transition)> {
        let shared = self.shared.clone();
        loop {
            let settled = shared.backend().settle(claimed, &transition, shared.clock.now());
            match settled {
                Ok(settled) => return Some((settled, transition)),
                Err(fault) => {
                    if fault != Fault::Busy {
                        transition.stop();
                    }
                    if !self.waits_after(fault).await {
                        return None;
                    }
                }
            }
        }
    }
}

/// Calls `delivered` of the sink. Only a flush waits for it.
fn call_delivered(hook: Hook, sink: Arc<dyn Sink>, record: Record) {
    tokio::spawn(async move {
        let Ok(_permit) = hook.0.hook_permits.acquire().await else { return };
        let call = guard::call(sink::callback(&*sink), || sink.delivered(&record));
        if timeout(HOOK, call).await.is_err() {
            let limit = HOOK.as_secs();
            tracing::warn!(record = record.id(), "`delivered` did not end within {limit} s");
        }
    });
}

/// A record that is being settled, or a call of `delivered` that is running or waiting.
struct Hook(Arc<SharedOutbox>);

impl Hook {
    fn new(shared: Arc<SharedOutbox>) -> Self {
        shared.hooks.fetch_add(1, Ordering::SeqCst);
        Hook(shared)
    }
}

impl Drop for Hook {
    fn drop(&mut self) {
        self.0.hooks.fetch_sub(1, Ordering::SeqCst);
        self.0.wake.notify_one();
    }
}
