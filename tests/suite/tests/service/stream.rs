//! Streamed turns: requests, events, and the closing of connections.

use std::time::Duration;

use futures::StreamExt;
use serde_json::json;
use turnwire::config::CallOptions;
use turnwire::service::{ServicePaths, TurnStream, Wire};
use turnwire::{CancellationToken, TurnEvent, TurnRequest};
use turnwire_fakes::{Dialect, Framing, Outcome, Script};

use super::{WORKSPACE, ask, content, read, read_script, service, settings};

#[tokio::test]
async fn a_turn_is_read_event_by_event() {
    let (fake, service) = service().await;
    let mut turn = service.stream(TurnRequest::new("안녕하세요").new_workspace()).await.unwrap();
    let found = read(&mut turn).await;
    let workspace = TurnEvent::Workspace { workspace_id: "workspace-1".into() };
    let expected = [workspace, content("안녕"), content("하세"), content("요"), TurnEvent::done()];
    assert_eq!(found.events, expected);
    assert!(found.error.is_none());
    assert_eq!(turn.request_id(), Some("req_1"));
    assert!(turn.first_content().is_some());
    assert_eq!(turn.headers()["x-accel-buffering"], "no");
    let answer = turn.into_answer().unwrap();
    assert_eq!(answer.reply, "안녕하세요");
    assert_eq!(answer.workspace_id.as_deref(), Some("workspace-1"));

    let sent = &fake.fake().requests()[0];
    assert_eq!((sent.method.as_str(), sent.path.as_str()), ("POST", "/chat/stream"));
    assert_eq!(sent.json().unwrap(), json!({"message": "안녕하세요", "createWorkspace": true}));
    assert_eq!(sent.header("authorization"), Some("Bearer access-of-the-test"));
    assert_eq!(sent.header("refreshtoken"), Some("Bearer refresh-of-the-test"));
    assert_eq!(sent.header("accept"), Some("text/event-stream"));

    let turn = service.stream(ask("안녕")).await.unwrap();
    assert_eq!(turn.finish().await.unwrap().workspace_id.as_deref(), Some(WORKSPACE));
    let expected = json!({"message": "안녕", "createWorkspace": false, "workspaceId": WORKSPACE});
    assert_eq!(fake.fake().requests()[1].json().unwrap(), expected);
}

#[tokio::test]
async fn every_dialect_reads_the_same() {
    let (fake, service) = service().await;
    let message = "따옴표\" 역슬래시\\ 줄\n탭\t😀 \u{2028}";
    for dialect in Dialect::all() {
        fake.speak(dialect);
        let mut turn = service.stream(ask(message)).await.unwrap();
        let found = read(&mut turn).await;
        assert!(found.error.is_none(), "{dialect:?}: {:?}", found.error);
        assert_eq!(turn.partial().reply, message, "{dialect:?}");
    }
}

#[tokio::test]
async fn bare_text_is_read_when_the_client_is_told_so() {
    let (fake, _) = service().await;
    let service = settings(&fake).wire(Wire::Text).build().unwrap();
    fake.speak(Dialect::bare());
    let found = read(&mut service.stream(ask("안녕하세요")).await.unwrap()).await;
    let expected = [content("안녕"), content("하세"), content("요"), TurnEvent::done()];
    assert_eq!((found.events, found.error.is_none()), (expected.to_vec(), true));

    // With the content type of events or of HTML, split inside characters, and with text that looks like framing.
    for label in ["text/event-stream", "text/html; charset=utf-8"] {
        let text = "data: {\"안\"}\n\n<b>녕</b>";
        let script = Script::new().header("content-type", label).split(1).send(text);
        fake.fake().script(label, script);
        let turn = service.stream(ask(label)).await.unwrap();
        assert_eq!(turn.finish().await.unwrap().reply, text);
    }
    assert_eq!("text".parse::<Wire>().unwrap(), Wire::Text);
    assert_eq!("sse".parse::<Wire>().unwrap_err().code(), "config");
}

#[tokio::test]
async fn nothing_after_done_counts() {
    let script = Script::new()
        .sse(json!({"type": "content", "content": "a"}))
        .sse(json!({"type": "done"}))
        .sse(json!({"type": "content", "content": "b"}))
        .sse(json!({"type": "error", "message": "late"}))
        .truncate();
    let found = read_script(script).await;
    assert_eq!(found.events, [content("a"), TurnEvent::done()]);
    assert!(found.error.is_none());
}

#[tokio::test]
async fn what_a_reader_does_not_know_is_skipped() {
    let script = Script::new()
        .comment("keep-alive")
        .sse(json!({"type": "of tomorrow", "content": {"a": 1}}))
        .sse(json!({"type": 7}))
        .sse(json!({"type": "content", "content": null}))
        .send("data:\n\n")
        .send("event: message\nid: 1\nretry: 10\ndata: {\"type\":\"content\",\ndata: \"content\":\"a\"}\n\n")
        .sse(json!({"type": "usage", "promptTokens": 3, "completionTokens": 4}))
        .sse(json!({"type": "done", "of": "tomorrow"}));
    let found = read_script(script).await;
    let usage = TurnEvent::usage(3, 4, 7);
    assert_eq!(found.events, [content("a"), usage, TurnEvent::done()]);
}

#[tokio::test]
async fn a_stream_that_forgets_its_last_blank_line_is_whole() {
    let found = read_script(Script::new().send("data: {\"type\": \"done\"}")).await;
    assert_eq!(found.events, [TurnEvent::done()]);
}

#[tokio::test]
async fn connections_are_used_again() {
    let (fake, service) = service().await;
    for _ in 0..10 {
        service.stream(ask("안녕")).await.unwrap().finish().await.unwrap();
    }
    // One, and occasionally another on a busy machine: a call waits only a moment for the previous one.
    assert!(fake.fake().connections() < 4, "{} for 10 turns", fake.fake().connections());
}

#[tokio::test]
async fn a_reader_that_leaves_closes_the_connection() {
    let (fake, service) = service().await;
    let script = Script::new().sse(json!({"type": "content", "content": "a"})).stall();
    fake.fake().script("stream", script);
    let mut turn = service.stream(ask("안녕")).await.unwrap();
    assert_eq!(turn.next().await.unwrap().unwrap(), content("a"));
    drop(turn);
    let log = fake.fake().wait_for(|log| log.requests[0].outcome.is_some()).await;
    assert_eq!(log.requests[0].outcome, Some(Outcome::ClientClosed));
}

#[tokio::test]
async fn a_turn_can_be_cancelled_and_ends_at_the_limits() {
    let (fake, service) = service().await;
    let script = || Script::new().sse(json!({"type": "content", "content": "a"}));
    fake.fake().script("silent", script().stall());
    fake.fake().script("chatty", script().repeat(1000, |s| s.comment("ping").wait_ms(5)).stall());

    let token = CancellationToken::new();
    let cancellable = service.with(CallOptions::new().cancellation(token.clone()));
    let mut turn = cancellable.stream(ask("silent")).await.unwrap();
    turn.next().await.unwrap().unwrap();
    token.cancel();
    let error = turn.next().await.unwrap().unwrap_err();
    assert_eq!((error.code(), error.partial()), ("cancelled", Some("a")));

    let short = Duration::from_millis(400);
    let limits = [
        ("silent", CallOptions::new().idle_timeout(short), "idle_timeout"),
        ("chatty", CallOptions::new().content_timeout(short), "content_timeout"),
        ("chatty", CallOptions::new().total_timeout(short), "total_timeout"),
    ];
    for (message, options, code) in limits {
        let mut turn = service.with(options).stream(ask(message)).await.unwrap();
        let error = read(&mut turn).await.error.unwrap();
        assert_eq!((error.code(), error.partial()), (code, Some("a")));
    }
}

#[tokio::test]
async fn paths_are_settings() {
    let (fake, _) = service().await;
    let paths = ServicePaths::new().stream("/chat-stream").speech("tts");
    let service = settings(&fake).paths(paths).build().unwrap();
    service.stream(ask("안녕")).await.unwrap().finish().await.unwrap();
    service.speak("안녕").await.unwrap();
    let paths: Vec<_> = fake.fake().requests().into_iter().map(|request| request.path).collect();
    assert_eq!(paths, ["/chat-stream", "/tts"]);
}

#[tokio::test]
async fn an_answer_that_comes_whole_in_place_of_a_stream_is_read() {
    let answer = json!({"reply": "안녕", "workspaceId": 7});
    let found = read_script(Script::body(answer)).await;
    let workspace = TurnEvent::Workspace { workspace_id: "7".into() };
    assert_eq!(found.events, [workspace, content("안녕"), TurnEvent::done()]);
    let found =
        read_script(Script::body(json!({"error": "no model"})).framing(Framing::Close)).await;
    let error = found.error.unwrap();
    assert_eq!((error.code(), error.message()), ("api", "no model"));
}

#[tokio::test]
async fn events_of_another_decoder_are_read_too() {
    let event = |data: &str| {
        let event = eventsource_stream::Event { data: data.to_owned(), ..Default::default() };
        Ok::<_, std::convert::Infallible>(event)
    };
    let events = [
        event(r#"{"type":"workspace","workspaceId":"w"}"#),
        event(r#"{"type":"content","content":"안"}"#),
    ];
    let mut turn = TurnStream::from_events(futures::stream::iter(events));
    let found = read(&mut turn).await;
    assert_eq!(found.events.len(), 2);
    let error = found.error.unwrap();
    assert_eq!((error.code(), error.partial()), ("truncated", Some("안")));
}
