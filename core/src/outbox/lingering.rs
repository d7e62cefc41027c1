//! Outboxes that outlive their handles, until nothing is due any more.
//!
//! A host's garbage collector drops a handle at a time that no program chooses, so it must not decide on records.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, Weak};
#[cfg(feature = "bridge")]
use std::time::Duration;

#[cfg(feature = "bridge")]
use futures_util::future::join_all;

use super::shared::{Phase, SharedOutbox, lock};
use crate::process::PerProcess;
#[cfg(feature = "bridge")]
use crate::process::runtime;

type Lingering = Arc<Mutex<Vec<Weak<SharedOutbox>>>>;

static LINGERING: PerProcess<Lingering> = PerProcess::new();

/// Lets the worker of an outbox without handles deliver the records that wait.
pub(super) fn linger(shared: &Arc<SharedOutbox>) {
    let lingering = LINGERING.get_or_make(Arc::default);
    let mut lingering = lock(&lingering);
    lingering.retain(|outbox| outbox.strong_count() > 0);
    lingering.push(Arc::downgrade(shared));
    drop(lingering);
    shared.advance(Phase::Lingering);
}

/// Waits until every outbox that outlives its handles has ended, at most this long.
#[cfg(feature = "bridge")]
pub(crate) async fn flush_lingering(limit: Duration) {
    let Some(lingering) = LINGERING.get() else { return };
    let living: Vec<_> = lock(&lingering).iter().filter_map(Weak::upgrade).collect();
    let ends = living.into_iter().map(|shared| async move {
        lock(&shared.breaker).probe_now();
        shared.wake.notify_one();
        let mut ended = shared.ended.subscribe();
        let _ = ended.wait_for(|ended| *ended).await;
    });
    let ends = join_all(ends.collect::<Vec<_>>());
    // The timer is the library's own runtime's.
    if let Ok(runtime) = runtime() {
        let _ = runtime.spawn(async move { tokio::time::timeout(limit, ends).await }).await;
    }
}

/// Returns true if the outbox has a worker that can deliver.
pub(super) fn can_linger(shared: &SharedOutbox) -> bool {
    shared.has_worker.load(Ordering::SeqCst) && shared.sink.get().is_some()
}
