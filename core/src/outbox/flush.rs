//! The end of deliveries: flush and shutdown.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::handle::Outbox;
use super::report::FlushReport;
use super::shared::{Phase, SharedOutbox, lock};
use crate::process::runtime;

/// The intervals at which a flush checks: short at first, as most deliveries are quick.
const LOOK_FIRST: Duration = Duration::from_millis(1);
const LOOK_LAST: Duration = Duration::from_millis(20);

impl Outbox {
    /// Waits until every record accepted so far is delivered or dead, at most this long; [`Duration::MAX`] means no
    /// limit. Waits before retries are not shortened, but if the breaker is open, the service is probed once.
    ///
    /// Returns at once if the outbox has no sink.
    pub async fn flush(&self, deadline: Duration) -> FlushReport {
        let Ok(shared) = self.shared() else { return FlushReport::default() };
        self.drain(&shared, deadline).await;
        shared.report()
    }

    /// Rejects further records, waits like [`flush`](Self::flush), and ends. Pending records stay in the file for the
    /// next process, and can still be [listed](Self::pending); in memory they are lost, and counted in the report.
    pub async fn shutdown(&self, deadline: Duration) -> FlushReport {
        let Ok(shared) = self.shared() else { return FlushReport::default() };
        shared.advance(Phase::Closed);
        self.drain(&shared, deadline).await;
        let report = shared.report();
        shared.advance(Phase::Stopped);
        match shared.has_worker.load(Ordering::SeqCst) {
            true => {
                let (watched, mut ended) = (shared.clone(), shared.ended.subscribe());
                let end = async move {
                    let _ = ended.wait_for(|ended| *ended).await;
                    drop(watched);
                };
                // Not longer, because a sink may block its thread.
                on_library_runtime(tokio::time::timeout(Duration::from_millis(50), end)).await;
            }
            false => shared.backend().leave(shared.clock.now()),
        }
        report
    }

    /// Returns true while a record that this process must deliver waits.
    #[cfg(feature = "bridge")]
    pub(crate) fn is_waiting(&self) -> bool {
        self.shared().is_ok_and(|shared| {
            let mut backend = shared.backend();
            let position = backend.position();
            shared.phase() < Phase::Draining && backend.is_waiting(position).unwrap_or(true)
        })
    }

    /// Waits on the library's own runtime, because the caller may have any runtime, or none.
    async fn drain(&self, shared: &Arc<SharedOutbox>, limit: Duration) {
        if !self.has_sink() || shared.phase() >= Phase::Draining {
            return;
        }
        if self.ensure_worker().is_err() {
            return;
        }
        lock(&shared.breaker).probe_now();
        shared.wake.notify_one();
        on_library_runtime(drained(shared.clone(), limit)).await;
    }
}

/// Returns once every record accepted so far has been delivered or given up, or after the limit.
pub(super) async fn drained(shared: Arc<SharedOutbox>, limit: Duration) {
    let began = Instant::now();
    let position = shared.backend().position();
    let mut pause = LOOK_FIRST;
    loop {
        let is_waiting = shared.backend().is_waiting(position).unwrap_or(true);
        let left = limit.saturating_sub(began.elapsed());
        if !is_waiting && shared.hooks.load(Ordering::SeqCst) == 0 || left.is_zero() {
            return;
        }
        tokio::time::sleep(pause.min(left)).await;
        pause = (pause * 2).min(LOOK_LAST);
    }
}

/// Runs a future on the library's own runtime.
pub(super) async fn on_library_runtime<T: Send + 'static>(
    future: impl Future<Output = T> + Send + 'static,
) {
    if let Ok(runtime) = runtime() {
        let _ = runtime.spawn(future).await;
    }
}
