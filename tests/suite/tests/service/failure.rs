//! Streams that do not end well: the error is typed, and keeps the text so far.

use serde_json::json;
use turnwire::TurnEvent;
use turnwire::config::Limits;
use turnwire_fakes::Script;

use super::{ask, content, read, read_script, service, settings};

fn begun() -> Script {
    Script::new()
        .sse(json!({"type": "workspace", "workspaceId": "w"}))
        .sse(json!({"type": "content", "content": "안"}))
        .sse(json!({"type": "content", "content": "녕"}))
}

#[tokio::test]
async fn a_stream_that_ends_without_a_word_is_truncated() {
    for end in [begun(), begun().truncate(), begun().send("data: {\"type\":")] {
        let found = read_script(end.clone()).await;
        let error = found.error.unwrap();
        assert_eq!((error.code(), error.partial()), ("truncated", Some("안녕")), "{end:?}");
        assert!(error.is_retryable() && error.is_truncated());
        assert_eq!(found.events.len(), 3);
    }
    let found = read_script(begun().reset()).await;
    let error = found.error.unwrap();
    assert_eq!((error.code(), error.partial()), ("connection", Some("안녕")));
}

#[tokio::test]
async fn an_error_event_is_an_error_with_the_services_words() {
    let script = begun()
        .sse(json!({"type": "error", "message": "the model is gone"}))
        .sse(json!({"type": "done"}));
    let found = read_script(script).await;
    let error = found.error.unwrap();
    assert_eq!((error.code(), error.message()), ("api", "the model is gone"));
    assert_eq!(error.partial(), Some("안녕"));
    assert_eq!(found.events.len(), 3);
    for message in [json!(null), json!({"code": 7})] {
        let script = Script::new().sse(json!({"type": "error", "message": message}));
        let error = read_script(script).await.error.unwrap();
        assert_eq!((error.code(), error.partial()), ("api", None));
        assert!(!error.message().is_empty());
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_an_error_of_its_own() {
    for junk in [
        "data: {\"type\": \"content\", \"content\": 5}\n\n",
        "data: {\"type\"\n\n",
        "data: [DONE]\n\n",
        "data: 7\n\n",
    ] {
        let error = read_script(begun().send(junk)).await.error.unwrap();
        assert_eq!((error.code(), error.partial()), ("decode", Some("안녕")), "{junk}");
    }
}

#[tokio::test]
async fn what_is_no_event_stream_is_told_from_one() {
    let page = Script::new().send("<!doctype html><title>502 Bad Gateway</title>");
    assert_eq!(read_script(page.clone()).await.error.unwrap().code(), "unexpected_reply");
    let page = page.header("content-type", "text/html");
    let error = read_script(page).await.error.unwrap();
    assert_eq!(error.code(), "unexpected_reply");
    assert!(error.message().contains("502 Bad Gateway"), "{error}");

    let text = Script::new().header("content-type", "text/plain").send("안녕하세요, 반갑습니다");
    let error = read_script(text).await.error.unwrap();
    assert_eq!((error.code(), error.is_retryable()), ("unexpected_reply", false));
    assert_eq!(error.partial(), Some("안녕하세요, 반갑습니다"));
    assert!(error.to_string().contains("set wire = text"), "{error}");
    assert_eq!(read_script(Script::new()).await.error.unwrap().code(), "truncated");
}

#[tokio::test]
async fn a_reply_larger_than_the_limits_ends_there() {
    let (fake, _) = service().await;
    let event = json!({"type": "content", "content": "a".repeat(1000)});
    let script = Script::new().repeat(100, |script| script.sse(event.clone()));
    fake.fake().script("stream", script);
    for limits in [Limits::new().reply(5000), Limits::new().event(500)] {
        let service = settings(&fake).limits(limits).build().unwrap();
        let mut turn = service.stream(ask("안녕")).await.unwrap();
        assert_eq!(read(&mut turn).await.error.unwrap().code(), "too_large");
    }
}

#[tokio::test]
async fn a_stream_that_is_not_read_to_its_end_gives_no_answer() {
    let (_fake, service) = service().await;
    let mut turn = service.stream(ask("안녕하세요")).await.unwrap();
    let event = |event: Option<turnwire::Result<TurnEvent>>| event.unwrap().unwrap();
    use futures::StreamExt;
    assert!(matches!(event(turn.next().await), TurnEvent::Workspace { .. }));
    assert_eq!(event(turn.next().await), content("안녕"));
    let error = turn.into_answer().unwrap_err();
    assert_eq!((error.code(), error.partial()), ("truncated", Some("안녕")));
}

#[tokio::test]
async fn tokens_show_nowhere() {
    let (fake, service) = service().await;
    let echo = "access-of-the-test refresh-of-the-test";
    let mut shown = format!("{service:?} {:?}", settings(&fake));
    for script in [
        turnwire_fakes::FakeChat::refusal(401, echo),
        Script::new()
            .send(format!("data: {{\"type\": \"content\", \"content\": [\"{echo}\"]}}\n\n")),
        Script::new().sse(json!({"type": "error", "message": echo})),
        Script::body(json!({"error": {"message": echo, "code": echo}})),
        Script::body(json!({"reply": [echo]})),
        Script::new().header("content-type", "text/html").send(echo),
    ] {
        fake.fake().reset();
        fake.fake().script("stream", script);
        let error = match service.stream(ask("안녕")).await {
            Ok(turn) => turn.finish().await.unwrap_err(),
            Err(error) => error,
        };
        shown += &format!("{error} {error:?} {:?} {:?}", error.body(), error.api());
    }
    for token in echo.split(' ') {
        assert!(!shown.contains(token), "{token} shows in {shown}");
    }
}
