//! The end of an attempt on the broker: acknowledged, refused with a delay, parked, or a dead letter.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_nats::Request;
use async_nats::jetstream::{AckKind, Message};
use bytes::Bytes;
use tokio::time::{Instant, sleep, timeout};

use super::attempts::Attempts;
use super::delivery::{End, PATIENCE};
use super::messages::Received;
use super::run::Run;
use super::shared::lock;
use crate::nats::publish::{Unpublished, publish};
use crate::nats::wanted::ACK_WAIT;
use crate::nats::{headers, names};
use crate::outbox::Record;

/// The time limit of an acknowledgement, and the times that it is repeated on a working connection. A server that has crashed does
/// not answer for a record of which it has forgotten that it sent it.
const ACKNOWLEDGED: Duration = Duration::from_secs(2);
const TRIES: u32 = 3;
/// The time limit of a refusal, for which the client has no room during a long outage.
const REFUSED: Duration = Duration::from_secs(2);
/// The pause before a request is repeated.
const AGAIN: Duration = Duration::from_millis(100);
/// The longest wait for a broker that does not answer while the courier is being stopped.
const LAST_MOMENT: Duration = Duration::from_secs(5);

impl Run {
    /// Ends an attempt of a record of a partition; returns true if the record is parked.
    pub(super) async fn settle(
        self: &Arc<Self>,
        message: &Message,
        received: &Received,
        end: End,
    ) -> bool {
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
            End::Later { attempts, wait, parks, .. } => {
                if parks && self.park(received, Some(&attempts)).await {
                    self.acknowledge(message).await;
                    return true;
                }
                // A full stream takes no copy: the record waits in its partition.
                self.store_attempts(received, received.sequence, &attempts).await;
                self.refuse(message, wait.min(PATIENCE)).await;
            }
        }
        false
    }

    /// Acknowledges a message, until the broker confirms it.
    pub(super) async fn acknowledge(&self, message: &Message) {
        let Some(reply) = &message.reply else { return };
        let (begin, mut unanswered) = (Instant::now(), 0);
        while unanswered < TRIES && self.has_patience(begin) {
            if self.connected.is_alive() {
                let ack = Request::new().payload(Bytes::from_static(b"+ACK"));
                let ack = ack.timeout(Some(ACKNOWLEDGED));
                match self.connected.client.send_request(reply.clone(), ack).await {
                    Ok(_) => return,
                    Err(error) => tracing::debug!("an acknowledgement is not confirmed: {error}"),
                }
                unanswered += 1;
            }
            sleep(AGAIN).await;
        }
        tracing::warn!("a delivery is not confirmed by the broker, and may be repeated");
    }

    /// Returns true as long as it is worthwhile to repeat a request that began then: the broker sends the record again later.
    pub(super) fn has_patience(&self, begin: Instant) -> bool {
        begin.elapsed() < if self.stop.is_cancelled() { LAST_MOMENT } else { ACK_WAIT }
    }

    /// Returns a message to the broker, which sends it again after the delay.
    pub(super) async fn refuse(&self, message: &Message, delay: Duration) {
        let delay = Some(delay).filter(|delay| !delay.is_zero());
        let refusing = timeout(REFUSED, message.ack_with(AckKind::Nak(delay)));
        // Otherwise the broker sends it again on its own, later.
        match refusing.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::debug!("a record could not be returned to the broker: {error}");
            }
            Err(_) => tracing::debug!("a record could not be returned to the broker in time"),
        }
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
        let subject = self.names().parked(record.conversation());
        let id = format!("{}:parked:{sequence}", record.id());
        let headers = headers::accepted(record, &id, *accepted_at);
        let Some(parked) = self.store(record, subject, headers).await else { return false };
        if let Some(attempts) = attempts {
            self.store_attempts(received, parked, attempts).await;
            // The first one of its conversation: nobody needs to look before it is due.
            lock(&self.due).insert(names::token(record.conversation()), attempts.due_at);
        }
        // Its attempts go on under another number.
        lock(&self.shared.marks).move_to(*sequence, parked);
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
