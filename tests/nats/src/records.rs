//! The records of a run: the id of each contains its conversation and its place in it.

use serde_json::{Value, json};
use turnwire::outbox::Record;

/// The user of all records.
pub const USER: &str = "0b1e55ed-0000-4000-8000-000000000001";

/// A conversation of a publisher.
#[must_use]
pub fn conversation(publisher: &str, number: usize) -> String {
    format!("{publisher}.c{number:04}")
}

/// The id of a conversation's record at this place.
#[must_use]
pub fn id(conversation: &str, place: usize) -> String {
    format!("{conversation}-{place:06}")
}

/// The conversation and the place of a record's id; `None` for an id of another form.
#[must_use]
pub fn parsed(id: &str) -> Option<(&str, usize)> {
    let (conversation, place) = id.rsplit_once('-')?;
    Some((conversation, place.parse().ok()?))
}

/// The record of a publisher with this number: its conversations take turns.
#[must_use]
pub fn numbered(publisher: &str, number: usize, conversations: usize) -> Record {
    record(&conversation(publisher, number % conversations), number / conversations)
}

/// The record of a conversation at this place.
#[must_use]
pub fn record(conversation: &str, place: usize) -> Record {
    let id = id(conversation, place);
    let message = message(conversation, &id, "오늘은 날씨가 좋아서 공원에 산책을 다녀왔어요.");
    Record::new(conversation, id, message).user(USER)
}

/// A message as the store accepts it.
#[must_use]
pub fn message(conversation: &str, id: &str, text: &str) -> Value {
    json!({
        "msgId": id, "msgSenderRole": "USER", "msgContent": text,
        "msgSentAt": 1_764_660_000_000_u64, "parentMsgId": null, "msgType": "T",
        "msgSenderUUID": USER, "msgWorkspaceId": conversation,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_its_conversation_and_its_place() {
        let record = numbered("p0", 12, 5);
        assert_eq!(record.conversation(), "p0.c0002");
        assert_eq!(parsed(record.id()), Some(("p0.c0002", 2)));
        assert_eq!(parsed("other"), None);
    }
}
