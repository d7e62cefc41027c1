//! A turn that cannot be streamed is requested whole only if the first request was certainly not accepted.

use std::time::{Duration, Instant};

use serde_json::json;
use turnwire::config::RetryPolicy;
use turnwire::{TurnEvent, TurnRequest};
use turnwire_fakes::{FakeChat, Framing, ReservedPort, Script};

use super::{WORKSPACE, ask, content, read, service, settings, settings_at};

#[tokio::test]
async fn a_service_without_streams_is_asked_for_the_whole() {
    for status in [404, 405, 501] {
        let (fake, service) = service().await;
        fake.fake().script("stream", FakeChat::refusal(status, "no streams here"));
        let mut turn = service.stream(ask("안녕")).await.unwrap();
        let found = read(&mut turn).await;
        let workspace = TurnEvent::Workspace { workspace_id: WORKSPACE.into() };
        assert_eq!(found.events, [workspace, content("안녕"), TurnEvent::done()]);
        assert_eq!(turn.request_id(), Some("req_2"));
        assert_eq!(turn.into_answer().unwrap().reply, "안녕");
        let calls: Vec<_> = fake.turns().into_iter().map(|turn| turn.call).collect();
        assert_eq!(calls, ["chat"]);
    }
}

#[tokio::test]
async fn speech_that_a_whole_reply_brings_along_is_an_event() {
    let (fake, service) = service().await;
    fake.fake().script("stream", FakeChat::refusal(404, "no streams here"));
    let audio = json!({"reply": "안녕", "workspaceId": "w", "audioBase64": "//MA"});
    fake.fake().script("chat", Script::body(audio));
    let mut turn = service.stream(ask("안녕")).await.unwrap();
    let events = read(&mut turn).await.events;
    assert!(matches!(&events[2], TurnEvent::Audio { text, .. } if text == "안녕"), "{events:?}");
    assert!(turn.into_answer().unwrap().audio.unwrap().starts_with(b"\xff\xf3"));
}

#[tokio::test]
async fn whatever_may_have_been_taken_is_not_asked_for_a_second_time() {
    let raw = || Script::new().framing(Framing::Raw);
    let faults = [
        FakeChat::refusal(400, "no"),
        FakeChat::refusal(401, "no"),
        FakeChat::refusal(403, "no"),
        FakeChat::refusal(500, "no"),
        FakeChat::refusal(502, "no"),
        FakeChat::refusal(503, "no"),
        raw().reset(),
        raw().reset().after_commit(),
        raw().send("garbage\r\n\r\n"),
        Script::new().truncate(),
        Script::new().header("content-type", "text/html").send("<html></html>"),
        Script::new().sse(json!({"type": "error", "message": "no model"})),
    ];
    for fault in faults {
        let (fake, service) = service().await;
        fake.fake().script("stream", fault.clone());
        let error = match service.stream(ask("안녕")).await {
            Ok(turn) => turn.finish().await.unwrap_err(),
            Err(error) => error,
        };
        assert_eq!(fake.fake().requests().len(), 1, "{fault:?}: {error}");
    }
}

#[tokio::test]
async fn without_a_connection_there_is_an_error_and_no_turn() {
    let nobody = ReservedPort::new().unwrap();
    let service = settings_at(nobody.url()).build().unwrap();
    let error = service.stream(ask("안녕")).await.unwrap_err();
    assert!(error.is_connect(), "{error}");
}

#[tokio::test]
async fn a_workspace_that_is_missing_stays_missing() {
    let (fake, service) = service().await;
    let error = service.stream(TurnRequest::new("안녕").workspace("nowhere")).await.unwrap_err();
    assert_eq!((error.code(), error.message()), ("not_found", "There is no such workspace"));
    assert_eq!(fake.turns(), []);
}

#[tokio::test]
async fn the_fallback_can_be_declined() {
    let (fake, _) = service().await;
    fake.fake().script("stream", FakeChat::refusal(404, "no streams here"));
    let service = settings(&fake).fallback(false).build().unwrap();
    assert_eq!(service.stream(ask("안녕")).await.unwrap_err().code(), "not_found");
    assert_eq!(fake.fake().requests().len(), 1);
}

/// A policy of three attempts with measurable waits.
fn patient() -> RetryPolicy {
    let wait = Duration::from_millis(200);
    RetryPolicy::new().max_retries(2).initial_backoff(wait).max_backoff(wait).jitter(0.0)
}

#[tokio::test]
async fn a_refused_port_is_waited_for_once_and_both_failures_are_told() {
    let nobody = ReservedPort::new().unwrap();
    let service = settings_at(nobody.url()).retry(patient()).build().unwrap();
    let (mut shortest, mut error) = (Duration::MAX, None);
    // One of them may run on a busy machine.
    for _ in 0..5 {
        let started = Instant::now();
        error = service.stream(ask("안녕")).await.err();
        shortest = shortest.min(started.elapsed());
        if shortest < Duration::from_millis(800) {
            break;
        }
    }
    let error = error.unwrap();
    let asked = "the stream is asked for three times, and the whole reply once";
    assert!(shortest >= Duration::from_millis(400), "{asked}: {shortest:?}");
    assert!(shortest < Duration::from_millis(800), "{asked}: {shortest:?}");
    let told = error.to_string();
    assert!(told.contains("the stream could not be opened") && error.is_retryable(), "{told}");
    assert!(told.contains("/chat/stream)") && told.contains("/chat)"), "{told}");
}

#[tokio::test]
async fn the_failure_of_the_stream_is_told_with_that_of_the_whole_reply() {
    let (fake, service) = service().await;
    fake.fake().script("stream", Script::new().status(404).send("<h1>Not Found</h1>"));
    fake.fake().script("chat", FakeChat::refusal(500, "no model"));
    let error = service.stream(ask("안녕")).await.unwrap_err();
    assert_eq!((error.code(), error.status()), ("server", Some(500)));
    let told = error.to_string();
    for part in ["no model", "the stream could not be opened: HTTP 404", "POST", "/chat/stream"] {
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[tokio::test]
async fn a_path_that_is_not_there_is_a_matter_of_the_services_settings() {
    let (fake, _) = service().await;
    for status in [404, 405, 501] {
        let page = || Script::new().status(status).send("<h1>Not Found</h1>");
        fake.fake().script("stream", page());
        fake.fake().script("tts", page());
        let service = settings(&fake).fallback(false).build().unwrap();
        let failures = [
            service.stream(ask("안녕")).await.unwrap_err(),
            service.speak("안녕").await.unwrap_err(),
        ];
        for error in failures {
            let told = error.to_string();
            assert!(told.contains("`ServicePaths`") && !told.contains("model's name"), "{told}");
        }
    }
}
