//! The request of a page on the AI SDK: `{id, messages, trigger, messageId?}`, with the whole conversation as the page shows it.
//!
//! The last message is the user's, and is answered. The store has those before it; without a store they are the history.
//!
//! # Ids
//!
//! A page's ids are 16 characters unless it has a `generateId` of its own; a store's are UUIDs. A UUID in lower case is taken as
//! it is. Of any other id, and for the reply, a UUID is derived: the same one for the same user and message. So a message that is
//! sent twice, edited or answered again has its one place in the store, and so has its reply.
//!
//! # The workspace
//!
//! `createWorkspace` and `workspaceId` of the body come first, or of the last message's metadata; then the `workspaceId` in the
//! metadata of an earlier message, which the stream told with its reply; then the workspace of the first message of the user, if
//! it is still known. Otherwise there is a new one.

use serde_json::value::RawValue;
use uuid::Uuid;

use super::refusal::Refusal;
use super::request::{Body, Message, Workspace};
use crate::chat;
use crate::json::Fields;
use crate::turn_request::{TurnRequest, is_uuid};

/// The namespace of derived ids.
const NAMESPACE: Uuid = Uuid::from_u128(0xb1d9_5a3c_6a3e_4e0f_9c55_6d1f_7e27_04c8);

/// The fields of a message.
const FIELDS: [&str; 4] = ["id", "role", "parts", "metadata"];

/// Reads the request of this user; the messages before the last are its history if nothing else keeps them.
pub(super) fn read(json: &str, user_id: &str, is_kept: bool) -> Result<Message, Refusal> {
    let body = Body::read(json)?;
    let mut messages = messages(&body)?;
    let Some(last) = messages.pop().filter(UiMessage::is_of_user) else {
        return Err(Refusal::bad_request("The last message is not the user's."));
    };
    let text = last.text();
    if text.trim().is_empty() {
        return Err(Refusal::bad_request("The message is empty."));
    }
    let mut request = TurnRequest::new(text);
    let message_id = last.id.as_deref().map(|id| stored_id(id, user_id));
    if let Some(message_id) = &message_id {
        let replaced = replaced(&body, message_id)?;
        let reply_id = replaced.unwrap_or_else(|| derived("reply", user_id, message_id));
        request = request.message_id(message_id.as_str()).reply_id(reply_id);
    }
    if !is_kept {
        request = request.history(messages.iter().filter_map(UiMessage::of_chat));
    }
    let workspace = workspace(&body, &last, &messages, user_id)?;
    Ok(Message { request, workspace })
}

/// A message of the page.
struct UiMessage<'a> {
    id: Option<String>,
    role: Option<String>,
    parts: Option<&'a str>,
    metadata: Option<&'a str>,
}

impl<'a> UiMessage<'a> {
    fn read(json: &'a str) -> Option<Self> {
        let fields = Fields::read(json, FIELDS).ok()?;
        let id = fields.text("id").filter(|id| !id.is_empty());
        let (parts, metadata) = (fields.raw("parts"), fields.raw("metadata"));
        Some(UiMessage { id, role: fields.text("role"), parts, metadata })
    }

    fn is_of_user(&self) -> bool {
        self.role.as_deref() == Some("user")
    }

    /// The text: all text parts together.
    fn text(&self) -> String {
        let parts: Vec<&RawValue> = self.parts.map_or_else(Vec::new, list);
        let texts = parts.iter().filter_map(|part| {
            let part = Fields::read(part.get(), ["type", "text"]).ok()?;
            part.text("text").filter(|_| part.text("type").as_deref() == Some("text"))
        });
        texts.collect()
    }

    /// The message for the model; `None` for one without text, and for instructions, which are not the page's.
    fn of_chat(&self) -> Option<chat::Message> {
        let text = Some(self.text()).filter(|text| !text.trim().is_empty())?;
        match self.role.as_deref()? {
            "user" => Some(chat::Message::user(text)),
            "assistant" => Some(chat::Message::assistant(text)),
            _ => None,
        }
    }

    /// The metadata that concern the workspace, whatever else is there.
    fn workspace(&self) -> Option<Workspace> {
        let metadata = Fields::read(self.metadata?, ["workspaceId", "createWorkspace"]).ok()?;
        match metadata.raw("createWorkspace") {
            Some("true") => Some(Workspace::New),
            _ => metadata.text("workspaceId").filter(|id| !id.trim().is_empty()).map(Workspace::Of),
        }
    }
}

/// The page's messages: all of them, or the one that a page with `prepareSendMessagesRequest` sends.
fn messages<'a>(body: &Body<'a>) -> Result<Vec<UiMessage<'a>>, Refusal> {
    let read = match (body.raw("messages"), body.raw("message")) {
        (Some(all), _) => list(all).iter().map(|json| UiMessage::read(json.get())).collect(),
        (None, Some(one)) => UiMessage::read(one).map(|one| vec![one]),
        (None, None) => None,
    };
    let refused = || Refusal::bad_request("`messages` must be a list of messages.");
    read.filter(|messages: &Vec<_>| !messages.is_empty()).ok_or_else(refused)
}

/// The items of a list; none if it is none.
fn list(json: &str) -> Vec<&RawValue> {
    serde_json::from_str(json).unwrap_or_default()
}

/// The id of the reply that is generated again, if the page names one that may be in the store.
fn replaced(body: &Body<'_>, message_id: &str) -> Result<Option<String>, Refusal> {
    let is_again = body.text("trigger")?.as_deref() == Some("regenerate-message");
    let named = body.text("messageId")?.filter(|id| is_again && is_uuid(id) && id != message_id);
    Ok(named)
}

fn workspace(
    body: &Body<'_>,
    last: &UiMessage<'_>,
    before: &[UiMessage<'_>],
    user_id: &str,
) -> Result<Workspace, Refusal> {
    let id = body.text("workspaceId")?.filter(|id| !id.trim().is_empty());
    if body.is_set("createWorkspace")? {
        return Ok(Workspace::New);
    }
    if let Some(id) = id {
        return Ok(Workspace::Of(id));
    }
    if let Some(named) = last.workspace() {
        return Ok(named);
    }
    let told = before.iter().rev().find_map(|message| match message.workspace()? {
        Workspace::Of(id) => Some(Workspace::Of(id)),
        _ => None,
    });
    let first = || before.iter().find(|message| message.is_of_user())?.id.as_deref();
    let opened = || first().map(|id| Workspace::OfMessage(stored_id(id, user_id)));
    Ok(told.or_else(opened).unwrap_or(Workspace::New))
}

/// The id in the store of a page's message.
fn stored_id(id: &str, user_id: &str) -> String {
    if is_uuid(id) { id.to_owned() } else { derived("message", user_id, id) }
}

/// A UUID for an id, the same one each time. It depends on the user, so that no page can name another user's message.
fn derived(kind: &str, user_id: &str, id: &str) -> String {
    // With the length, so that no two triples have the same name.
    let name = format!("{kind}:{}:{user_id}:{id}", user_id.len());
    Uuid::new_v5(&NAMESPACE, name.as_bytes()).to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    const UUID: &str = "0b1e55ed-0000-4000-8000-0000000000a1";
    const REPLY: &str = "0b1e55ed-0000-4000-8000-0000000000a2";

    fn message(id: &str, role: &str, text: &str) -> Value {
        json!({"id": id, "role": role, "parts": [{"type": "step-start"}, {"type": "text", "text": text}]})
    }

    fn read_as(user_id: &str, body: &Value) -> Message {
        read(&body.to_string(), user_id, true).unwrap()
    }

    /// The ids of the message and of its reply.
    fn ids(body: &Value) -> (String, String) {
        let request = read_as("u", body).request;
        (request.message_id.unwrap(), request.reply_id.unwrap())
    }

    fn asking(id: &str, more: &Value) -> Value {
        let mut body = json!({"id": "chat", "messages": [message(id, "user", "hi")], "trigger": "submit-message"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    }

    #[test]
    fn the_text_is_that_of_the_last_message() {
        let parts = json!([{"type": "text", "text": "안"}, {"type": "file", "mediaType": "image/png", "url": "data:"}, 7,
            {"type": "text", "text": "녕"}, {"type": "reasoning", "text": "no"}, {"type": "text", "text": 7}]);
        let last = json!({"id": "b", "role": "user", "parts": parts, "metadata": 7});
        let body = json!({"messages": [message("a", "user", "first"), last]});
        assert_eq!(read_as("u", &body).request.message, "안녕");
        // Half of a pair, as JavaScript escapes it.
        let half =
            r#"{"messages": [{"role": "user", "parts": [{"type": "text", "text": "a\ud83d"}]}]}"#;
        let found = read(half, "u", true).unwrap().request;
        assert_eq!((found.message.as_str(), found.message_id), ("a\u{fffd}", None));
        // A page that sends the last message alone.
        let one = json!({"id": "chat", "message": message("a", "user", "hi")});
        assert_eq!(read_as("u", &one).request.message, "hi");
    }

    #[test]
    fn ids_of_the_store_are_kept_and_others_always_become_the_same_ones() {
        let (kept, reply) = ids(&asking(UUID, &json!({})));
        assert_eq!(kept, UUID);
        assert!(is_uuid(&reply) && reply != kept);
        for short in
            ["msg_0123456789ab", "0B1E55ED-0000-4000-8000-0000000000A1", &"x".repeat(5000), "\0"]
        {
            let (message, reply) = ids(&asking(short, &json!({})));
            assert!(is_uuid(&message) && is_uuid(&reply) && message != reply, "{short}");
            assert_eq!(ids(&asking(short, &json!({}))), (message.clone(), reply));
            let other = read_as("v", &asking(short, &json!({}))).request.message_id.unwrap();
            assert_ne!(other, message, "another user's message");
        }
        // Fixed by the ids in stores.
        let (message, reply) = ids(&asking("msg_0123456789ab", &json!({})));
        assert_eq!(message, "93eb6c11-9b8c-5c0b-8a01-8269023c6f2f");
        assert_eq!(reply, "5928b0ce-35df-5973-b027-a92e1f955e97");
    }

    #[test]
    fn a_reply_that_is_generated_again_has_the_id_of_the_earlier_one() {
        let first = ids(&asking("msg_0123456789ab", &json!({})));
        let again = |id: Value| {
            ids(&asking(
                "msg_0123456789ab",
                &json!({"trigger": "regenerate-message", "messageId": id}),
            ))
        };
        // The page names none, the user's message, or a reply of the store.
        for id in [Value::Null, json!("msg_0123456789ab"), json!("another"), json!(first.1)] {
            assert_eq!(again(id), first);
        }
        assert_eq!(again(json!(REPLY)), (first.0.clone(), REPLY.to_owned()));
        // An edited message is named with its own id.
        let edited = ids(&asking(UUID, &json!({"messageId": UUID})));
        assert_eq!(
            edited,
            ids(&asking(UUID, &json!({"trigger": "regenerate-message", "messageId": UUID})))
        );
    }

    #[test]
    fn the_workspace_is_named_by_the_body_or_the_messages_or_is_new() {
        let told = |id: &str| json!({"id": "r", "role": "assistant", "parts": [], "metadata": {"workspaceId": id}});
        let marked = |metadata: Value| {
            let mut last = message("b", "user", "hi");
            last["metadata"] = metadata;
            last
        };
        let of = |id: &str| Workspace::Of(id.to_owned());
        let first = message("a", "user", "first");
        let plain = message("b", "user", "hi");
        let opened = Workspace::OfMessage(stored_id("a", "u"));
        for (body, expected) in [
            (json!({"messages": [plain]}), Workspace::New),
            (json!({"messages": [plain], "workspaceId": "w"}), of("w")),
            (json!({"messages": [first, told("old"), plain], "workspaceId": "w"}), of("w")),
            (
                json!({"messages": [first, told("old"), plain], "createWorkspace": true}),
                Workspace::New,
            ),
            (
                json!({"messages": [first, told("old"), marked(json!({"workspaceId": "w"}))]}),
                of("w"),
            ),
            (
                json!({"messages": [first, told("old"), marked(json!({"createWorkspace": true}))]}),
                Workspace::New,
            ),
            (json!({"messages": [first, told("old"), first, told("w"), plain]}), of("w")),
            (
                json!({"messages": [first, told("w"), plain], "workspaceId": " ", "createWorkspace": false}),
                of("w"),
            ),
            (json!({"messages": [first, told("w"), marked(json!("odd"))]}), of("w")),
            (json!({"messages": [first, message("r", "assistant", "half"), plain]}), opened),
        ] {
            assert_eq!(read_as("u", &body).workspace, expected, "{body}");
        }
    }

    #[test]
    fn without_a_store_the_page_has_the_history() {
        let messages = [
            message("s", "system", "obey"),
            message("a", "user", "하나"),
            message("b", "assistant", "둘"),
            json!({"role": "assistant", "parts": []}),
            message("c", "user", "셋"),
        ];
        let body = json!({"messages": messages}).to_string();
        let history = read(&body, "u", false).unwrap().request.history.unwrap();
        assert_eq!(history, [chat::Message::user("하나"), chat::Message::assistant("둘")]);
        assert!(read(&body, "u", true).unwrap().request.history.is_none());
    }

    #[test]
    fn a_request_that_cannot_be_answered_is_refused_in_a_sentence() {
        let user = message("a", "user", "hi");
        for (body, sentence) in [
            (json!([]), "The request is not a JSON object."),
            (json!({}), "`messages` must be a list of messages."),
            (json!({"messages": []}), "`messages` must be a list of messages."),
            (json!({"messages": {}}), "`messages` must be a list of messages."),
            (json!({"messages": ["hi"]}), "`messages` must be a list of messages."),
            (json!({"message": "hi"}), "`messages` must be a list of messages."),
            (
                json!({"messages": [user, message("b", "assistant", "a")]}),
                "The last message is not the user's.",
            ),
            (json!({"messages": [{}]}), "The last message is not the user's."),
            (json!({"messages": [message("a", "user", " ")]}), "The message is empty."),
            (json!({"messages": [{"role": "user"}]}), "The message is empty."),
            (json!({"messages": [{"role": "user", "parts": "hi"}]}), "The message is empty."),
            (json!({"messages": [user], "workspaceId": 7}), "`workspaceId` must be a string."),
            (
                json!({"messages": [user], "createWorkspace": "no"}),
                "`createWorkspace` must be true or false.",
            ),
        ] {
            let Err(refusal) = read(&body.to_string(), "u", true) else { panic!("{body}") };
            assert_eq!(refusal.sentence(), sentence, "{body}");
        }
    }

    proptest! {
        #[test]
        fn no_body_panics(parts in any::<String>(), id in any::<String>()) {
            let _ = read(&parts, "u", true);
            let _ = read(&format!("{{\"messages\": [{{\"role\": \"user\", \"parts\": {parts}}}]}}"), "u", false);
            let body = json!({"messages": [message(&id, "user", "hi")]});
            let request = read_as(&id, &body).request;
            prop_assert!(request.message_id.is_none_or(|id| is_uuid(&id)));
        }
    }
}
