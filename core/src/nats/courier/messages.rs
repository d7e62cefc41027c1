//! Messages of the stream, read by their subjects and outside any consumer.

use std::time::{Duration, SystemTime};

use async_nats::jetstream::message::StreamMessage;
use async_nats::jetstream::stream::{self, LastRawMessageErrorKind};
use futures_util::TryStreamExt;

use crate::error::{Error, Result};
use crate::nats::headers::{self, Held};
use crate::nats::settings::Checked;
use crate::nats::setup::unanswered;
use crate::outbox::Record;

/// A record that was read from the stream.
#[derive(Clone, Debug)]
pub(super) struct Received {
    pub(super) record: Record,
    /// Its number in the stream.
    pub(super) sequence: u64,
    /// The time of its first publication, in milliseconds since the epoch.
    pub(super) accepted_at: u64,
}

impl Received {
    pub(super) fn new(held: Held, sequence: u64, published_at: u64) -> Self {
        let accepted_at = held.accepted_at.unwrap_or(published_at);
        Received { record: held.record, sequence, accepted_at }
    }

    /// A message that is no record, which becomes a dead letter with the beginning of its text, in at most so many bytes of JSON.
    pub(super) fn foreign(sequence: u64, published_at: u64, body: &[u8], longest: usize) -> Self {
        let beginning = body.get(..longest).unwrap_or(body);
        let text = shortened(String::from_utf8_lossy(beginning).into_owned(), longest);
        let record = Record::new("", format!("message-{sequence}"), text.into());
        Received { record, sequence, accepted_at: published_at }
    }
}

/// The reason of a dead letter that is no record.
pub(super) fn no_record(why: &str) -> String {
    format!("it is no record: {why}")
}

/// The beginning of a text that has at most so many bytes as JSON, where some characters need six.
fn shortened(mut text: String, longest: usize) -> String {
    let mut bytes = r#""""#.len();
    let end = text.char_indices().find(|(_, character)| {
        bytes += match character {
            '"' | '\\' | '\n' | '\r' | '\t' | '\x08' | '\x0c' => 2,
            '\0'..='\x1f' => 6,
            other => other.len_utf8(),
        };
        bytes > longest
    });
    if let Some((end, _)) = end {
        text.truncate(end);
    }
    text
}

/// The stream, for reads that its leader answers: they are never older than what was written before.
pub(super) struct Reader<'a> {
    pub(super) settings: &'a Checked,
    pub(super) stream: &'a stream::Stream<()>,
    pub(super) operation: &'static str,
}

impl Reader<'_> {
    /// The first message with this number or a later one, on these subjects.
    pub(super) async fn next(
        &self,
        subjects: &str,
        sequence: u64,
    ) -> Result<Option<StreamMessage>> {
        let found = self.stream.get_first_raw_message_by_subject(subjects, sequence.max(1)).await;
        match found {
            Ok(message) => Ok(Some(message)),
            Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => Ok(None),
            Err(error) => Err(self.unanswered(&error)),
        }
    }

    /// Returns true if there is a message on this subject, which has no wildcard.
    pub(super) async fn has(&self, subject: &str) -> Result<bool> {
        match self.stream.get_last_raw_message_by_subject(subject).await {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => Ok(false),
            Err(error) => Err(self.unanswered(&error)),
        }
    }

    /// The first messages on these subjects, at most so many.
    pub(super) async fn first(&self, subjects: &str, most: usize) -> Result<Vec<StreamMessage>> {
        let (mut found, mut next) = (Vec::new(), 1);
        while found.len() < most
            && let Some(message) = self.next(subjects, next).await?
        {
            next = message.sequence + 1;
            found.push(message);
        }
        Ok(found)
    }

    /// The number of messages on each of these subjects.
    pub(super) async fn subjects(&self, subjects: &str) -> Result<Vec<(String, usize)>> {
        let counted = self.stream.info_with_subjects(subjects).await;
        let counted = counted.map_err(|error| self.unanswered(&error))?;
        counted.try_collect().await.map_err(|error| self.unanswered(&error))
    }

    /// The number of messages on these subjects.
    pub(super) async fn count(&self, subjects: &str) -> Result<u64> {
        let counted = self.subjects(subjects).await?;
        Ok(counted.iter().map(|(_, messages)| *messages as u64).sum())
    }

    /// The number of all messages of the stream.
    pub(super) async fn messages(&self) -> Result<u64> {
        let info = self.stream.get_info().await.map_err(|error| self.unanswered(&error))?;
        Ok(info.state.messages)
    }

    /// Removes a message; `false` if it is gone already.
    pub(super) async fn delete(&self, sequence: u64) -> Result<bool> {
        match self.stream.delete_message(sequence).await {
            Ok(is_deleted) => Ok(is_deleted),
            // The broker refuses it if another process was quicker.
            Err(error) => match self.stream.get_raw_message(sequence).await {
                Err(missing) if missing.kind() == LastRawMessageErrorKind::NoMessageFound => {
                    Ok(false)
                }
                _ => Err(self.unanswered(&error)),
            },
        }
    }

    fn unanswered(&self, error: &dyn std::fmt::Display) -> Error {
        unanswered(self.settings, self.operation, error)
    }
}

/// The record in a message that was read from the stream; `None` for one that is no record.
pub(super) fn received(message: &StreamMessage) -> Option<(Received, Held)> {
    let held = headers::read(Some(&message.headers), &message.payload).ok()?;
    let published_at = milliseconds(message.time.into());
    Some((Received::new(held.clone(), message.sequence, published_at), held))
}

/// Milliseconds since the epoch.
pub(super) fn milliseconds(time: SystemTime) -> u64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    since.as_millis().try_into().unwrap_or(u64::MAX)
}

/// The time of these milliseconds since the epoch.
pub(super) fn time(milliseconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(milliseconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_foreign_message_is_shortened_until_it_fits_as_json() {
        let texts: [&[u8]; 5] = [b"\0", b"\xff", b"\"\\\n", "안녕".as_bytes(), b"plain "];
        for text in texts {
            let body = text.repeat(1_000);
            let received = Received::foreign(7, 1, &body, 500);
            let json = received.record.payload().to_string();
            assert!((490..=500).contains(&json.len()), "{} bytes of {text:?}", json.len());
            assert_eq!(received.record.id(), "message-7");
        }
        let whole = Received::foreign(7, 1, b"hello", 500);
        assert_eq!(whole.record.payload(), "hello");
    }
}
