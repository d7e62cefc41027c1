//! The end of an attempt on the broker: acknowledged, refused with a delay, parked, or a dead letter.

use std::sync::atomic::Ordering;
use std::time::Duration;

use async_nats::Request;
use async_nats::jetstream::kv::CreateErrorKind;
use async_nats::jetstream::{AckKind, Message};
use bytes::Bytes;
use tokio::time::{sleep, timeout};

use super::attempts::Attempts;
use super::delivery::{End, PATIENCE};
use super::messages::Received;
use super::run::Run;
use super::shared::lock;
use crate::guard;
use crate::nats::headers;
use crate::nats::names;
use crate::nats::publish::{Unpublished, publish};
use crate::outbox::{Record, callback};

/// The times that a request is repeated which the broker does not answer, and the pause between them: together the broker's
/// patience, after which it repeats the delivery anyway.
const TRIES: u32 = 60;
const AGAIN: Duration = Duration::from_secs(1);
/// The time limit of a call of `delivered`.
const HOOK: Duration = Duration::from_secs(60);

impl Run {
    /// Ends an attempt of a record of a partition; returns true if the record is parked.
    pub(super) async fn settle(&self, message: &Message, received: &Received, end: End) -> bool {
        match end {
            End::Delivered(record) => {
                self.acknowledge(message).await;
                self.count(received, record).await;
            }
            End::Dead { attempts, reason } => {
                if !self.bury(received, attempts, &reason).await {
                    self.refuse(message, PATIENCE).await;
                    return false;
                }
                self.acknowledge(message).await;
            }
            End::Later { attempts, parks: true, .. } => {
                if self.park(received, Some(&attempts)).await {
                    self.acknowledge(message).await;
                    return true;
                }
                self.refuse(message, PATIENCE).await;
            }
            End::Later { attempts, wait, .. } => {
                self.store_attempts(received.sequence, &attempts).await;
                self.refuse(message, wait.min(PATIENCE)).await;
            }
        }
        false
    }

    /// Moves a record behind the parked ones of its conversation.
    pub(super) async fn park_behind(&self, message: &Message, received: &Received) {
        match self.park(received, None).await {
            true => self.acknowledge(message).await,
            false => self.refuse(message, PATIENCE).await,
        }
    }

    /// Acknowledges a message, until the broker confirms it.
    pub(super) async fn acknowledge(&self, message: &Message) {
        let Some(reply) = &message.reply else { return };
        for _ in 0..TRIES {
            let ack = Request::new().payload(Bytes::from_static(b"+ACK"));
            match self.connected.client.send_request(reply.clone(), ack).await {
                Ok(_) => return,
                Err(error) => tracing::debug!("an acknowledgement is not confirmed yet: {error}"),
            }
            sleep(AGAIN).await;
        }
        tracing::warn!("a record was delivered and not acknowledged: it will be delivered again");
    }

    /// Returns a message to the broker, which sends it again after the delay.
    pub(super) async fn refuse(&self, message: &Message, delay: Duration) {
        let delay = Some(delay).filter(|delay| !delay.is_zero());
        if let Err(error) = message.ack_with(AckKind::Nak(delay)).await {
            // The broker sends it again on its own, later.
            tracing::debug!("a record could not be returned to the broker: {error}");
        }
    }

    /// Counts a delivered record, and notifies the sink once.
    pub(super) async fn count(&self, received: &Received, record: Record) {
        let shared = self.shared.clone();
        shared.delivered.fetch_add(1, Ordering::SeqCst);
        lock(&shared.marks).remove(received.sequence);
        let Ok(permit) = self.hook_permits.clone().acquire_owned().await else { return };
        let counted = self.counted.clone();
        self.hooks.spawn(async move {
            let _permit = permit;
            let key = format!("counted.{}", names::token(record.id()));
            for _ in 0..TRIES {
                match counted.create(&key, Bytes::new()).await {
                    Ok(_) => {
                        let sink = &*shared.sink;
                        let call = guard::call(callback(sink), || sink.delivered(&record));
                        if timeout(HOOK, call).await.is_err() {
                            let limit = HOOK.as_secs();
                            tracing::warn!(
                                record = record.id(),
                                "`delivered` did not end within {limit} s"
                            );
                        }
                        return;
                    }
                    Err(error) if error.kind() == CreateErrorKind::AlreadyExists => return,
                    Err(error) => tracing::debug!("a record is not counted yet: {error}"),
                }
                sleep(AGAIN).await;
            }
            tracing::warn!(record = record.id(), "a delivered record was not counted");
        });
    }

    /// Stores a dead letter; `false` if the broker does not take it.
    pub(super) async fn bury(&self, received: &Received, attempts: u32, reason: &str) -> bool {
        let Received { record, sequence, accepted_at } = received;
        let subject = self.names().dead(record.conversation(), record.id());
        let id = format!("{}:dead:{sequence}", record.id());
        let headers = headers::dead(record, &id, *accepted_at, attempts, reason);
        let stored = self.store(record, subject, headers).await.is_some();
        if stored {
            self.shared.died.fetch_add(1, Ordering::SeqCst);
            lock(&self.shared.marks).remove(*sequence);
            self.shared.sink.gave_up(record.id(), reason);
        }
        stored
    }

    /// Moves a record to those that wait outside the partition; `false` if the broker does not take it.
    pub(super) async fn park(&self, received: &Received, attempts: Option<&Attempts>) -> bool {
        let Received { record, sequence, accepted_at } = received;
        let subject = self.names().parked(record.conversation(), record.id());
        let id = format!("{}:parked:{sequence}", record.id());
        let headers = headers::accepted(record, &id, *accepted_at);
        let Some(parked) = self.store(record, subject, headers).await else { return false };
        if let Some(attempts) = attempts {
            self.store_attempts(parked, attempts).await;
        }
        lock(&self.shared.marks).remove(*sequence);
        true
    }

    /// Publishes a record that leaves its place; returns its new number.
    async fn store(
        &self,
        record: &Record,
        subject: String,
        headers: async_nats::HeaderMap,
    ) -> Option<u64> {
        let body = Bytes::from(record.payload().to_string());
        match publish(&self.connected, subject, headers, body).await {
            Ok(number) => Some(number),
            Err(Unpublished::Present) => None,
            Err(
                Unpublished::TooLarge(why)
                | Unpublished::NoStream(why)
                | Unpublished::Unavailable(why),
            ) => {
                tracing::warn!(
                    record = record.id(),
                    "a record cannot be moved on the broker: {why}"
                );
                None
            }
        }
    }
}
