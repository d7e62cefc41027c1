//! A running turn over the bridge: read once, as events or as bytes, from any thread; ended by dropping its pull.

use std::time::Duration;

use serde_json::{Value, json};
use turnwire::bridge::settings::{Names, Parts, turns};
use turnwire::bridge::{Body, Events, Pull, Turn, Waiting, call, start, turn_request};
use turnwire::event::Wire;
use turnwire::turn::{OnDisconnect, TurnsBuilder};
use turnwire::{ChatStore, Error, OpenAi, Outbox, TurnRequest, Turns};
use turnwire_fakes::{Fake, FakeStore, Outcome, Script};

use super::{answer, next};

const USER: &str = "0b1e55ed-0000-4000-8000-000000000001";
const WORKSPACE: &str = "workspace-of-the-test";

/// Settings of turns without a store, whose model answers with this script.
fn settings(fake: &Fake, script: Script) -> TurnsBuilder {
    fake.script("m stream", script);
    Turns::builder(OpenAi::builder().base_url(fake.base_url()).no_proxy().build().unwrap())
        .model("m")
}

fn begin(turns: &Turns) -> Turn {
    start(turns, TurnRequest::new("hi"), None, None).unwrap()
}

/// Reads events to the end of the turn.
fn read(pull: &Pull<Events>) -> Result<Vec<Value>, Error> {
    let mut all = Vec::new();
    while let Some(events) = next(pull)? {
        let count = events.len();
        let events: Vec<Value> = serde_json::from_str(&events.into_json()).unwrap();
        assert_eq!(events.len(), count);
        all.extend(events);
    }
    Ok(all)
}

fn texts(events: &[Value]) -> String {
    events.iter().filter_map(|event| event["content"].as_str()).collect()
}

#[test]
fn a_turn_is_read_as_the_events_of_the_wire() {
    let fake = Fake::spawn_thread().unwrap();
    let turns = settings(&fake, Script::chat(["안", "녕\n"])).build().unwrap();
    let turn = begin(&turns);
    let events = read(&turn.events().unwrap()).unwrap();
    assert_eq!(texts(&events), "안녕\n");
    assert_eq!(events.last(), Some(&json!({"type": "done"})));
    let timeline = serde_json::to_value(turn.timeline().unwrap()).unwrap();
    assert_eq!((&timeline["stages"][0]["name"], &timeline["pieces"]), (&json!("reply"), &json!(2)));
    assert!(timeline["total_ms"].as_f64().unwrap() > 0.0);
}

#[test]
fn a_turn_is_read_as_the_bytes_of_its_event_stream() {
    let fake = Fake::spawn_thread().unwrap();
    let turns = settings(&fake, Script::chat(["a", "b"])).build().unwrap();
    let pull = begin(&turns).bytes(Wire::Sse).unwrap();
    let mut bytes = Vec::new();
    while let Some(pieces) = next(&pull).unwrap() {
        bytes.extend(pieces.concat());
    }
    let text = String::from_utf8(bytes).unwrap();
    let frames = "data: {\"type\": \"content\", \"content\": \"a\"}\n\ndata: {\"type\": \"content\", \"content\": \"b\"}\n\n";
    assert_eq!(text, format!("{frames}data: {{\"type\": \"done\"}}\n\n"));
}

#[test]
fn a_reply_that_breaks_fails_events_and_is_an_event_among_bytes() {
    let fake = Fake::spawn_thread().unwrap();
    let turns = settings(&fake, Script::new().text("half")).build().unwrap();
    let error = read(&begin(&turns).events().unwrap()).unwrap_err();
    assert_eq!((error.code(), error.partial()), ("truncated", Some("half")));
    let pull = begin(&turns).bytes(Wire::Sse).unwrap();
    let mut bytes = Vec::new();
    while let Some(pieces) = next(&pull).unwrap() {
        bytes.extend(pieces.concat());
    }
    assert!(String::from_utf8(bytes).unwrap().contains(r#""code": "truncated""#));
}

#[test]
fn a_second_reader_is_refused_and_the_first_reads_on() {
    let fake = Fake::spawn_thread().unwrap();
    let turns = settings(&fake, Script::chat(["a"])).build().unwrap();
    let turn = begin(&turns);
    let first = turn.events().unwrap();
    for refused in [turn.events().map(drop), turn.bytes(Wire::Sse).map(drop)] {
        assert_eq!(refused.unwrap_err().code(), "invalid_request");
    }
    assert_eq!(texts(&read(&first).unwrap()), "a");
    assert_eq!(turn.events().unwrap_err().code(), "invalid_request");
}

#[test]
fn a_turn_that_cannot_be_honoured_is_refused_at_its_start() {
    let fake = Fake::spawn_thread().unwrap();
    let turns = settings(&fake, Script::chat(["a"])).build().unwrap();
    let refused = start(&turns, TurnRequest::new(" "), None, None).unwrap_err();
    assert_eq!(refused.code(), "invalid_request");
    assert!(fake.log().requests.is_empty());
}

#[test]
fn nothing_of_a_turn_is_read_before_its_reader_begins() {
    let fake = Fake::spawn_thread().unwrap();
    let turns = settings(&fake, Script::chat(["a"])).build().unwrap();
    let turn = begin(&turns);
    let flushed = answer(&call(async move { Ok(turns.flush(Duration::ZERO).await) }).unwrap());
    assert!(matches!(flushed.unwrap().body, Body::Json(_)));
    assert!(fake.log().requests.is_empty(), "the model was asked for a turn that nobody reads");
    assert_eq!(texts(&read(&turn.events().unwrap()).unwrap()), "a");
}

#[test]
fn dropping_the_pull_is_the_readers_going_away() {
    let fake = Fake::spawn_thread().unwrap();
    let turns = settings(&fake, Script::new().text("a").stall()).build().unwrap();
    let turn = begin(&turns);
    let pull = turn.events().unwrap();
    assert_eq!(next(&pull).unwrap().unwrap().len(), 1);
    drop(pull);
    fake.wait_for_blocking(|log| log.requests[0].outcome == Some(Outcome::ClientClosed));
    assert_eq!(turn.events().unwrap_err().code(), "invalid_request");
}

#[test]
fn cancelling_and_stopping_reach_a_turn_that_another_thread_reads() {
    let fake = Fake::spawn_thread().unwrap();
    let turns = settings(&fake, Script::new().text("a").stall()).build().unwrap();
    let cancelled = begin(&turns);
    let pull = cancelled.events().unwrap();
    next(&pull).unwrap();
    cancelled.cancel();
    assert!(read(&pull).unwrap().is_empty(), "nothing comes after a turn that was cancelled");
    fake.wait_for_blocking(|log| log.requests[0].outcome == Some(Outcome::ClientClosed));

    let stopped = begin(&turns);
    let pull = stopped.events().unwrap();
    next(&pull).unwrap();
    assert!(turns.stop(stopped.id()));
    let last = read(&pull).unwrap().pop().unwrap();
    assert_eq!((&last["type"], &last["stopped"]), (&json!("done"), &json!(true)));
}

#[test]
fn a_turn_that_is_cancelled_before_it_is_read_has_no_events() {
    let fake = Fake::spawn_thread().unwrap();
    let turns = settings(&fake, Script::chat(["a"])).build().unwrap();
    let turn = begin(&turns);
    turn.cancel();
    assert!(read(&turn.events().unwrap()).unwrap().is_empty());
}

/// Turns with a store that has a workspace of the user.
fn kept(fake: &Fake, store: &FakeStore, script: Script) -> TurnsBuilder {
    store.add_workspace(WORKSPACE, USER);
    let store = ChatStore::builder(store.url()).no_proxy().build().unwrap();
    settings(fake, script).store(store).outbox(Outbox::memory())
}

fn request(store: &FakeStore) -> TurnRequest {
    let login = store.login(USER);
    TurnRequest::new("hi").user_id(USER).workspace(WORKSPACE).tokens(login.access, login.refresh)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_message_is_in_the_outbox_when_a_turn_has_begun_and_both_are_saved_at_its_end() {
    let fake = Fake::start().await.unwrap();
    let store = FakeStore::start().await.unwrap();
    let turns = kept(&fake, &store, Script::chat(["a"])).build().unwrap();
    let (outbox, request) = (turns.outbox().unwrap().clone(), request(&store));
    let test = move || {
        let turn = start(&turns, request, None, None).unwrap();
        assert_eq!(outbox.stats().accepted, 1);
        assert_eq!(texts(&read(&turn.events().unwrap()).unwrap()), "a");
        let flush = call(async move { Ok(turns.flush(Duration::from_secs(60)).await) }).unwrap();
        let Body::Json(flushed) = answer(&flush).unwrap().body else { panic!("a report is JSON") };
        assert_eq!(flushed, r#"{"delivered":2,"pending":0,"dead":0}"#);
        let stages = serde_json::to_value(turn.timeline().unwrap()).unwrap()["stages"].clone();
        let saved =
            |name: &str| stages.as_array().unwrap().iter().any(|stage| stage["name"] == name);
        assert!(saved("save_user") && saved("save_ai"), "{stages}");
    };
    tokio::task::spawn_blocking(test).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_turn_whose_reader_leaves_may_be_finished_and_kept() {
    let fake = Fake::start().await.unwrap();
    let store = FakeStore::start().await.unwrap();
    let script = Script::chat(["a", "b"]);
    let turns = kept(&fake, &store, script).on_disconnect(OnDisconnect::Finish).build().unwrap();
    let request = request(&store);
    let test = move || {
        let turn = start(&turns, request, None, None).unwrap();
        let pull = turn.events().unwrap();
        assert!(pull.wait(Duration::from_secs(60)));
        drop((pull, turn));
        let flush = call(async move { Ok(turns.flush(Duration::from_secs(60)).await) }).unwrap();
        let Body::Json(flushed) = answer(&flush).unwrap().body else { panic!("a report is JSON") };
        assert_eq!(flushed, r#"{"delivered":2,"pending":0,"dead":0}"#);
    };
    tokio::task::spawn_blocking(test).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_turn_is_finished_once_both_messages_are_saved() {
    let fake = Fake::start().await.unwrap();
    let store = FakeStore::start().await.unwrap();
    let turns = kept(&fake, &store, Script::chat(["a"])).build().unwrap();
    store.fake().script("save", Script::pass().wait_ms_before_headers(100));
    let request = request(&store);
    let saved = tokio::task::spawn_blocking(move || {
        let turn = start(&turns, request, None, None).unwrap();
        let finished = turn.finished().unwrap();
        assert!(!finished.wait(Duration::from_millis(20)), "it runs");
        read(&turn.events().unwrap()).unwrap();
        assert!(!finished.wait(Duration::ZERO), "its reply is being saved");
        // A turn that its owner has dropped is waited for as well, and a second time.
        let again = turn.finished().unwrap();
        drop(turn);
        answer(&finished).unwrap();
        let saved = store.stored().messages.len();
        answer(&again).unwrap();
        saved
    });
    assert_eq!(saved.await.unwrap(), 2);
}

#[test]
fn a_request_is_read_from_json_in_the_names_of_each_language() {
    let given = json!({"message": "hi", "workspace_id": "w", "user_id": "u", "access_token": "a", "refresh_token": "r",
                       "history": [{"role": "user", "content": "before"}], "create_workspace": null});
    let camel = json!({"message": "hi", "workspaceId": "w", "userId": "u", "accessToken": "a", "refreshToken": "r",
                       "history": [{"role": "user", "content": "before"}], "createWorkspace": false, "speech": false});
    let read = |json: Value, names| turn_request(&json.to_string(), names);
    assert!(
        read(camel.clone(), Names::Snake).is_err() && read(given.clone(), Names::Camel).is_err()
    );
    let snake = read(given, Names::Snake).unwrap();
    let camel = read(camel, Names::Camel).unwrap();
    assert_eq!(format!("{snake:?}"), format!("{camel:?}"));
    let shown = format!("{snake:?}");
    assert!(shown.contains(r#"Workspace("w")"#) && shown.contains("has_tokens: true"), "{shown}");
    let new = read(json!({"message": "hi", "create_workspace": true}), Names::Snake).unwrap();
    assert!(format!("{new:?}").contains("New"));
    let of = read(json!({"message": "hi", "workspace_of": "m-1"}), Names::Snake).unwrap();
    assert!(format!("{of:?}").contains("m-1"));
    let half = r#"{"message": "half a surrogate pair: \ud83d"}"#;
    assert!(turn_request(half, Names::Camel).is_ok());
}

#[test]
fn a_request_that_cannot_be_read_is_refused_without_its_values() {
    let refused = [
        ("[]", "the request must be an object"),
        ("{", "the request must be JSON"),
        (r#"{"workspace_id": "secret"}"#, "the request must have message"),
        (r#"{"message": null}"#, "message must be a string"),
        (
            r#"{"message": "secret", "workspace": "secret"}"#,
            "workspace is no field; the fields here are message, workspace_id, create_workspace, workspace_of",
        ),
        (r#"{"message": 5}"#, "message must be a string"),
        (r#"{"message": "secret", "user_id": ["secret"]}"#, "user_id must be a string"),
        (r#"{"message": "secret", "speech": "secret"}"#, "speech must be true or false"),
        (
            r#"{"message": "secret", "create_workspace": "secret"}"#,
            "create_workspace must be true or false",
        ),
        (
            r#"{"message": "secret", "access_token": "secret"}"#,
            "access_token and refresh_token belong together",
        ),
        (r#"{"message": "secret", "history": ["secret"]}"#, "history must be a list of messages"),
        (
            r#"{"message": "secret", "workspace_id": "secret", "create_workspace": true}"#,
            "names a workspace and asks for a new one",
        ),
        (
            r#"{"message": "secret", "workspace_id": "secret", "workspace_of": "secret"}"#,
            "names the message of its workspace, and another workspace or a new one",
        ),
    ];
    for (json, why) in refused {
        let error = turn_request(json, Names::Snake).unwrap_err();
        assert_eq!(error.code(), "invalid_request", "{json}");
        let line = error.to_string();
        assert!(line.contains(why) && !line.contains("secret"), "{line}");
    }
    for (json, why) in [
        (
            r#"{"message": "m", "user_id": "u"}"#,
            "user_id is no field; the fields here are message, workspaceId",
        ),
        (r#"{"message": "m", "userId": 5}"#, "userId must be a string"),
        (r#"{"message": "m", "refreshToken": "secret"}"#, "accessToken and refreshToken belong"),
    ] {
        let line = turn_request(json, Names::Camel).unwrap_err().to_string();
        assert!(line.contains(why) && !line.contains("secret"), "{line}");
    }
}

#[test]
fn a_refused_engine_leaves_no_outbox_file_behind() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outbox.db");
    let json = json!({"outbox": {"path": path}}).to_string();
    let llm = OpenAi::builder().base_url("http://127.0.0.1:1").build().unwrap();
    let refused = turns(llm, &json, Names::Snake, Parts::default()).and_then(TurnsBuilder::build);
    assert!(refused.unwrap_err().to_string().contains("no store"));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
