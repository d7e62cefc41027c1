//! Failures: the store's own messages, retried requests, and those that must not be retried.

use std::time::Duration;

use turnwire::ErrorKind;
use turnwire::config::Timeouts;
use turnwire_fakes::{FakeStore, Framing, ReservedPort, Script};

use super::{SENT_AT, USER, WORKSPACE, calls, message, settings, settings_at, store};

fn reset() -> Script {
    Script::new().framing(Framing::Raw).reset()
}

#[tokio::test]
async fn an_error_has_the_stores_message_and_status() {
    let (fake, store) = store().await;
    let error = store.save(&message(" ", SENT_AT)).await.unwrap_err();
    assert_eq!((error.code(), error.status()), ("bad_request", Some(400)));
    assert_eq!(error.message(), "msgContent: must not be blank");
    let shown = error.to_string();
    assert!(shown.contains("store.save") && shown.contains("POST http://127.0.0.1"), "{shown}");

    let error = store.save(&message(&"가".repeat(2001), SENT_AT)).await.unwrap_err();
    assert_eq!((error.code(), error.status(), error.attempts()), ("server", Some(500), 3));
    assert!(error.message().contains("msg_content"), "{error}");

    let error = store.count_message("nowhere").await.unwrap_err();
    assert_eq!((error.code(), error.message()), ("server", "There is no active session"));
    assert_eq!(store.stats().uncounted, 1);
    assert_eq!(fake.stored().messages, []);
}

#[tokio::test]
async fn a_success_that_is_none_is_an_error() {
    let (fake, store) = store().await;
    let answer =
        |status: u16, body: &str| Script::new().framing(Framing::Length).status(status).send(body);
    let cases = [
        (answer(200, r#"{"success":false,"message":"the table is locked"}"#), ErrorKind::Api),
        (answer(200, "<html><title>Sign in</title></html>"), ErrorKind::UnexpectedReply),
        (answer(200, "data"), ErrorKind::Decode),
        (answer(200, r#"{"success":true,"data":[{"msgId":1}]}"#), ErrorKind::Decode),
        (
            answer(200, r#"{"success":true"#).framing(Framing::Chunked).truncate(),
            ErrorKind::Truncated,
        ),
    ];
    for (script, kind) in cases {
        fake.fake().reset();
        fake.fake().script("history", script);
        let error = store.history(WORKSPACE).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
    }
    let page = answer(200, "<html>Sign in</html>");
    fake.fake().script("save", page);
    assert!(store.save(&message("a", 0)).await.is_err(), "a portal's page saves nothing");
    let locked = answer(200, r#"{"success":false,"message":"the table is locked"}"#);
    fake.fake().script("create-workspace", locked);
    let error = store.create_workspace(USER, "a").await.unwrap_err();
    assert_eq!(error.message(), "the table is locked");
}

#[tokio::test]
async fn a_save_is_sent_again_after_any_passing_failure() {
    let (fake, store) = store().await;
    let script = |script| fake.fake().script("save", script);
    script(reset().after_commit());
    script(FakeStore::refusal(503, "starting"));
    script(Script::pass());
    let message = message("안녕", SENT_AT);
    store.save(&message).await.unwrap();
    assert_eq!(fake.stored().saves, [message.id.as_str(), message.id.as_str()]);
    assert_eq!(fake.stored().messages.len(), 1, "it is an upsert");
}

#[tokio::test]
async fn what_counts_or_creates_is_not_sent_again_once_it_may_have_been_taken() {
    for fault in [reset(), reset().after_commit(), FakeStore::refusal(503, "starting")] {
        let (fake, store) = store().await;
        for call in ["update-messages", "create-workspace", "start-session"] {
            fake.fake().script(call, fault.clone());
            fake.fake().script(call, Script::pass());
        }
        store.count_message(WORKSPACE).await.unwrap_err();
        store.create_workspace(USER, "a").await.unwrap_err();
        store.start_session(WORKSPACE, USER).await.unwrap_err();
        assert_eq!(fake.fake().requests().len(), 3);
    }
}

#[tokio::test]
async fn what_the_store_turns_away_unread_is_sent_again_even_if_it_counts() {
    let (fake, store) = store().await;
    let busy = FakeStore::refusal(429, "too many").header("retry-after-ms", "1");
    fake.fake().script("update-messages", busy);
    fake.fake().script("update-messages", Script::pass());
    store.count_message(WORKSPACE).await.unwrap();
    assert_eq!(fake.stored().counted(WORKSPACE), 1);
    assert_eq!(calls(&fake, "PATCH /api/session/update-messages"), 2);
}

#[tokio::test]
async fn no_connection_is_tried_again_whatever_the_call() {
    let nobody = ReservedPort::new().unwrap();
    let store = settings_at(nobody.url()).tokens("a-token-of-the-test", "another-of-it");
    let store = store.build().unwrap();
    let error = store.count_message(WORKSPACE).await.unwrap_err();
    assert!(error.is_connect(), "{error}");
    assert_eq!(error.attempts(), 3);
}

#[tokio::test]
async fn a_store_that_hangs_or_drips_ends_at_the_total_limit() {
    let fake = FakeStore::start().await.unwrap();
    fake.add_workspace(WORKSPACE, USER);
    let login = fake.login(USER);
    let timeouts = Timeouts::new().total(Duration::from_millis(150));
    let store = settings(&fake)
        .timeouts(timeouts)
        .tokens(login.access.as_str(), login.refresh.as_str())
        .build()
        .unwrap();
    let hang = Script::new().framing(Framing::Raw).stall();
    let drip = Script::pass().split(1).split_wait_ms(20);
    for script in [hang, drip] {
        fake.fake().reset();
        fake.add_workspace(WORKSPACE, USER);
        fake.fake().script("session", script);
        let error = store.active_session(WORKSPACE).await.unwrap_err();
        assert_eq!(error.code(), "total_timeout", "{error}");
    }
}

#[tokio::test]
async fn bad_input_is_refused_before_anything_is_sent() {
    let (fake, store) = store().await;
    let long = "가".repeat(101);
    let errors = [
        store.create_workspace(USER, &long).await.unwrap_err(),
        store.history("").await.unwrap_err(),
        store.active_session("..").await.unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.code(), "invalid_request", "{error}");
    }
    assert!(fake.fake().requests().is_empty());
    assert_eq!(turnwire::ChatStore::new("localhost:8888").unwrap_err().code(), "config");
}
