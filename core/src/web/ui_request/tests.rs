//! The requests of pages on the AI SDK: texts, ids, workspaces and histories.

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
    let mut body =
        json!({"id": "chat", "messages": [message(id, "user", "hi")], "trigger": "submit-message"});
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
        ids(&asking("msg_0123456789ab", &json!({"trigger": "regenerate-message", "messageId": id})))
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
    let opened = || Workspace::OfMessage(stored_id("a", "u"));
    let itself = || Workspace::OfItself(stored_id("b", "u"));
    let mut nameless = message("b", "user", "hi");
    nameless["id"] = Value::Null;
    for (body, expected) in [
        (json!({"messages": [plain]}), itself()),
        (json!({"messages": [nameless]}), Workspace::New),
        (json!({"messages": [marked(json!({"createWorkspace": true}))]}), Workspace::New),
        (json!({"messages": [plain], "workspaceId": "w"}), of("w")),
        (json!({"messages": [first, told("old"), plain], "workspaceId": "w"}), of("w")),
        (json!({"messages": [plain], "workspaceId": "w", "createWorkspace": true}), itself()),
        (json!({"messages": [first, told("old"), plain], "createWorkspace": true}), of("old")),
        (json!({"messages": [first, plain], "createWorkspace": true}), opened()),
        (json!({"messages": [first, told("old"), marked(json!({"workspaceId": "w"}))]}), of("w")),
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
        (json!({"messages": [first, message("r", "assistant", "half"), plain]}), opened()),
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
fn the_stored_history_is_held_to_the_messages_of_the_page() {
    let held = |messages: Value| {
        let body = json!({"messages": messages});
        (read_as("u", &body).request.history_ids, read_as("u", &body).request.history)
    };
    let last = message("c", "user", "hi");
    let first = stored_id("a", "u");
    let reply = derived("reply", "u", &first);
    let text = |id: &str| message(id, "assistant", "b");
    for (before, ids) in [
        (vec![message("a", "user", "a")], vec![first.clone()]),
        // The reply's own id, and that of a stream that tells none.
        (
            vec![message("a", "user", "a"), text(UUID)],
            vec![first.clone(), UUID.to_owned(), reply.clone()],
        ),
        (vec![message("a", "user", "a"), text("b")], vec![first.clone(), reply.clone()]),
        (vec![message("s", "system", "s"), text(UUID)], vec![UUID.to_owned()]),
    ] {
        let messages = [before, vec![last.clone()]].concat();
        assert_eq!(held(json!(messages)), (Some(ids), None));
    }
    for alone in [json!([last]), json!([text("b"), last])] {
        assert_eq!(held(alone), (None, None));
    }
    let body = json!({"messages": [message("a", "user", "a"), last]}).to_string();
    assert!(read(&body, "u", false).unwrap().request.history_ids.is_none());
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
