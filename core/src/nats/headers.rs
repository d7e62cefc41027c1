//! A record on the broker: its payload is the message's body, and the rest of it stands in headers.
//!
//! | header | value |
//! | --- | --- |
//! | `Turnwire-Version` | the form, `1` |
//! | `Turnwire-Id`, `Turnwire-Conversation`, `Turnwire-User` | of the record, percent-encoded |
//! | `Turnwire-Accepted` | of a parked record or a dead letter: the time of publication, in milliseconds since 1970 |
//! | `Turnwire-Attempts`, `Turnwire-Reason` | of a dead letter |
//! | `Nats-Msg-Id` | the id by which the broker recognises a repetition: of a record, its id and the hash of its payload |
//!
//! Tokens are never among them.

use async_nats::HeaderMap;
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use serde_json::Value;

use crate::outbox::Record;

/// The version of this form. A courier leaves messages of a later version to a later courier.
const VERSION: &str = "1";

const FORM: &str = "Turnwire-Version";
const ID: &str = "Turnwire-Id";
const CONVERSATION: &str = "Turnwire-Conversation";
const USER: &str = "Turnwire-User";
const ACCEPTED: &str = "Turnwire-Accepted";
const ATTEMPTS: &str = "Turnwire-Attempts";
const REASON: &str = "Turnwire-Reason";
const MESSAGE_ID: &str = "Nats-Msg-Id";

/// Characters that a header cannot carry, or that readers of headers remove: control characters, spaces, and all that
/// are not ASCII; and the sign of the encoding itself.
const ENCODED: &AsciiSet = &CONTROLS.add(b' ').add(b'%');

/// The longest reason of a dead letter, encoded.
const LONGEST_REASON: usize = 2_000;

/// The bytes that a record needs to be moved on the broker, to which they add their new id, its time and a reason.
pub(super) const ROOM: usize = 4_096;

/// A message that holds a record.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) record: Record,
    /// Milliseconds since the epoch; `None` in a message that has only its own time.
    pub(super) accepted_at: Option<u64>,
    /// Failed deliveries, of a dead letter.
    pub(super) attempts: u32,
    /// The reason of a dead letter.
    pub(super) reason: String,
}

/// The headers of a record.
pub(super) fn of(record: &Record, message_id: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(MESSAGE_ID, encoded(message_id).as_str());
    headers.insert(FORM, VERSION);
    headers.insert(ID, encoded(record.id()).as_str());
    headers.insert(CONVERSATION, encoded(record.conversation()).as_str());
    if let Some(user) = record.user_id() {
        headers.insert(USER, encoded(user).as_str());
    }
    headers
}

/// The headers of a record that was published at this time.
pub(super) fn accepted(record: &Record, message_id: &str, accepted_at: u64) -> HeaderMap {
    let mut headers = of(record, message_id);
    headers.insert(ACCEPTED, accepted_at.to_string().as_str());
    headers
}

/// The headers of a dead letter.
pub(super) fn dead(
    record: &Record,
    message_id: &str,
    accepted_at: u64,
    attempts: u32,
    reason: &str,
) -> HeaderMap {
    let mut headers = accepted(record, message_id, accepted_at);
    headers.insert(ATTEMPTS, attempts.to_string().as_str());
    headers.insert(REASON, shortened(encoded(reason)).as_str());
    headers
}

/// The headers of a message without a record.
pub(super) fn bare() -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(FORM, VERSION);
    headers
}

/// The size of headers on the wire, in bytes.
pub(super) fn size(headers: &HeaderMap) -> usize {
    let lines = headers.iter().flat_map(|(name, values)| {
        let name: &str = name.as_ref();
        values.iter().map(move |value| name.len() + value.as_str().len() + ": \r\n".len())
    });
    "NATS/1.0\r\n\r\n".len() + lines.sum::<usize>()
}

/// The reason why a message cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// It was written by a later version.
    Later(String),
    /// It is no record.
    Foreign(&'static str),
}

/// The record in a message.
pub(super) fn read(headers: Option<&HeaderMap>, body: &[u8]) -> Result<Held, Unreadable> {
    let text =
        |name: &str| headers.and_then(|headers| headers.get(name)).map(|value| value.as_str());
    match text(FORM) {
        Some(VERSION) => {}
        Some(version) => return Err(Unreadable::Later(version.to_owned())),
        None => return Err(Unreadable::Foreign("it has no header `Turnwire-Version`")),
    }
    let name = |name: &str| text(name).map(decoded);
    let id = name(ID).ok_or(Unreadable::Foreign("it has no header `Turnwire-Id`"))?;
    let conversation = name(CONVERSATION)
        .ok_or(Unreadable::Foreign("it has no header `Turnwire-Conversation`"))?;
    let payload: Value =
        serde_json::from_slice(body).map_err(|_| Unreadable::Foreign("its body is no JSON"))?;
    let mut record = Record::new(conversation, id, payload);
    if let Some(user) = name(USER) {
        record = record.user(user);
    }
    let number = |name: &str| text(name).and_then(|text| text.parse().ok());
    Ok(Held {
        record,
        accepted_at: number(ACCEPTED),
        attempts: number(ATTEMPTS).and_then(|many| many.try_into().ok()).unwrap_or_default(),
        reason: name(REASON).unwrap_or_default(),
    })
}

/// The beginning of an encoded text that leaves a message within the broker's limit.
fn shortened(mut text: String) -> String {
    if text.len() > LONGEST_REASON {
        // No character of the encoding is cut.
        let cut = text.get(LONGEST_REASON - 2..LONGEST_REASON).and_then(|end| end.find('%'));
        text.truncate(LONGEST_REASON - 2 + cut.unwrap_or(2));
    }
    text
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::credentials::Tokens;

    #[test]
    fn a_record_is_read_as_it_was_written_whatever_its_names_contain() {
        for name in
            ["a", "", " a ", "a: b\r\nNats-Msg-Id: c", "100 %", "%41", "안녕\u{7f}", "\"\0\""]
        {
            let record = Record::new(name, name, json!({"text": name})).user(name);
            let headers = dead(&record, &format!("{name}:dead:3"), 1_764_660_000_000, 5, name);
            for (_, values) in headers.iter() {
                let is_plain = |text: &str| text.bytes().all(|byte| (0x21..0x7f).contains(&byte));
                assert!(values.iter().all(|value| is_plain(value.as_str())), "{name:?}");
            }
            let body = record.payload().to_string();
            let held = read(Some(&headers), body.as_bytes()).unwrap();
            let read = &held.record;
            assert_eq!((read.id(), read.conversation()), (name, name));
            assert_eq!((read.user_id(), read.payload()), (Some(name), record.payload()));
            assert_eq!((held.accepted_at, held.attempts), (Some(1_764_660_000_000), 5));
            assert_eq!(held.reason, name);
        }
    }

    #[test]
    fn the_form_on_the_broker_is_held() {
        let record = Record::new("작업 1", "m-1", json!({})).user("u-1");
        let headers = accepted(&record, "m-1:parked:7", 12);
        let mut lines: Vec<String> = headers
            .iter()
            .flat_map(|(name, values)| values.iter().map(move |value| format!("{name}: {value}")))
            .collect();
        lines.sort();
        let expected = [
            "Nats-Msg-Id: m-1:parked:7",
            "Turnwire-Accepted: 12",
            "Turnwire-Conversation: %EC%9E%91%EC%97%85%201",
            "Turnwire-Id: m-1",
            "Turnwire-User: u-1",
            "Turnwire-Version: 1",
        ];
        assert_eq!(lines, expected);
        let bytes = lines.iter().map(|line| line.len() + 2).sum::<usize>();
        assert_eq!(size(&headers), bytes + "NATS/1.0\r\n\r\n".len());
    }

    #[test]
    fn tokens_are_never_among_the_headers() {
        let record = Record::new("c", "i", json!({})).tokens(Tokens::new("tok-1", "tok-2"));
        assert!(!format!("{:?}", dead(&record, "i", 1, 1, "no")).contains("tok-"));
    }

    #[test]
    fn a_message_that_is_no_record_is_told_from_one_of_a_later_version() {
        let record = Record::new("c", "i", json!({}));
        assert!(matches!(read(None, b"{}"), Err(Unreadable::Foreign(_))));
        assert!(matches!(read(Some(&bare()), b"{}"), Err(Unreadable::Foreign(_))));
        assert!(matches!(read(Some(&of(&record, "i")), b"{"), Err(Unreadable::Foreign(_))));
        let mut later = of(&record, "i");
        later.insert(FORM, "2");
        assert_eq!(read(Some(&later), b"{}").unwrap_err(), Unreadable::Later("2".into()));
    }
}
