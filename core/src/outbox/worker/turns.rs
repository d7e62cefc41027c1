//! The exchange of running turns with the processes that share the outbox's file.
//!
//! Each process keeps the rows of its own turns, in batches: a change is written within [`INTERVAL`], so that a shorter turn
//! is never written, and the requests to stop are read at the same time. While no turn runs, nothing is read.

use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::super::running::Stop;
use super::super::shared::SharedOutbox;
use crate::guard;

/// The interval at which a process with running turns writes its changes and reads the requests to stop them: a fifth of
/// the 250 ms in which a turn is to end.
const INTERVAL: Duration = Duration::from_millis(50);

/// Keeps the rows of this process's turns, and stops those whose end is asked for.
pub(super) async fn watch(shared: Arc<SharedOutbox>) -> Infallible {
    loop {
        shared.turns.wait().await;
        sleep(INTERVAL).await;
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| exchange(&shared))) {
            guard::drop_payload(payload);
            tracing::error!("the exchange of running turns panicked: please report this");
        }
    }
}

fn exchange(shared: &SharedOutbox) {
    let changes = shared.turns.take_changes();
    // The lock ends here: a stop wakes the turn's reader, which may use the outbox at once.
    let exchanged = shared.backend().exchange_turns(&changes, shared.clock.now());
    match exchanged {
        Ok(found) => shared.turns.written(&changes, &found).iter().for_each(call),
        Err(fault) => {
            tracing::debug!(%fault, "the running turns wait for the outbox's file");
            shared.turns.not_written(changes);
        }
    }
}

/// Stops a turn. That wakes its reader, whose waker may be the host's.
fn call(stop: &Stop) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| stop())) {
        guard::drop_payload(payload);
        tracing::error!("the waker of a turn's reader panicked");
    }
}
