//! The exchange of running turns with the processes that share the outbox's file.
//!
//! Each process keeps the rows of its own turns, in batches: a change is written within [`INTERVAL`], so that a shorter turn
//! is never written, and the requests to stop are read at the same time. While no turn runs, nothing is read.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::super::shared::SharedOutbox;

/// The interval at which a process with running turns writes its changes and reads the requests to stop them: a fifth of
/// the 250 ms in which a turn is to end.
const INTERVAL: Duration = Duration::from_millis(50);

/// Keeps the rows of this process's turns, and stops those whose end is asked for.
pub(super) async fn watch(shared: Arc<SharedOutbox>) -> Infallible {
    loop {
        shared.turns.wait().await;
        sleep(INTERVAL).await;
        exchange(&shared);
    }
}

fn exchange(shared: &SharedOutbox) {
    let changes = shared.turns.take_changes();
    match shared.backend().exchange_turns(&changes, shared.clock.now()) {
        // Without a lock, as a stop wakes the turn's reader.
        Ok(found) => shared.turns.written(&changes, &found).iter().for_each(|stop| stop()),
        Err(fault) => {
            tracing::debug!(%fault, "the running turns wait for the outbox's file");
            shared.turns.not_written(changes);
        }
    }
}
