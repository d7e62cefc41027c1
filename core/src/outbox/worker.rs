//! The worker: claims what is due, delivers it, and writes down what came of it.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::time::{Instant, sleep, sleep_until};

use super::backend::{Change, Entry, Fault, Settled};
use super::room::{CARE_SOON, Place};
use super::shared::{Phase, Shared, lock, millis};
use super::sink::AnySink;
use super::state::{Gate, Verdict, judge, poison};
use super::{Outcome, Record};
use crate::{Error, ErrorKind, Result};

/// How often the file is looked after: other processes may have died, or left it to this one.
const CARE: Duration = Duration::from_secs(1);
/// How often the log is looked at while there is work: a small disk has no room for a second's worth of it.
const LOOK_AT_LOG: Duration = Duration::from_millis(50);
/// A file whose state cannot be written is tried again.
const SETTLE_AGAIN: Duration = Duration::from_millis(500);
/// How soon, while another process writes.
const SETTLE_SOON: Duration = Duration::from_millis(10);
/// The longest that a call of `delivered` may run.
const HOOK: Duration = Duration::from_secs(60);

/// A thread of its own, with a runtime of its own: what waits for the disk there makes no stream wait.
pub(super) fn spawn(shared: Arc<Shared>) -> Result<()> {
    let no_thread = |error: std::io::Error| {
        let why = format!("the outbox's worker cannot be started: {error}");
        Error::new(ErrorKind::Config, "outbox.start", why).with_source(error)
    };
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(no_thread)?;
    let work = move || {
        runtime.block_on(run(shared));
        runtime.shutdown_background();
    };
    thread::Builder::new().name("turnwire-outbox".into()).spawn(work).map_err(no_thread)?;
    Ok(())
}

/// Delivers until the outbox stops.
pub(super) async fn run(shared: Arc<Shared>) {
    let mut runs = FuturesUnordered::new();
    let mut care_at = Instant::now();
    let mut log_at = care_at;
    let mut checkpoint = super::checkpoint::Checkpoint::of(&shared.options);
    loop {
        match shared.phase() {
            Phase::Stopped => break,
            Phase::Draining if runs.is_empty() && shared.hooks.load(Ordering::SeqCst) == 0 => break,
            _ => {}
        }
        let has_file = shared.options.path.is_some();
        if has_file && Instant::now() >= log_at {
            checkpoint.run_if_due(&shared).await;
            log_at = Instant::now() + LOOK_AT_LOG;
        }
        if has_file && Instant::now() >= care_at {
            care_at = Instant::now() + care(&shared);
        }

        let until = begin(&shared, |place, entry| {
            runs.push(Conversation { shared: shared.clone(), place }.deliver(entry));
        });
        if let Some(soon) = shared.room().needs_care() {
            care_at = care_at.min(Instant::now() + soon);
        }
        let until = match (until, has_file) {
            (Some(until), true) => Some(until.min(care_at)),
            (None, true) => Some(care_at),
            (until, false) => until,
        };
        tokio::select! {
            _ = runs.next(), if !runs.is_empty() => {}
            () = shared.wake.notified() => {}
            () = wait_until(until) => {}
        }
    }
    // What is under way is broken off; whoever comes next delivers it.
    drop(runs);
    shared.room().leave();
    shared.ended.send_replace(true);
}

async fn wait_until(until: Option<Instant>) {
    match until {
        Some(until) => sleep_until(until).await,
        None => std::future::pending().await,
    }
}

/// Looks after the file; says when to do so again.
fn care(shared: &Shared) -> Duration {
    let mut room = shared.room();
    room.care(shared.clock.now());
    // Another process may be about to end a conversation's delivery.
    let waits_for_others = room.has_company() && room.books().now.pending > 0;
    room.needs_care().unwrap_or(if waits_for_others { CARE_SOON } else { CARE })
}

/// Begins as many deliveries as may run now; says when there may be more.
fn begin(shared: &Shared, mut start: impl FnMut(Place, Entry)) -> Option<Instant> {
    if shared.sink.get().is_none() || shared.phase() >= Phase::Draining {
        return None;
    }
    let running = shared.running.load(Ordering::SeqCst);
    let gate = lock(&shared.breaker).gate(shared.clock.elapsed());
    let free = match gate {
        Gate::Open => shared.options.delivery.concurrency.max(1).saturating_sub(running),
        Gate::Probe => 1,
        Gate::Shut(None) => return None,
        Gate::Shut(Some(until)) => {
            let wait = Duration::from_millis(until.saturating_sub(shared.clock.elapsed()));
            return Some(Instant::now() + wait);
        }
    };
    if free == 0 {
        return None;
    }
    // Before looking, so that what comes after the look wakes the worker.
    shared.is_idle.store(true, Ordering::SeqCst);
    let mut room = shared.room();
    let now = shared.clock.now();
    let claimed = room.claim(free, now);
    let is_all = claimed.len() < free;
    if gate == Gate::Probe && !claimed.is_empty() {
        lock(&shared.breaker).begin_probe();
    }
    shared.running.fetch_add(claimed.len(), Ordering::SeqCst);
    for (place, entry) in claimed {
        start(place, entry);
    }
    // With all places taken, the end of a delivery is what there is to wait for.
    is_all.then(|| room.next_due(now).map(|at| shared.clock.instant(at))).flatten()
}

/// A claimed conversation.
struct Conversation {
    shared: Arc<Shared>,
    place: Place,
}

impl Drop for Conversation {
    fn drop(&mut self) {
        self.shared.running.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Conversation {
    /// Delivers record after record, until one has to wait or there are no more.
    async fn deliver(self, first: Entry) {
        let shared = &*self.shared;
        let Some(sink) = shared.sink.get() else { return };
        let mut entry = first;
        // Records that look like poison and were stepped over, with their reasons.
        let mut suspects = Vec::new();
        loop {
            let settled = self.deliver_one(sink, &entry, &mut suspects).await;
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
        &self,
        sink: &Arc<dyn AnySink>,
        entry: &Entry,
        suspects: &mut Vec<(String, String)>,
    ) -> Option<Settled> {
        let shared = &*self.shared;
        let Ok(payload) = serde_json::from_str(&entry.payload) else {
            lock(&shared.breaker).abandon_probe();
            let reason = "its payload cannot be read any more".to_owned();
            let change = Change::Dead { trial: entry.trial, reason, go_on: true };
            return self.settle(entry, &change).await;
        };
        let mut record = Record::new(&entry.conversation, &entry.id, payload);
        if let Some(user) = &entry.user {
            record = record.user(user);
        }
        let key = entry.user.as_ref().unwrap_or(&entry.conversation);
        let tokens = lock(&shared.wallet).find(key);
        let number = tokens.as_ref().map(|(number, _)| *number);
        if let Some((_, tokens)) = tokens {
            record = record.tokens(tokens);
        }

        let delivery = AssertUnwindSafe(sink.deliver(&record)).catch_unwind().await;
        let outcome = delivery
            .unwrap_or_else(|_| Outcome::Retry { after: None, reason: "the sink panicked".into() });
        let has_newer_tokens = outcome == Outcome::NeedsToken
            && number.map_or_else(
                || lock(&shared.wallet).find(key).is_some(),
                |number| !lock(&shared.wallet).remove(key, number),
            );
        let change = self.judge(entry, outcome, has_newer_tokens, suspects);
        // Before it is settled: a flush that finds nothing waiting must not find this over before it is.
        let hook = Hook::new(self.shared.clone());
        let settled = self.settle(entry, &change).await?;
        if settled.is_applied {
            match &change {
                Change::Delivered { poisoned, .. } => {
                    shared.delivered.fetch_add(1, Ordering::SeqCst);
                    shared.died.fetch_add(poisoned.len() as u64, Ordering::SeqCst);
                    count(hook, sink.clone(), record);
                }
                Change::Dead { .. } => {
                    suspects.clear();
                    shared.died.fetch_add(1, Ordering::SeqCst);
                }
                Change::Later { .. } => {}
            }
            shared.has_room();
        }
        Some(settled)
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

    /// Writes down what became of the record, however long that takes: the service is not asked again meanwhile.
    async fn settle(&self, entry: &Entry, change: &Change) -> Option<Settled> {
        let shared = &*self.shared;
        loop {
            let settled = shared.room().settle(self.place, entry, change, shared.clock.now());
            match settled {
                Ok(settled) => return Some(settled),
                Err(_) if shared.phase() == Phase::Stopped => return None,
                Err(Fault::Busy) => sleep(SETTLE_SOON).await,
                Err(_) => sleep(SETTLE_AGAIN).await,
            }
        }
    }
}

/// Lets the sink do what is done once for a delivered record. Nothing but a flush waits for it.
fn count(hook: Hook, sink: Arc<dyn AnySink>, record: Record) {
    tokio::spawn(async move {
        let Ok(_place) = hook.0.hook_room.acquire().await else { return };
        let call = AssertUnwindSafe(sink.delivered(&record)).catch_unwind();
        if !matches!(tokio::time::timeout(HOOK, call).await, Ok(Ok(()))) {
            tracing::warn!(record = record.id(), "what follows a delivery has failed");
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
