//! Counting: the sink learns at most once that a record is delivered, by a key that only one delivery can create.
//!
//! Deliveries do not wait for it. While the bucket of keys does not answer, they go on, and their records are not counted.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_nats::jetstream::kv::CreateErrorKind;
use bytes::Bytes;
use tokio::time::{Instant, sleep, timeout};

use super::messages::Received;
use super::run::Run;
use super::shared::lock;
use crate::guard;
use crate::nats::{names, setup, wanted};
use crate::outbox::{Record, callback};
use crate::process::new_id;

/// The time limit of a call of `delivered`.
const HOOK: Duration = Duration::from_secs(60);
/// The time limit of one creation.
const CREATED: Duration = Duration::from_secs(2);
/// The first pause before it is repeated; the next ones double it.
const AGAIN: Duration = Duration::from_millis(100);
/// The shortest time between two looks for a bucket that is gone.
const LOOK: Duration = Duration::from_secs(1);

impl Run {
    /// Counts a delivered record, and notifies the sink once.
    pub(super) async fn count(self: &Arc<Self>, received: &Received, record: Record) {
        let shared = &self.shared;
        shared.delivered.fetch_add(1, Ordering::SeqCst);
        lock(&shared.marks).remove(received.sequence);
        let Ok(permit) = self.hook_permits.clone().acquire_owned().await else { return };
        let run = self.clone();
        self.hooks.spawn(async move {
            let _permit = permit;
            if !run.is_first(&record).await {
                return;
            }
            let sink = &*run.shared.sink;
            let call = guard::call(callback(sink), || sink.delivered(&record));
            if timeout(HOOK, call).await.is_err() {
                let limit = HOOK.as_secs();
                tracing::warn!(record = record.id(), "`delivered` did not end within {limit} s");
            }
        });
    }

    /// Returns true at most once for each record: for the delivery that creates its key.
    async fn is_first(&self, record: &Record) -> bool {
        let key = format!("counted.{}", names::token(record.id()));
        // The mark of this creation, by which it is known again if its answer is lost.
        let own = Bytes::from(new_id().simple().to_string());
        let (begin, mut tried, mut pause) = (Instant::now(), 0, AGAIN);
        let mut is_repeated = false;
        while self.has_patience(begin) {
            match timeout(CREATED, self.counted.create(&key, own.clone())).await {
                Ok(Ok(_)) => {
                    self.counting.answered();
                    return true;
                }
                Ok(Err(error)) if error.kind() == CreateErrorKind::AlreadyExists => {
                    self.counting.answered();
                    let created = || self.counted.get(&key);
                    return is_repeated && created().await.is_ok_and(|found| found == Some(own));
                }
                Ok(Err(error)) => tracing::debug!("a record is not counted yet: {error}"),
                Err(_) => tracing::debug!("a record is not counted yet: no answer"),
            }
            is_repeated = true;
            // Without a connection there are no deliveries that could wait for this one.
            if self.connected.is_alive() {
                tried += 1;
                self.look_for_bucket().await;
            }
            if tried >= self.counting.tries() {
                break;
            }
            sleep(pause).await;
            pause *= 2;
        }
        self.counting.missed(&self.names().counted());
        false
    }

    /// Creates the bucket again if it is gone. Calls that come together share one look.
    async fn look_for_bucket(&self) {
        let Ok(mut looked_at) = self.counting.looked_at.try_lock() else { return };
        if looked_at.is_some_and(|at| at.elapsed() < LOOK) {
            return;
        }
        let settings = &self.shared.broker.settings;
        let bucket = wanted::counted(settings);
        let found = setup::ensure_bucket(settings, &self.connected, bucket, "courier.run").await;
        if let Err(error) = found {
            tracing::debug!("the bucket of counted records is not there: {error}");
        }
        *looked_at = Some(Instant::now());
    }
}
