//! The worker: claims due records, delivers them, and stores the outcomes.

mod checkpoint;
mod claim;
mod delivery;
mod opening;
mod turns;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::time::{Instant, sleep, sleep_until};

use super::shared::{Phase, SharedOutbox, lock};
use super::state::Gate;
use super::storage::{ClaimedRecord, MAINTENANCE_SOON};
use crate::error::{Error, ErrorKind, Result};
use crate::guard;
use checkpoint::LogMover;
use claim::ClaimedConversation;
use turns::watch;

/// The maintenance interval: other processes may have died, or left records to this one.
const MAINTENANCE: Duration = Duration::from_secs(1);
/// The interval of checks of the log while there is work: a small disk has no space for a second's worth of it.
const LOOK_AT_LOG: Duration = Duration::from_millis(50);
/// The time that a stopped worker waits for answers that would otherwise be in doubt: less than `shutdown` waits for
/// it.
const LAST_MOMENT: Duration = Duration::from_millis(40);
/// The pause before a worker that has panicked restarts.
const RESTART: Duration = Duration::from_secs(1);

/// Starts the worker on its own thread and runtime: its waits for the disk delay no stream.
pub(super) fn spawn(shared: Arc<SharedOutbox>) -> Result<()> {
    let no_thread = |error: std::io::Error| {
        let why = format!("the worker thread cannot be started: {error}");
        Error::new(ErrorKind::Config, "outbox.start", why).with_source(error)
    };
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(no_thread)?;
    let work = move || {
        runtime.block_on(async {
            tokio::select! {
                () = run(shared.clone()) => {}
                never = watch(shared) => match never {},
            }
        });
        runtime.shutdown_background();
    };
    thread::Builder::new().name("turnwire-outbox".into()).spawn(work).map_err(no_thread)?;
    Ok(())
}

/// Delivers until the outbox stops. After a panic the running deliveries are repeated.
pub(super) async fn run(shared: Arc<SharedOutbox>) {
    while let Err(payload) = AssertUnwindSafe(deliver(&shared)).catch_unwind().await {
        guard::drop_payload(payload);
        tracing::error!("the outbox's worker panicked, and starts again: please report this");
        sleep(RESTART).await;
        lock(&shared.breaker).abandon_probe();
        if let Err(fault) = shared.backend().unclaim_all(shared.clock.now()) {
            // The claims end with this process.
            tracing::warn!(%fault, "claims of the outbox's worker stay");
        }
    }
    shared.backend().leave(shared.clock.now());
    shared.ended.send_replace(true);
}

async fn deliver(shared: &Arc<SharedOutbox>) {
    let mut runs = FuturesUnordered::new();
    let mut last_moment = None;
    let mut maintenance_at = Instant::now();
    let mut log_at = maintenance_at;
    let mut log = LogMover::new();
    loop {
        match shared.phase() {
            // The answer to a request that must not be repeated is worth a short wait.
            Phase::Stopped if shared.opening_requests.load(Ordering::SeqCst) > 0 => {
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
        let has_file = shared.has_file();
        if has_file && Instant::now() >= log_at {
            log.run_if_due(shared).await;
            log_at = Instant::now() + LOOK_AT_LOG;
        }
        if has_file && Instant::now() >= maintenance_at {
            maintenance_at = Instant::now() + maintain(shared);
        }

        hasten_unopened(shared);
        // Before the claim: afterwards a record may come, and then the last handle go.
        let is_left = shared.phase() == Phase::Lingering;
        let until = begin(shared, |claimed| {
            runs.push(ClaimedConversation::new(shared.clone()).deliver(claimed));
        });
        if let Some(soon) = shared.backend().maintenance_due() {
            maintenance_at = maintenance_at.min(Instant::now() + soon);
        } else if is_left && until.is_none() && runs.is_empty() {
            shared.advance(Phase::Draining);
            continue;
        }
        let until = match (until, has_file) {
            (Some(until), true) => Some(until.min(maintenance_at)),
            (None, true) => Some(maintenance_at),
            (until, false) => until,
        };
        tokio::select! {
            _ = runs.next(), if !runs.is_empty() => {}
            () = shared.wake.notified() => {}
            () = wait_until(until) => {}
        }
    }
    // Running deliveries are cancelled; the next process repeats them.
}

/// Makes the records due that waited for an opener, once there is one. One that cannot be written now is tried again at the
/// next wake-up.
fn hasten_unopened(shared: &SharedOutbox) {
    if !shared.unopened.is_empty() && shared.sink.opener().is_some() {
        let now = shared.clock.now();
        shared.unopened.remove_if(|id| shared.backend().hasten(id, now).is_ok());
    }
}

async fn wait_until(until: Option<Instant>) {
    match until {
        Some(until) => sleep_until(until).await,
        None => std::future::pending().await,
    }
}

/// Maintains the store; returns the wait until the next maintenance.
fn maintain(shared: &SharedOutbox) -> Duration {
    let mut backend = shared.backend();
    backend.maintain(shared.clock.now());
    // Another process may be about to finish delivering a conversation.
    let waits_for_others = backend.has_company() && backend.counters().now.pending > 0;
    backend.maintenance_due().unwrap_or(if waits_for_others {
        MAINTENANCE_SOON
    } else {
        MAINTENANCE
    })
}

/// Starts as many deliveries as may run now; returns the time when more may start.
fn begin(shared: &SharedOutbox, start: impl FnMut(ClaimedRecord)) -> Option<Instant> {
    if shared.sink.get().is_none() || shared.phase() >= Phase::Draining {
        return None;
    }
    let running = shared.running.load(Ordering::SeqCst);
    let gate = lock(&shared.breaker).gate(shared.clock.elapsed());
    let free = match gate {
        Gate::Open => shared.settings.delivery.concurrency.max(1).saturating_sub(running),
        Gate::Probe(_) => 1,
        Gate::Shut(None) => return None,
        Gate::Shut(Some(until)) => {
            let wait = Duration::from_millis(until.saturating_sub(shared.clock.elapsed()));
            return Some(Instant::now() + wait);
        }
    };
    if free == 0 {
        return None;
    }
    // Before the claim, so that a record that arrives after it wakes the worker.
    shared.is_idle.store(true, Ordering::SeqCst);
    let mut backend = shared.backend();
    let now = shared.clock.now();
    let mut claimed = match gate {
        Gate::Probe(choice) => backend.claim_chosen(choice, free, now).unwrap_or_default(),
        _ => Vec::new(),
    };
    if claimed.is_empty() {
        claimed = backend.claim(free, now).unwrap_or_default();
    }
    let is_all = claimed.len() < free;
    if matches!(gate, Gate::Probe(_)) && !claimed.is_empty() {
        lock(&shared.breaker).begin_probe();
    }
    #[cfg(test)]
    assert!(claimed.is_empty() || !shared.panics.swap(false, Ordering::SeqCst), "as told");
    claimed.into_iter().for_each(start);
    // Without a free slot, the worker waits for the end of a delivery.
    let next_due = if is_all { backend.next_due(now).unwrap_or_default() } else { None };
    next_due.map(|at| shared.clock.instant(at))
}
