//! Waiting for deliveries.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::shared::Shared;
use crate::process::runtime;

/// How often a flush looks whether it is done: soon at first, as most deliveries are quick.
const LOOK_FIRST: Duration = Duration::from_millis(1);
const LOOK_LAST: Duration = Duration::from_millis(20);

/// Ends when nothing waits any more that was taken before, or after this long.
pub(super) async fn drained(shared: Arc<Shared>, limit: Duration) {
    let began = Instant::now();
    let last = shared.room().last();
    let mut pause = LOOK_FIRST;
    loop {
        let is_waiting = shared.room().is_waiting(last);
        let left = limit.saturating_sub(began.elapsed());
        if !is_waiting && shared.hooks.load(Ordering::SeqCst) == 0 || left.is_zero() {
            return;
        }
        tokio::time::sleep(pause.min(left)).await;
        pause = (pause * 2).min(LOOK_LAST);
    }
}

/// Runs a future on the library's own runtime.
pub(super) async fn elsewhere<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) {
    if let Ok(runtime) = runtime() {
        let _ = runtime.spawn(future).await;
    }
}
