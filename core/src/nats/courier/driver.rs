//! The course of a run: its preparation, its partitions with the watch of parked records, and its end.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{Mutex as AsyncMutex, Semaphore};
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::missed::Counting;
use super::run::Run;
use super::shared::{Shared, lock};
use super::{parked, partition};
use crate::error::Result;
use crate::nats::setup;
use crate::nats::wanted;

/// The pause before a broker that is not reached is tried again.
const AGAIN: Duration = Duration::from_millis(500);
/// The calls of `delivered` that may run at a time; beyond that, deliveries wait for them.
const HOOKS: usize = 256;

/// Delivers until `stop` is cancelled, or the stream is replaced by another one.
pub(super) async fn run(shared: Arc<Shared>, stop: CancellationToken) -> Result<()> {
    let Some(run) = prepared(&shared, &stop).await? else { return Ok(()) };
    shared.is_ready.store(true, Ordering::SeqCst);
    let mut tasks = JoinSet::new();
    for partition in 0..run.names().partitions() {
        tasks.spawn(partition::serve(run.clone(), partition));
    }
    tasks.spawn(parked::watch(run.clone()));
    while let Some(ended) = tasks.join_next().await {
        // Each task catches its own panics.
        debug_assert!(ended.is_ok(), "a task of the courier panicked");
    }
    shared.is_ready.store(false, Ordering::SeqCst);
    run.hooks.close();
    run.hooks.wait().await;
    // When the broker answers this, it has handled the last acknowledgements, and has forgotten the requests for records. Otherwise
    // it could send the next record to this run, and to another courier only half a minute later.
    if run.connected.is_alive()
        && let Err(error) = run.stream.get_info().await
    {
        tracing::debug!("the broker did not confirm the end of the courier: {error}");
    }
    let refused = lock(&run.refused).take();
    refused.map_or(Ok(()), Err)
}

/// The run with everything that it needs on the broker; `None` if it is stopped before.
async fn prepared(shared: &Arc<Shared>, stop: &CancellationToken) -> Result<Option<Arc<Run>>> {
    loop {
        let preparing = stop.run_until_cancelled(prepare(shared, stop));
        match preparing.await {
            None => return Ok(None),
            Some(Ok(run)) => return Ok(Some(run)),
            Some(Err(error)) if error.is_retryable() => {
                tracing::warn!(error.code = error.code(), "the courier cannot start yet: {error}");
            }
            Some(Err(error)) => return Err(error),
        }
        if stop.run_until_cancelled(sleep(AGAIN)).await.is_none() {
            return Ok(None);
        }
    }
}

async fn prepare(shared: &Arc<Shared>, stop: &CancellationToken) -> Result<Arc<Run>> {
    const OPERATION: &str = "courier.run";
    let connected = shared.broker.connected(OPERATION).await?;
    let settings = &shared.broker.settings;
    // The connection may be older than a stream that was deleted.
    setup::ensure_stream(settings, &connected, OPERATION).await?;
    if let Err(error) = setup::refuse_deletion(settings, &connected, OPERATION) {
        tracing::warn!("the courier only empties this stream, to which no sink publishes: {error}");
    }
    // The records of another stream had the same numbers.
    lock(&shared.marks).clear();
    let counted = wanted::counted(settings);
    let counted = setup::ensure_bucket(settings, &connected, counted, OPERATION).await?;
    let attempts = wanted::attempts(settings);
    let attempts = setup::ensure_bucket(settings, &connected, attempts, OPERATION).await?;
    setup::ensure_consumers(settings, &connected, OPERATION).await?;
    let stream = setup::stream(settings, &connected, OPERATION).await?;
    let run = Run {
        shared: shared.clone(),
        connected,
        stream,
        counted,
        counting: Counting::default(),
        attempts,
        due: Mutex::default(),
        looked: AsyncMutex::default(),
        refused: Mutex::default(),
        stop: stop.clone(),
        hooks: TaskTracker::new(),
        hook_permits: Arc::new(Semaphore::new(HOOKS)),
    };
    Ok(Arc::new(run))
}
