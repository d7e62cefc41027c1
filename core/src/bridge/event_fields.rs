//! The fields of each type of event, for tests that compare a language's declarations with them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::event::TurnEvent;

/// The types of events on the wire, each with the names of its fields, including `type`.
pub fn event_fields() -> BTreeMap<String, BTreeSet<String>> {
    let mut fields: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut next = Some(TurnEvent::turn("t", "m", "r"));
    while let Some(event) = next {
        let written: Map<String, Value> =
            serde_json::from_str(&event.to_json()).unwrap_or_default();
        let kind = written.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
        fields.entry(kind).or_default().extend(written.into_iter().map(|(name, _)| name));
        next = after(&event);
    }
    fields
}

/// An event of the next type, with all of its fields. A new type does not compile until it is in this chain.
fn after(event: &TurnEvent) -> Option<TurnEvent> {
    let code = Some("connect".to_owned());
    Some(match event {
        TurnEvent::Turn { .. } => TurnEvent::workspace("w"),
        TurnEvent::Workspace { .. } => TurnEvent::content("c"),
        TurnEvent::Content { .. } => TurnEvent::Done {
            stopped: true,
            turn_id: Some("t".to_owned()),
            message_id: Some("m".to_owned()),
            reply_id: Some("r".to_owned()),
            model: Some("model".to_owned()),
            fallback: true,
        },
        TurnEvent::Done { .. } => TurnEvent::failed("why", code),
        TurnEvent::Error { .. } => TurnEvent::sentiment("l"),
        TurnEvent::Sentiment { .. } => TurnEvent::audio(0, "audio/mpeg", "sound", "text"),
        TurnEvent::Audio { .. } => {
            TurnEvent::StageFailed { stage: "history".to_owned(), message: "why".to_owned(), code }
        }
        TurnEvent::StageFailed { .. } => TurnEvent::usage(1, 2, 3),
        TurnEvent::Usage { .. } => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_type_has_its_fields() {
        let fields = event_fields();
        let kinds: Vec<_> = fields.keys().map(String::as_str).collect();
        let all = [
            "audio",
            "content",
            "done",
            "error",
            "sentiment",
            "stage_failed",
            "turn",
            "usage",
            "workspace",
        ];
        assert_eq!(kinds, all);
        let of = |kind: &str| fields[kind].iter().map(String::as_str).collect::<Vec<_>>();
        let done = ["fallback", "messageId", "model", "replyId", "stopped", "turnId", "type"];
        assert_eq!(of("done"), done);
        assert_eq!(of("stage_failed"), ["code", "message", "stage", "type"]);
        assert_eq!(of("audio"), ["audioBase64", "mime", "seq", "text", "type"]);
    }
}
