//! The state of one run of a courier, which its tasks share.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use async_nats::jetstream::{kv, stream};
use tokio::sync::{Mutex as AsyncMutex, Semaphore};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::messages::{Reader, Received};
use super::missed::Counting;
use super::shared::Shared;
use crate::error::{Error, Result};
use crate::nats::connection::Connected;
use crate::nats::headers;
use crate::nats::names::Names;

/// The most that a dead letter holds of a message that is no record, in bytes.
const LONGEST_FOREIGN: usize = 64 * 1024;

/// The due times of parked conversations, as far as this courier knows them.
pub(super) type DueTimes = HashMap<String, u64>;

/// One run.
pub(super) struct Run {
    pub(super) shared: Arc<Shared>,
    pub(super) connected: Connected,
    pub(super) stream: stream::Stream<()>,
    pub(super) counted: kv::Store,
    pub(super) counting: Counting,
    pub(super) attempts: kv::Store,
    pub(super) due: Mutex<DueTimes>,
    /// The last look for the stream, held by whoever looks.
    pub(super) looked: AsyncMutex<Option<(Instant, Result<()>)>>,
    /// The reason why the run cannot go on.
    pub(super) refused: Mutex<Option<Error>>,
    pub(super) stop: CancellationToken,
    /// Calls of `delivered`, for which the end waits.
    pub(super) hooks: TaskTracker,
    pub(super) hook_permits: Arc<Semaphore>,
}

impl Run {
    pub(super) fn names(&self) -> &Names {
        &self.shared.broker.settings.names
    }

    /// The stream, for reads of this operation.
    pub(super) fn reader(&self, operation: &'static str) -> Reader<'_> {
        Reader { settings: &self.shared.broker.settings, stream: &self.stream, operation }
    }

    /// A message that is no record, shortened to what the broker takes.
    pub(super) fn foreign(&self, sequence: u64, published_at: u64, body: &[u8]) -> Received {
        let limit = self.connected.client.server_info().max_payload.saturating_sub(headers::ROOM);
        Received::foreign(sequence, published_at, body, limit.min(LONGEST_FOREIGN))
    }
}
