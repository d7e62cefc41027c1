//! The inspection of a stream: statistics, pending records and dead letters, whether a courier runs or not.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use async_nats::jetstream::message::StreamMessage;
use async_nats::jetstream::{kv, stream};
use bytes::Bytes;

use super::attempts::{self, Attempts};
use super::messages::{self, Reader, Received, received};
use super::shared::{Shared, lock};
use super::stats::CourierStats;
use super::{Courier, runtime};
use crate::error::{ErrorKind, Result};
use crate::nats::connection::Connected;
use crate::nats::headers;
use crate::nats::names::Names;
use crate::nats::publish::{Unpublished, publish};
use crate::nats::setup;
use crate::outbox::{DeadLetter, Gate, PendingRecord, PendingState};

/// The most records that `pending` and `dead_letters` return.
const LISTED: usize = 1_000;

/// The stream of a courier, for one operation.
struct Opened {
    shared: Arc<Shared>,
    connected: Connected,
    stream: stream::Stream<()>,
    operation: &'static str,
}

impl Opened {
    async fn open(shared: Arc<Shared>, operation: &'static str) -> Result<Self> {
        let connected = shared.broker.connected(operation).await?;
        let stream = setup::stream(&shared.broker.settings, &connected, operation).await?;
        Ok(Opened { shared, connected, stream, operation })
    }

    fn reader(&self) -> Reader<'_> {
        Reader {
            settings: &self.shared.broker.settings,
            stream: &self.stream,
            operation: self.operation,
        }
    }

    fn names(&self) -> &Names {
        &self.shared.broker.settings.names
    }

    /// The bucket of attempts; `None` before a courier has run.
    async fn attempts(&self) -> Option<kv::Store> {
        self.connected.jetstream.get_key_value(self.names().attempts()).await.ok()
    }
}

impl Courier {
    /// The counters. `pending`, `parked` and `dead` are those of the stream, for all couriers, counted one after another. A stream that
    /// is missing is created, as by [`run`](Self::run).
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run); `connect`, `connect_timeout` or `server` if the broker is not reached or does not answer.
    pub async fn stats(&self) -> Result<CourierStats> {
        self.with_stream("courier.stats", |opened| async move {
            let (reader, names) = (opened.reader(), opened.names());
            let parked = reader.count(&names.all_parked()).await?;
            let dead = reader.count(&names.all_dead()).await?;
            let requests = reader.count(&names.unparks()).await?;
            // Last, so that a record that moves meanwhile is still among the pending ones.
            let all = reader.messages().await?;
            let shared = &opened.shared;
            let gate = lock(&shared.breaker).gate(shared.clock.elapsed());
            Ok(CourierStats {
                // Parked records may be delivered between the requests.
                pending: all.saturating_sub(dead + requests).max(parked),
                parked,
                dead,
                delivered_here: shared.delivered.load(Ordering::SeqCst),
                dead_here: shared.died.load(Ordering::SeqCst),
                is_breaker_open: gate != Gate::Open,
            })
        })
        .await
    }

    /// The records that wait in the stream: those of the partitions in the order of their publication, then the parked ones; at most
    /// 1,000. A stream that is missing is created.
    ///
    /// # Errors
    ///
    /// As [`stats`](Self::stats).
    pub async fn pending(&self) -> Result<Vec<PendingRecord>> {
        self.with_stream("courier.pending", |opened| async move {
            let (reader, names) = (opened.reader(), opened.names());
            let attempts = opened.attempts().await;
            let mut found = reader.first(&names.records(), LISTED).await?;
            found.retain(|message| !Names::is_unpark(&message.subject));
            let parked = reader.first(&names.all_parked(), LISTED - found.len()).await?;
            let mut records = Vec::with_capacity(found.len() + parked.len());
            for (message, is_parked) in
                found.iter().map(|message| (message, false)).chain(parked.iter().map(|m| (m, true)))
            {
                let Some((received, _)) = received(message) else { continue };
                let tried = match &attempts {
                    Some(bucket) => attempts::read(bucket, &received).await,
                    None => Attempts::default(),
                };
                let is_sending = lock(&opened.shared.sending).contains(&message.sequence);
                records.push(pending(received, tried, is_sending, is_parked));
            }
            Ok(records)
        })
        .await
    }

    /// About the time of acceptance of the oldest record: of the first record of the partitions, or of the parked ones. A record that was
    /// accepted earlier can stand behind those, as it gets a new number when it is parked.
    #[cfg(feature = "bridge")]
    pub(crate) async fn oldest(&self) -> Result<Option<std::time::SystemTime>> {
        self.with_stream("courier.pending", |opened| async move {
            let (reader, names) = (opened.reader(), opened.names());
            let mut first = reader.next(&names.records(), 1).await?;
            while let Some(request) =
                first.as_ref().filter(|message| Names::is_unpark(&message.subject))
            {
                first = reader.next(&names.records(), request.sequence + 1).await?;
            }
            let parked = reader.next(&names.all_parked(), 1).await?;
            let accepted_at = |message: &StreamMessage| {
                let published_at = messages::milliseconds(message.time.into());
                received(message).map_or(published_at, |(received, _)| received.accepted_at)
            };
            let oldest = first.iter().chain(&parked).map(accepted_at).min();
            Ok(oldest.map(messages::time))
        })
        .await
    }

    /// The dead letters, in the order of their deaths; at most 1,000.
    ///
    /// # Errors
    ///
    /// As [`stats`](Self::stats).
    pub async fn dead_letters(&self) -> Result<Vec<DeadLetter>> {
        self.with_stream("courier.dead_letters", |opened| async move {
            let letters = opened.reader().first(&opened.names().all_dead(), LISTED).await?;
            Ok(letters.iter().filter_map(dead_letter).collect())
        })
        .await
    }

    /// Publishes a dead letter again, after all other records of its conversation; `false` if there is none with this id. Of several
    /// with one id, such as the beginning of a reply and the whole one, each call takes the one that died first.
    ///
    /// # Errors
    ///
    /// As [`stats`](Self::stats).
    pub async fn requeue(&self, id: &str) -> Result<bool> {
        let id = id.to_owned();
        self.with_stream("courier.requeue", |opened| async move {
            let (reader, names) = (opened.reader(), opened.names());
            let Some(message) = reader.next(&names.dead_by_id(&id), 1).await? else {
                return Ok(false);
            };
            let refused = |why: String| {
                opened.shared.broker.settings.error(ErrorKind::Server, opened.operation, why)
            };
            let Some((Received { record, .. }, _)) = received(&message) else {
                return Err(refused("the dead letter can no longer be read".to_owned()));
            };
            // Another id than before, which the broker would take for a repetition; the same for each attempt to requeue.
            let message_id = format!("{id}:again:{}", message.sequence);
            let headers = headers::of(&record, &message_id);
            let body = Bytes::from(record.payload().to_string());
            let subject = names.record(record.conversation());
            match publish(&opened.connected, subject, headers, body).await {
                Ok(_) | Err(Unpublished::Present) => {}
                Err(
                    Unpublished::TooLarge(why)
                    | Unpublished::NoStream(why)
                    | Unpublished::Unavailable(why),
                ) => return Err(refused(why)),
            }
            reader.delete(message.sequence).await?;
            Ok(true)
        })
        .await
    }

    /// Removes a dead letter, or a parked record; `false` if there is none with this id. A record that waits in its partition stays,
    /// as it may be on its way. Of several dead letters with one id, each call removes the one that died first.
    ///
    /// # Errors
    ///
    /// As [`stats`](Self::stats).
    pub async fn discard(&self, id: &str) -> Result<bool> {
        let id = id.to_owned();
        self.with_stream("courier.discard", |opened| async move {
            let (reader, names) = (opened.reader(), opened.names());
            if let Some(message) = reader.next(&names.dead_by_id(&id), 1).await? {
                return reader.delete(message.sequence).await;
            }
            let (subjects, mut next) = (names.all_parked(), 1);
            while let Some(message) = reader.next(&subjects, next).await? {
                if received(&message).is_some_and(|(parked, _)| parked.record.id() == id) {
                    return reader.delete(message.sequence).await;
                }
                next = message.sequence + 1;
            }
            Ok(false)
        })
        .await
    }

    /// Runs an operation on the stream.
    async fn with_stream<T, Act, Acting>(&self, operation: &'static str, act: Act) -> Result<T>
    where
        T: Send + 'static,
        Act: FnOnce(Opened) -> Acting + Send + 'static,
        Acting: Future<Output = Result<T>> + Send + 'static,
    {
        let shared = self.shared.clone();
        runtime::run(operation, async move { act(Opened::open(shared, operation).await?).await })
            .await
    }
}

fn pending(
    received: Received,
    tried: Attempts,
    is_sending: bool,
    is_parked: bool,
) -> PendingRecord {
    let state = match () {
        () if is_sending => PendingState::Sending,
        () if is_parked && tried.needs_token => PendingState::NeedsToken,
        () => PendingState::Queued,
    };
    PendingRecord {
        id: received.record.id().to_owned(),
        conversation: received.record.conversation().to_owned(),
        user: received.record.user_id().map(str::to_owned),
        accepted_at: messages::time(received.accepted_at),
        attempts: tried.failures,
        state,
        reason: Some(tried.reason).filter(|reason| !reason.is_empty()),
    }
}

fn dead_letter(message: &StreamMessage) -> Option<DeadLetter> {
    let (Received { record, accepted_at, .. }, held) = received(message)?;
    Some(DeadLetter {
        id: record.id().to_owned(),
        conversation: record.conversation().to_owned(),
        user: record.user_id().map(str::to_owned),
        payload: record.payload().clone(),
        accepted_at: messages::time(accepted_at),
        died_at: message.time.into(),
        attempts: held.attempts,
        reason: held.reason,
    })
}
