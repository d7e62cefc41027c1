//! The delivery of a claimed conversation: the sink is called, and what became of the record is written down.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::backend::{Change, Entry, Fault, Settled};
use super::opens::Ground;
use super::room::Place;
use super::shared::{Phase, Shared, lock, millis};
use super::sink::AnySink;
use super::state::{Gate, Verdict, judge, poison};
use super::tokens::Holder;
use super::{Outcome, Record};
use crate::guard;

/// A file whose state cannot be written is tried again.
pub(super) const SETTLE_AGAIN: Duration = Duration::from_millis(500);
/// How soon, while another process writes.
pub(super) const SETTLE_SOON: Duration = Duration::from_millis(10);
/// The longest that a call of `delivered` may run.
const HOOK: Duration = Duration::from_secs(60);

/// A claimed conversation.
pub(super) struct Conversation {
    pub(super) shared: Arc<Shared>,
    pub(super) place: Place,
    slot: Option<Slot>,
}

/// One of the deliveries that may run at once.
struct Slot(Arc<Shared>);

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::SeqCst);
        self.0.wake.notify_one();
    }
}

impl Conversation {
    pub(super) fn new(shared: Arc<Shared>, place: Place) -> Self {
        shared.running.fetch_add(1, Ordering::SeqCst);
        let slot = Some(Slot(shared.clone()));
        Conversation { shared, place, slot }
    }

    pub(super) fn has_slot(&self) -> bool {
        self.slot.is_some()
    }

    /// Lets another delivery run while this one waits for the disk.
    pub(super) fn leave_slot(&mut self) {
        self.slot = None;
    }

    /// Delivers record after record, until one has to wait or there are no more.
    pub(super) async fn deliver(mut self, first: Entry) {
        let shared = self.shared.clone();
        let Some(sink) = shared.sink.get() else { return };
        let mut entry = first;
        // Records that look like poison and were stepped over, with their reasons.
        let mut suspects = Vec::new();
        loop {
            let settled = self.deliver_one(sink, entry, &mut suspects).await;
            match settled.and_then(|settled| settled.next) {
                Some(next) if shared.phase() < Phase::Draining => entry = next,
                Some(next) => {
                    shared.room().give_back(self.place, &next.conversation, shared.clock.now());
                    return;
                }
                None => return,
            }
        }
    }

    async fn deliver_one(
        &mut self,
        sink: &Arc<dyn AnySink>,
        mut entry: Entry,
        suspects: &mut Vec<(String, String)>,
    ) -> Option<Settled> {
        let shared = self.shared.clone();
        let Some((mut record, number)) = self.record(&entry) else {
            lock(&shared.breaker).abandon_probe();
            let reason = "its payload cannot be read any more".to_owned();
            let change = Change::Dead { trial: entry.trial, reason, go_on: true };
            return self.settle(&entry, change).await.map(|(settled, _)| settled);
        };
        let outcome = match self.ground(&mut entry, &record).await {
            Ground::There => {
                if entry.conversation != record.conversation() {
                    record = self.record(&entry)?.0;
                }
                self.outcome(&**sink, &record).await
            }
            Ground::Not(outcome) => outcome,
            Ground::Gone => {
                lock(&shared.breaker).abandon_probe();
                return None;
            }
        };
        let outcome = outcome.scrubbed(record.known_tokens());
        let holder = Holder::of(entry.user.as_deref(), &entry.conversation);
        let has_newer_tokens = outcome == Outcome::NeedsToken
            && number.map_or_else(
                || lock(&shared.tokens).find(&holder).is_some(),
                |number| !lock(&shared.tokens).remove(&holder, number),
            );
        let change = self.judge(&entry, outcome, has_newer_tokens, suspects);
        // Before it is settled: a flush that finds nothing waiting must not find this over before it is.
        let hook = Hook::new(self.shared.clone());
        let (settled, change) = self.settle(&entry, change).await?;
        if settled.is_applied {
            shared.died.fetch_add(settled.died, Ordering::SeqCst);
            match change {
                Change::Delivered { .. } => {
                    shared.delivered.fetch_add(1, Ordering::SeqCst);
                    count(hook, sink.clone(), record);
                }
                Change::Dead { reason, .. } => {
                    suspects.clear();
                    if let Some(observer) = lock(&shared.observers).remove(&entry.id) {
                        observer.given_up(&reason);
                    }
                }
                Change::Later { .. } => {}
            }
            shared.has_room();
        }
        Some(settled)
    }

    /// The record of an entry, with its tokens and their number; `None` when its payload cannot be read.
    fn record(&self, entry: &Entry) -> Option<(Record, Option<u64>)> {
        let payload = serde_json::from_str(&entry.payload).ok()?;
        let mut record = Record::new(&entry.conversation, &entry.id, payload);
        if let Some(user) = &entry.user {
            record = record.user(user);
        }
        let holder = Holder::of(entry.user.as_deref(), &entry.conversation);
        match lock(&self.shared.tokens).find(&holder) {
            Some((number, tokens)) => Some((record.tokens(tokens), Some(number))),
            None => Some((record, None)),
        }
    }

    /// Lets the sink deliver, within the limit of a delivery.
    async fn outcome(&self, sink: &dyn AnySink, record: &Record) -> Outcome {
        let limit = self.shared.options.delivery.limit;
        let delivery = guard::call(sink.callback(), || sink.deliver(record));
        let reason = match timeout(limit, delivery).await {
            Ok(Ok(outcome)) => return outcome,
            Ok(Err(panicked)) => panicked.to_string(),
            Err(_) => format!("{} did not end within {limit:?}", sink.callback()),
        };
        Outcome::Retry { after: None, reason }
    }

    /// What becomes of the record.
    fn judge(
        &self,
        entry: &Entry,
        outcome: Outcome,
        has_newer_tokens: bool,
        suspects: &mut Vec<(String, String)>,
    ) -> Change {
        let shared = &*self.shared;
        let delivery = &shared.options.delivery;
        let (now, elapsed) = (shared.clock.now(), shared.clock.elapsed());
        let (others_get_through, is_open) = {
            let mut breaker = lock(&shared.breaker);
            breaker.note(entry.seq, &outcome, elapsed, delivery);
            (breaker.only_fails(entry.seq), breaker.gate(elapsed) == Gate::Open)
        };
        let others_get_through = others_get_through
            && !matches!(outcome, Outcome::Delivered)
            && shared.room().delivered(self.place) > entry.trial.mark;
        let go_on = is_open && shared.phase() < Phase::Draining;
        match judge(outcome, entry.trial, now, others_get_through, fastrand::f64(), delivery) {
            Verdict::Delivered => Change::Delivered { poisoned: std::mem::take(suspects), go_on },
            Verdict::Dead { trial, reason } => Change::Dead { trial, reason, go_on },
            Verdict::Later { trial, wait, needs_token, is_suspect, reason } => {
                // Nothing behind it can be delivered before it is.
                let is_suspect =
                    is_suspect && !entry.opening.as_ref().is_some_and(super::Opening::is_to_open);
                if is_suspect {
                    suspects.push((entry.id.clone(), poison(&trial, &reason)));
                }
                let wait = if has_newer_tokens { Duration::ZERO } else { wait };
                Change::Later {
                    trial,
                    due_at: now.saturating_add(millis(wait)),
                    needs_token: needs_token && !has_newer_tokens,
                    reason,
                    // If the one behind it gets through, this one is the trouble, and not the service.
                    step_over: is_suspect && go_on,
                }
            }
        }
    }

    /// Writes down what became of the record, however long that takes: the service is not asked again meanwhile. While
    /// the file cannot be written, other deliveries have this one's slot, and the conversation does not go on.
    async fn settle(&mut self, entry: &Entry, mut change: Change) -> Option<(Settled, Change)> {
        let shared = self.shared.clone();
        loop {
            let settled = shared.room().settle(self.place, entry, &change, shared.clock.now());
            match settled {
                Ok(settled) => return Some((settled, change)),
                Err(_) if shared.phase() == Phase::Stopped => return None,
                Err(Fault::Busy) => sleep(SETTLE_SOON).await,
                Err(_) => {
                    change.stop();
                    self.leave_slot();
                    sleep(SETTLE_AGAIN).await;
                }
            }
        }
    }
}

/// Lets the sink do what is done once for a delivered record. Nothing but a flush waits for it.
fn count(hook: Hook, sink: Arc<dyn AnySink>, record: Record) {
    tokio::spawn(async move {
        let Ok(_place) = hook.0.hook_room.acquire().await else { return };
        let call = guard::call(sink.callback(), || sink.delivered(&record));
        if timeout(HOOK, call).await.is_err() {
            let limit = HOOK.as_secs();
            tracing::warn!(record = record.id(), "`delivered` did not end within {limit} s");
        }
    });
}

/// A record that is being settled, or a call of `delivered` that runs or waits.
struct Hook(Arc<Shared>);

impl Hook {
    fn new(shared: Arc<Shared>) -> Self {
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
