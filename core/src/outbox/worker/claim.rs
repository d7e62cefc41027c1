//! A claimed conversation, and its slot among the deliveries that may run concurrently.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::sleep;

use crate::outbox::shared::{Phase, SharedOutbox};
use crate::outbox::storage::Fault;

/// The pause before a write is retried on a file that cannot be written.
const WRITE_AGAIN: Duration = Duration::from_millis(500);
/// The pause while another process is writing.
const WRITE_SOON: Duration = Duration::from_millis(10);

/// A conversation that this process is delivering.
pub(super) struct ClaimedConversation {
    pub(super) shared: Arc<SharedOutbox>,
    slot: Option<DeliverySlot>,
}

/// The slot of one concurrent delivery.
struct DeliverySlot(Arc<SharedOutbox>);

impl Drop for DeliverySlot {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::SeqCst);
        self.0.wake.notify_one();
    }
}

impl ClaimedConversation {
    pub(super) fn new(shared: Arc<SharedOutbox>) -> Self {
        shared.running.fetch_add(1, Ordering::SeqCst);
        let slot = Some(DeliverySlot(shared.clone()));
        ClaimedConversation { shared, slot }
    }

    pub(super) fn has_slot(&self) -> bool {
        self.slot.is_some()
    }

    /// Waits after a failed write; returns false once the outbox has stopped. While the file cannot be written, the
    /// slot is free for other deliveries.
    pub(super) async fn waits_after(&mut self, fault: Fault) -> bool {
        match fault {
            _ if self.shared.phase() == Phase::Stopped => return false,
            Fault::Busy => pause_while_busy().await,
            Fault::Unusable(_) | Fault::Damaged(_) => {
                self.slot = None;
                sleep(WRITE_AGAIN).await;
            }
        }
        true
    }
}

/// The pause while another process is writing.
pub(super) async fn pause_while_busy() {
    sleep(WRITE_SOON).await;
}
