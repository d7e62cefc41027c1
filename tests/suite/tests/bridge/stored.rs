//! The cases of `tests/vectors/store`: each call of the chat store's client, its request, and its result for a host language.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use turnwire::bridge::settings::{self, Names};
use turnwire::bridge::{self, Answer, Body, Call, IntoAnswer, store_message, stored_fields};
use turnwire::conversation::WorkspaceStatus;
use turnwire::store::SessionStatus;
use turnwire::{ChatStore, Error};
use turnwire_fakes::FakeStore;

use super::answer;

const USER: &str = "0b1e55ed-0000-4000-8000-000000000001";
const FIELDS: [&str; 8] =
    ["name", "settings", "call", "arguments", "answers", "sent", "result", "error"];

fn cases() -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../vectors/store");
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let files = files.filter(|file| file.extension().is_some_and(|e| e == "json"));
    files
        .flat_map(|file| {
            serde_json::from_str::<Vec<Value>>(&fs::read_to_string(file).unwrap()).unwrap()
        })
        .collect()
}

fn client(fake: &FakeStore, case: &Value) -> ChatStore {
    let login = fake.login(USER);
    let mut settings = json!({
        "base_url": fake.url(), "access_token": login.access, "refresh_token": login.refresh,
        "http": {"no_proxy": true, "retry": {"max_retries": 0}},
    });
    for (name, value) in case["settings"].as_object().into_iter().flatten() {
        settings[name] = value.clone();
    }
    settings::chat_store(&settings.to_string(), Names::Snake).unwrap().build().unwrap()
}

fn started<T: IntoAnswer>(
    call: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<Call, Error> {
    bridge::call(call)
}

fn call(store: ChatStore, case: &Value) -> Result<Call, Error> {
    let text = |name: &str| case["arguments"][name].as_str().unwrap_or_default().to_owned();
    let (workspace, user, status) = (text("workspace_id"), text("user_id"), text("status"));
    match case["call"].as_str().unwrap() {
        "save" => {
            let message = store_message(&case["arguments"]["message"].to_string(), Names::Snake)?;
            started(async move { store.save(&message).await })
        }
        "count_message" => started(async move { store.count_message(&workspace).await }),
        "create_workspace" => {
            let name = text("name");
            started(async move { store.create_workspace(&user, &name).await })
        }
        "start_session" => started(async move { store.start_session(&workspace, &user).await }),
        "history" => started(async move { store.history(&workspace).await }),
        "workspaces" => {
            let status = WorkspaceStatus::from(status.as_str());
            started(async move { store.workspaces(&user, status).await })
        }
        "active_session" => started(async move { store.active_session(&workspace).await }),
        "set_session_status" => {
            let status = SessionStatus::from(status.as_str());
            started(async move { store.set_session_status(&workspace, status).await })
        }
        other => panic!("{other} is no call of the store"),
    }
}

fn result(answer: Answer) -> Value {
    match answer.body {
        Body::Nothing => Value::Null,
        Body::Json(json) => serde_json::from_str(&json).unwrap(),
        other => panic!("{other:?}"),
    }
}

fn sent(fake: &FakeStore) -> Vec<Value> {
    let requests = fake.fake().requests();
    let sent = requests.iter().map(|request| {
        let mut sent = json!({"method": request.method, "path": request.path});
        if let Some(query) = &request.query {
            sent["query"] = query.as_str().into();
        }
        if let Some(body) = request.json() {
            sent["body"] = body;
        }
        sent
    });
    sent.collect()
}

#[test]
fn every_case_of_the_store_holds() {
    let cases = cases();
    assert!(cases.len() >= 30);
    for case in cases {
        let name = &case["name"];
        assert!(case.as_object().unwrap().keys().all(|key| FIELDS.contains(&&**key)), "{name}");
        let fake = FakeStore::spawn_thread().unwrap();
        if let Some(answers) = case.get("answers") {
            fake.fake().scripts_from_json(&answers.to_string()).unwrap();
        }
        let found = call(client(&fake, &case), &case).and_then(|call| answer(&call)).map(result);
        match (found, case.get("error")) {
            (Ok(found), None) => assert_eq!(found, case["result"], "{name}"),
            (Err(error), Some(expected)) => {
                let facts = json!({"code": error.code(), "operation": error.operation()});
                for fact in ["code", "operation"] {
                    assert_eq!(facts[fact], expected[fact], "{name}: {error}");
                }
                let status = expected["status"].as_u64();
                assert_eq!(error.status().map(u64::from), status, "{name}: {error}");
                let part = expected["message_has"].as_str().unwrap_or_default();
                assert!(error.to_string().contains(part), "{name}: {error}");
            }
            (found, expected) => panic!("{name}: {found:?}, expected {expected:?}"),
        }
        if let Some(expected) = case.get("sent") {
            assert_eq!(Value::from(sent(&fake)), *expected, "{name}");
        }
    }
}

#[test]
fn a_message_is_read_and_written_with_the_names_of_a_language() {
    let made = bridge::message_from_user("w", "u", "안녕", 5).unwrap();
    let asked = store_message(&made, Names::Snake).unwrap();
    assert_eq!((asked.content.as_str(), asked.sent_at), ("안녕", 5));
    let camel = json!({
        "id": asked.id, "role": "USER", "content": "안녕", "sentAt": 5, "senderId": "u", "kind": "T", "workspaceId": "w",
    });
    assert_eq!(store_message(&camel.to_string(), Names::Camel).unwrap(), asked);
    let reply = bridge::message_reply_to(&made, Names::Snake, "네", 0).unwrap();
    let reply = store_message(&reply, Names::Snake).unwrap();
    assert_eq!((reply.parent_id.as_ref(), reply.sent_at), (Some(&asked.id), 6));

    let mut wrong = camel;
    wrong["sentAt"] = "private words".into();
    let refused = store_message(&wrong.to_string(), Names::Camel).unwrap_err();
    assert_eq!(
        (refused.code(), refused.message()),
        ("invalid_request", "sentAt must be a whole number")
    );
    let unread = store_message(&json!({"id": "m", "text": "private"}).to_string(), Names::Snake);
    let why = unread.unwrap_err().message().to_owned();
    assert!(why.starts_with("text is no field; the fields here are id, role, content"), "{why}");
}

#[test]
fn the_fields_of_each_object_are_listed() {
    let made = bridge::message_from_user("w", "u", "a", 5).unwrap();
    let message: Value = serde_json::from_str(&made).unwrap();
    let names: Vec<_> = message.as_object().unwrap().keys().map(String::as_str).collect();
    let listed = stored_fields();
    assert_eq!(listed.iter().find(|(name, _)| *name == "message").unwrap().1, names);
    assert_eq!(listed.len(), 4);
}
