//! The publication of a message: the broker's answer, as an outcome for the outbox.

use std::error::Error as _;

use async_nats::HeaderMap;
use async_nats::jetstream::context::{PublishError, PublishErrorKind};
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::{self, ErrorCode};
use bytes::Bytes;

use super::connection::Connected;
use super::headers;

/// The reason why a message was not published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unpublished {
    /// The broker never takes it.
    TooLarge(String),
    /// The broker has no such stream, or nobody answers for it.
    NoStream(String),
    /// The stream has such a message already, or another one that must not be there.
    Present,
    /// The broker is not reached, is full, or does not answer.
    Unavailable(String),
}

/// Publishes a message and waits until the stream has stored it; returns its sequence number.
pub(super) async fn publish(
    connected: &Connected,
    subject: String,
    headers: HeaderMap,
    body: Bytes,
) -> Result<u64, Unpublished> {
    if !connected.is_alive() {
        // A message that the client keeps for later could arrive long after the outbox has sent it again.
        return Err(Unpublished::Unavailable("the connection to the broker is down".to_owned()));
    }
    let message = PublishMessage::build().headers(headers).payload(body);
    let answer =
        connected.jetstream.send_publish(subject, message).await.map_err(|e| unpublished(&e))?;
    answer.await.map(|stored| stored.sequence).map_err(|error| unpublished(&error))
}

/// Refuses a record that the broker would not take, or not as a dead letter with a reason. Its limit includes the headers.
pub(super) fn check_size(
    connected: &Connected,
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<(), Unpublished> {
    let limit = connected.client.server_info().max_payload;
    check(limit.saturating_sub(headers::ROOM), headers, body.len())
}

fn check(limit: usize, headers: &HeaderMap, body: usize) -> Result<(), Unpublished> {
    let bytes = headers::size(headers) + body;
    if bytes <= limit {
        return Ok(());
    }
    Err(Unpublished::TooLarge(format!(
        "the record has {bytes} bytes with its headers, and the broker takes {limit} (its `max_payload` without \
         {} for a reason): shorten it, or raise the broker's limit and requeue it",
        headers::ROOM
    )))
}

fn unpublished(error: &PublishError) -> Unpublished {
    match error.kind() {
        PublishErrorKind::StreamNotFound => Unpublished::NoStream(
            "the broker has no such stream, or JetStream is not enabled on it".to_owned(),
        ),
        PublishErrorKind::WrongLastSequence | PublishErrorKind::WrongLastMessageId => {
            Unpublished::Present
        }
        PublishErrorKind::MaxPayloadExceeded => Unpublished::TooLarge(
            "it is larger than the broker takes: raise the broker's `max_payload`".to_owned(),
        ),
        PublishErrorKind::TimedOut => {
            Unpublished::Unavailable("the broker did not answer in time".to_owned())
        }
        _ => refused(error),
    }
}

/// A refusal with a code of its own.
fn refused(error: &PublishError) -> Unpublished {
    let answer = error.source().and_then(|source| source.downcast_ref::<jetstream::Error>());
    match answer.map(jetstream::Error::error_code) {
        // Another program may have set this limit, while records were published.
        Some(ErrorCode::STREAM_MESSAGE_EXCEEDS_MAXIMUM) => Unpublished::TooLarge(
            "it is larger than the stream takes: remove the stream's `max_msg_size`".to_owned(),
        ),
        Some(ErrorCode::STREAM_HEADER_EXCEEDS_MAXIMUM) => Unpublished::TooLarge(
            "its headers are longer than the 64 KiB that a broker takes: shorten the record's id, its conversation or its \
             user, which stand there"
                .to_owned(),
        ),
        _ => Unpublished::Unavailable(format!("the broker did not store the record: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::outbox::Record;

    #[test]
    fn a_message_that_is_too_large_is_told_from_a_stream_that_is_full() {
        let refused = |code: u64, said: &str| {
            let answer = json!({"code": 400, "err_code": code, "description": said});
            let answer: jetstream::Error = serde_json::from_value(answer).unwrap();
            unpublished(&PublishError::with_source(PublishErrorKind::Other, answer))
        };
        for (code, advice) in
            [(10054, "remove the stream's `max_msg_size`"), (10097, "shorten the record's id")]
        {
            let refused = refused(code, "exceeds maximum allowed");
            assert!(
                matches!(refused, Unpublished::TooLarge(why) if why.contains(advice)),
                "{code}"
            );
        }
        let full = refused(10077, "maximum bytes exceeded");
        assert!(matches!(full, Unpublished::Unavailable(why) if why.contains("maximum bytes")));
    }

    #[test]
    fn a_message_is_too_large_with_its_headers_and_the_reason_names_the_limit() {
        let headers = headers::of(&Record::new("c", "i", json!({})), "i");
        let limit = headers::size(&headers) + 10;
        assert_eq!(check(limit, &headers, 10), Ok(()));
        let Err(Unpublished::TooLarge(why)) = check(limit, &headers, 11) else { panic!() };
        assert!(why.contains(&limit.to_string()) && why.contains("max_payload"), "{why}");
    }
}
