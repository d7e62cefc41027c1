//! The stream of a running courier, if it is deleted: created again, or the run ends if one with other settings is in its place.

use std::time::Duration;

use tokio::time::Instant;

use super::run::Run;
use super::shared::lock;
use crate::error::{ErrorKind, Result};
use crate::nats::{setup, wanted};

const OPERATION: &str = "courier.run";
/// The shortest time between two looks for the stream, which all partitions share.
const LOOK: Duration = Duration::from_secs(1);

impl Run {
    /// Creates again what a partition needs and is gone: the stream, the bucket of attempts, and its consumer.
    ///
    /// # Errors
    ///
    /// As [`setup`]; an error that no later attempt could change has ended the run.
    pub(super) async fn restore(&self, partition: u16) -> Result<()> {
        let restored = self.try_restore(partition).await;
        if let Err(error) = &restored
            && error.kind() == ErrorKind::Config
        {
            lock(&self.refused).get_or_insert_with(|| error.clone());
            self.stop.cancel();
        }
        restored
    }

    async fn try_restore(&self, partition: u16) -> Result<()> {
        let settings = &self.shared.broker.settings;
        self.restore_stream().await?;
        setup::ensure_consumer(settings, &self.stream, partition, OPERATION).await
    }

    /// Partitions that come together share one look, and its failure.
    async fn restore_stream(&self) -> Result<()> {
        let mut looked = self.looked.lock().await;
        if let Some((at, found)) = &*looked
            && at.elapsed() < LOOK
        {
            return found.clone();
        }
        let found = self.look_for_stream().await;
        *looked = Some((Instant::now(), found.clone()));
        found
    }

    async fn look_for_stream(&self) -> Result<()> {
        let settings = &self.shared.broker.settings;
        setup::ensure_stream(settings, &self.connected, OPERATION).await?;
        let attempts = wanted::attempts(settings);
        setup::ensure_bucket(settings, &self.connected, attempts, OPERATION).await?;
        // The records of a stream that was made anew have the numbers of others.
        lock(&self.shared.marks).clear();
        Ok(())
    }
}
