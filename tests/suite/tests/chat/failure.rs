//! Failing streams and responses: each has its own error, and nothing received is lost.

use serde_json::json;
use turnwire::OpenAi;
use turnwire::config::Limits;
use turnwire_fakes::{Fake, Framing, ReservedPort, Script};

use super::{ask, client, error_of, read, settings};

#[tokio::test]
async fn a_stream_that_breaks_keeps_the_text_so_far() {
    let start = || Script::new().role("assistant").text("안녕").text("하");
    for (name, script, code) in [
        ("ends in the middle", start(), "truncated"),
        ("ends in the middle, told by the close", start().framing(Framing::Close), "truncated"),
        ("ends amid its chunked coding", start().truncate(), "truncated"),
        ("ends amid an event", start().send("data: {\"choices\":[{\"del"), "truncated"),
        ("ends amid its last word", start().send("data: [DON"), "truncated"),
        ("is reset", start().wait_ms(50).reset(), "connection"),
        ("has an event that is no JSON", start().send("data: {\"choices\":[{]}\n\n"), "garbled"),
        (
            "reports an error in a list",
            start().send("data: [{\"error\":{\"message\":\"overloaded\"}}]\n\n"),
            "api",
        ),
        (
            "reports an error by an event without JSON",
            start().send("event: error\ndata: overloaded\n\n"),
            "api",
        ),
        ("has a list for a chunk", start().send("data: []\n\n"), "decode"),
        ("has an event that is no object", start().send("data: 17\n\n"), "decode"),
        ("reports an error", start().sse(json!({"error": {"message": "overloaded"}})), "api"),
        (
            "reports an error beside choices",
            start().sse(json!({"choices": 3, "error": {"message": "overloaded"}})),
            "api",
        ),
        ("reports an error as text", start().sse(json!({"error": "overloaded"})), "api"),
        (
            "reports an error object",
            start().sse(json!({"object": "error", "message": "overloaded"})),
            "api",
        ),
        (
            "reports an error by an event",
            start().send("event: error\ndata: {\"message\":\"overloaded\"}\n\n"),
            "api",
        ),
    ] {
        let error = error_of(script).await;
        assert_eq!(error.code(), code, "{name}: {error}");
        assert_eq!(error.partial(), Some("안녕하"), "{name}");
        assert_eq!(error.operation(), "chat.stream");
        assert!(error.request_id().is_some(), "{name}");
        let line = error.to_string();
        assert!(!line.contains('\n') && line.contains("/v1/chat/completions"), "{name}: {line}");
        if code == "api" {
            assert_eq!(error.api().unwrap().message, "overloaded", "{name}");
        }
    }
}

#[tokio::test]
async fn a_stream_without_a_reply_is_truncated_and_has_no_partial() {
    for script in [Script::new(), Script::new().comment("ping"), Script::new().send("\n\n")] {
        let error = error_of(script.header("content-type", "text/event-stream")).await;
        assert_eq!((error.code(), error.partial()), ("truncated", None));
    }
}

#[tokio::test]
async fn a_stream_that_says_it_is_done_without_a_reply_is_no_reply() {
    for script in [Script::new().done(), Script::new().usage(1, 0).done()] {
        let error = error_of(script).await;
        assert_eq!((error.code(), error.partial().unwrap_or_default()), ("unexpected_reply", ""));
    }
}

#[tokio::test]
async fn errors_inside_a_stream_pass_or_do_not_as_they_say() {
    for (code, passes) in
        [(json!(429), true), (json!("server_error"), true), (json!("bad_model"), false)]
    {
        let report = json!({"error": {"message": "m", "code": code}});
        let error = error_of(Script::new().text("a").sse(report)).await;
        assert_eq!((error.code(), error.is_retryable()), ("api", passes), "{code}");
    }
}

#[tokio::test]
async fn a_page_labelled_as_text_is_no_stream() {
    let page = Script::new().header("content-type", "text/plain").send("<html>Sign in</html>");
    let error = error_of(page).await;
    assert_eq!(error.code(), "unexpected_reply");
    assert!(error.to_string().contains("Sign in"), "{error}");
}

#[tokio::test]
async fn an_error_in_place_of_a_stream_is_read() {
    let script = Script::body(
        json!({"error": {"message": "no such model", "type": "t", "code": "model_not_found", "param": "model"}}),
    );
    let error = error_of(script).await;
    assert_eq!((error.code(), error.partial()), ("api", None));
    let api = error.api().unwrap();
    assert_eq!(api.code.as_deref(), Some("model_not_found"));
    assert_eq!(api.param.as_deref(), Some("model"));
}

#[tokio::test]
async fn what_is_no_stream_is_refused_with_its_words() {
    let page = "<html><title>Sign in</title><body>Please sign in</body></html>";
    let error = error_of(Script::new().header("content-type", "text/html").send(page)).await;
    assert_eq!(error.code(), "unexpected_reply");
    assert!(error.to_string().contains("Please sign in"), "{error}");
    for status in [204, 205, 210, 299] {
        let error = error_of(Script::new().status(status).framing(Framing::Length)).await;
        assert_eq!((error.code(), error.status()), ("unexpected_reply", Some(status)));
    }
    for odd in ["x bogus", "text/x-bogus"] {
        let error = error_of(Script::new().header("content-type", odd).text("a").done()).await;
        assert_eq!(error.code(), "unexpected_reply", "{odd}");
    }
}

#[tokio::test]
async fn statuses_are_typed_and_never_retried_unless_they_pass() {
    let quota = json!({"error": {"message": "used up", "code": "insufficient_quota"}});
    let html =
        Script::new().status(429).header("content-type", "text/html").send("<h1>Slow down</h1>");
    let numeric = json!({"error": {"message": "bad", "code": 400}});
    for (script, code, status) in [
        (Script::error(400, "bad"), "bad_request", 400),
        (Script::error(401, "who?"), "authentication", 401),
        (Script::error(403, "no"), "permission_denied", 403),
        (Script::error(404, "where?"), "not_found", 404),
        (Script::error(413, "big"), "status", 413),
        (Script::error(422, "odd"), "unprocessable", 422),
        (Script::body(quota).status(429), "insufficient_quota", 429),
        (Script::body(numeric).status(400), "bad_request", 400),
        (html.header("x-should-retry", "false"), "rate_limited", 429),
        (Script::error(500, "oh").header("x-should-retry", "false"), "server", 500),
    ] {
        let fake = Fake::start().await.unwrap();
        fake.script("m", script);
        for error in [
            client(&fake).chat(ask()).await.unwrap_err(),
            client(&fake).chat_stream(ask()).await.unwrap_err(),
        ] {
            assert_eq!((error.code(), error.status()), (code, Some(status)), "{error}");
            assert!(!error.is_retryable() && error.attempts() == 1, "{error}");
            assert!(error.body().is_some() && error.request_id().is_some(), "{error}");
        }
        assert_eq!(fake.requests().len(), 2, "{code}: one attempt a call");
    }
}

#[tokio::test]
async fn a_service_that_is_not_there_is_a_connect_error() {
    let nobody = ReservedPort::new().unwrap();
    let llm = OpenAi::builder().base_url(format!("{}/v1", nobody.url())).no_proxy();
    let retry = turnwire::config::RetryPolicy::never();
    let error = llm.retry(retry).build().unwrap().chat(ask()).await.unwrap_err();
    assert_eq!(error.code(), "connect");
    assert!(error.is_connect() && error.is_retryable());
    assert!(error.to_string().contains(&nobody.address().to_string()), "{error}");
}

#[tokio::test]
async fn sizes_have_their_limits() {
    let fake = Fake::start().await.unwrap();
    let llm = settings(&fake)
        .limits(Limits::new().event(1000).reply(3000).error_body(100))
        .build()
        .unwrap();
    let large = "가".repeat(2000);
    fake.script("event", Script::new().text("안녕").text(&large).done());
    let event = turnwire::ChatRequest::new("event");
    let error = read(&mut llm.chat_stream(event).await.unwrap()).await.error.unwrap();
    assert_eq!((error.code(), error.partial()), ("too_large", Some("안녕")));

    fake.script("reply", Script::new().repeat(1000, |s| s.text("가가가가가")).done());
    let reply = turnwire::ChatRequest::new("reply");
    let error = read(&mut llm.chat_stream(reply).await.unwrap()).await.error.unwrap();
    assert_eq!(error.code(), "too_large");
    // Retained fields other than the text count as well.
    assert!(error.partial().unwrap().len() > 2000);

    fake.script("whole", Script::body(json!({"choices": [{"message": {"content": large}}]})));
    let error = llm.chat(turnwire::ChatRequest::new("whole")).await.unwrap_err();
    assert_eq!(error.code(), "too_large");

    fake.script("error", Script::error(400, &large));
    let error = llm.chat(turnwire::ChatRequest::new("error")).await.unwrap_err();
    assert_eq!((error.code(), error.status()), ("bad_request", Some(400)));
    assert!(error.body().unwrap().len() <= 103, "cut, at worst with one replaced character");
}
