//! Requests for the records of a partition, one at a time.
//!
//! The client's own stream of messages counts what it has requested and received, and of a request for a single message it
//! sometimes forgets that it is answered: then it waits for ten seconds. Here each request is numbered, and replies to it say so.

use std::sync::atomic::Ordering;
use std::time::Duration;

use async_nats::connection::State;
use async_nats::jetstream::{self, Message};
use async_nats::{StatusCode, Subscriber};
use bytes::Bytes;
use futures_util::{FutureExt, StreamExt};
use serde_json::json;
use tokio::time::{Instant, timeout};

use super::run::Run;
use crate::nats::names::Names;
use crate::process::new_id;

/// The time for which the broker keeps a request.
const EXPIRES: Duration = Duration::from_secs(30);
/// The interval of the broker's signs of life while there is no record, of which two may be missing.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// The interval at which a waiting request looks for a new connection, whose server does not know it.
const LOOK: Duration = Duration::from_millis(250);

/// The records of a partition.
pub(super) struct Puller {
    jetstream: jetstream::Context,
    client: async_nats::Client,
    /// The subject of requests.
    subject: String,
    request: Bytes,
    inbox: String,
    replies: Subscriber,
    number: u64,
}

/// The reason why no record came.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum PullError {
    /// The connection is closed for good.
    Closed,
    /// The broker refuses requests, as for a consumer that was deleted.
    Refused(String),
    /// Nothing comes, not even a sign of life: the consumer may be gone, of which servers before 2.10 say nothing.
    Silent,
}

impl Puller {
    pub(super) async fn new(run: &Run, partition: u16) -> Result<Self, String> {
        let client = run.connected.client.clone();
        let inbox = format!("{}.{}", client.new_inbox(), new_id().simple());
        let replies = client.subscribe(format!("{inbox}.*")).await.map_err(|e| e.to_string())?;
        let (stream, consumer) = (run.names().stream(), Names::consumer(partition));
        let subject = format!("$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}");
        let nanoseconds = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let request = json!({
            "batch": 1,
            "expires": nanoseconds(EXPIRES),
            "idle_heartbeat": nanoseconds(HEARTBEAT),
        });
        let request = Bytes::from(request.to_string());
        let jetstream = run.connected.jetstream.clone();
        Ok(Puller { jetstream, client, subject, request, inbox, replies, number: 0 })
    }

    /// The next record, however long that takes.
    pub(super) async fn next(&mut self) -> Result<Message, PullError> {
        loop {
            self.number += 1;
            let reply = format!("{}.{}", self.inbox, self.number);
            let connection = self.connection();
            let subject = self.subject.clone();
            let sent = self.client.publish_with_reply(subject, reply.clone(), self.request.clone());
            sent.await.map_err(|_| PullError::Closed)?;
            let mut heard_at = Instant::now();
            // Until the request has ended, and another one must be sent.
            loop {
                let message = match timeout(LOOK, self.replies.next()).await {
                    Ok(Some(message)) => message,
                    Ok(None) => return Err(PullError::Closed),
                    Err(_) if self.connection() != connection => break,
                    // An outage says nothing about the consumer, and the next connection gets another request.
                    Err(_) if self.client.connection_state() != State::Connected => {
                        heard_at = Instant::now();
                        continue;
                    }
                    Err(_) if heard_at.elapsed() > HEARTBEAT * 2 + LOOK => {
                        return Err(PullError::Silent);
                    }
                    Err(_) => continue,
                };
                heard_at = Instant::now();
                match message.status {
                    None | Some(StatusCode::OK) => return Ok(self.received(message)),
                    // The end of an earlier request.
                    _ if message.subject.as_str() != reply => {}
                    Some(StatusCode::IDLE_HEARTBEAT) => {}
                    status => match refusal(status, message.description.as_deref()) {
                        None => break,
                        Some(why) => return Err(PullError::Refused(why)),
                    },
                }
            }
        }
    }

    /// A record that has come although nobody waits for it any more.
    pub(super) fn arrived(&mut self) -> Option<Message> {
        loop {
            let message = self.replies.next().now_or_never()??;
            if matches!(message.status, None | Some(StatusCode::OK)) {
                return Some(self.received(message));
            }
        }
    }

    fn received(&self, message: async_nats::Message) -> Message {
        Message { message, context: self.jetstream.clone() }
    }

    /// The number of the connection.
    fn connection(&self) -> u64 {
        self.client.statistics().connects.load(Ordering::Relaxed)
    }
}

/// The reason why further requests are pointless; `None` for the usual end of one.
fn refusal(status: Option<StatusCode>, description: Option<&str>) -> Option<String> {
    let description = description.unwrap_or_default();
    let ends = ["Consumer Deleted", "Consumer is push based"];
    let is_over = status == Some(StatusCode::NO_RESPONDERS)
        || ends.iter().any(|end| description.eq_ignore_ascii_case(end));
    is_over.then(|| match description {
        "" => "nobody answers for the consumer".to_owned(),
        description => description.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_that_ends_is_told_from_a_consumer_that_is_gone() {
        let timeout = Some(StatusCode::TIMEOUT);
        let terminated = Some(StatusCode::REQUEST_TERMINATED);
        assert_eq!(refusal(timeout, Some("Request Timeout")), None);
        assert_eq!(refusal(terminated, Some("Leadership Change")), None);
        assert_eq!(refusal(terminated, Some("Consumer Deleted")).unwrap(), "Consumer Deleted");
        let nobody = refusal(Some(StatusCode::NO_RESPONDERS), None).unwrap();
        assert_eq!(nobody, "nobody answers for the consumer");
    }
}
