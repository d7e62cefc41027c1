//! The worker: claims what is due, delivers it, and writes down what came of it.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::time::{Instant, sleep, sleep_until};

use super::backend::Entry;
use super::delivery::Conversation;
use super::room::{CARE_SOON, Place};
use super::shared::{Phase, Shared, lock};
use super::state::Gate;
use crate::error::{Error, ErrorKind, Result};
use crate::guard;

/// How often the file is looked after: other processes may have died, or left it to this one.
const CARE: Duration = Duration::from_secs(1);
/// How often the log is looked at while there is work: a small disk has no room for a second's worth of it.
const LOOK_AT_LOG: Duration = Duration::from_millis(50);
/// How long a stopped worker waits for answers that would be in doubt otherwise: less than `shutdown` waits for it.
const LAST_MOMENT: Duration = Duration::from_millis(40);
/// The pause before a worker that has panicked starts again.
const RESTART: Duration = Duration::from_secs(1);

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

/// Delivers until the outbox stops. A panic costs the deliveries that run then, which are made again.
pub(super) async fn run(shared: Arc<Shared>) {
    while let Err(payload) = AssertUnwindSafe(deliver(&shared)).catch_unwind().await {
        guard::drop_payload(payload);
        tracing::error!("the outbox's worker panicked, and starts again: please report this");
        sleep(RESTART).await;
        lock(&shared.breaker).abandon_probe();
        shared.room().give_all_back(shared.clock.now());
    }
    shared.room().leave(shared.clock.now());
    shared.ended.send_replace(true);
}

async fn deliver(shared: &Arc<Shared>) {
    let mut runs = FuturesUnordered::new();
    let mut last_moment = None;
    let mut care_at = Instant::now();
    let mut log_at = care_at;
    let mut checkpoint = super::checkpoint::Checkpoint::new();
    loop {
        match shared.phase() {
            // The answer to a request that must not be repeated is worth a moment.
            Phase::Stopped if shared.asking.load(Ordering::SeqCst) > 0 => {
                let by = *last_moment.get_or_insert_with(|| Instant::now() + LAST_MOMENT);
                if Instant::now() >= by {
                    break;
                }
                tokio::select! {
                    _ = runs.next() => {}
                    () = sleep_until(by) => {}
                }
                continue;
            }
            Phase::Stopped => break,
            Phase::Draining if runs.is_empty() && shared.hooks.load(Ordering::SeqCst) == 0 => break,
            _ => {}
        }
        let has_file = shared.options.path.is_some();
        if has_file && Instant::now() >= log_at {
            checkpoint.run_if_due(shared).await;
            log_at = Instant::now() + LOOK_AT_LOG;
        }
        if has_file && Instant::now() >= care_at {
            care_at = Instant::now() + care(shared);
        }

        let until = begin(shared, |place, entry| {
            runs.push(Conversation::new(shared.clone(), place).deliver(entry));
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
    #[cfg(test)]
    assert!(claimed.is_empty() || !shared.panics.swap(false, Ordering::SeqCst), "as told");
    for (place, entry) in claimed {
        start(place, entry);
    }
    // With all places taken, the end of a delivery is what there is to wait for.
    is_all.then(|| room.next_due(now).map(|at| shared.clock.instant(at))).flatten()
}
