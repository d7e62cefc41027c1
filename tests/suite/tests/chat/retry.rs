//! Retries: the retried requests, their times, and the requests that are never retried.

use turnwire::ErrorKind;
use turnwire::config::CallOptions;
use turnwire_fakes::{Fake, Record, Script};

use super::{ask, client, error_of, read, settings};

/// A fake that answers with each of these scripts in turn.
async fn in_turn(scripts: impl IntoIterator<Item = Script>) -> Fake {
    let fake = Fake::start().await.unwrap();
    for script in scripts {
        fake.script("m", script);
    }
    fake
}

/// The times between the requests, in ms.
fn gaps(requests: &[Record]) -> Vec<f64> {
    requests.iter().zip(requests.iter().skip(1)).map(|(a, b)| b.at_ms - a.at_ms).collect()
}

#[tokio::test]
async fn a_retry_after_is_waited_for() {
    for (name, value, wait) in [("retry-after", "1", 1000.0), ("retry-after-ms", "300", 300.0)] {
        let limited = Script::error(429, "slow down").header(name, value);
        let fake = in_turn([limited, Script::chat(["안녕"])]).await;
        let mut stream = client(&fake).chat_stream(ask()).await.unwrap();
        assert_eq!(read(&mut stream).await.texts, ["안녕"]);
        let gaps = gaps(&fake.requests());
        assert!(gaps.len() == 1 && gaps[0] >= wait, "{name}: {gaps:?}");
    }
}

#[tokio::test]
async fn waits_grow_until_the_service_is_back() {
    let down = || Script::error(503, "down");
    let fake = in_turn([down(), down(), Script::chat(["안녕"])]).await;
    let mut stream = client(&fake).chat_stream(ask()).await.unwrap();
    assert_eq!(read(&mut stream).await.texts, ["안녕"]);
    let gaps = gaps(&fake.requests());
    // 80 and 160 ms, minus a jitter of up to a quarter.
    assert!(gaps.len() == 2 && gaps[0] >= 60.0 && gaps[1] >= 120.0, "{gaps:?}");
}

#[tokio::test]
async fn attempts_of_a_call_share_body_and_idempotency_key() {
    let fake = in_turn([Script::error(500, "oh"), Script::chat(["a"])]).await;
    client(&fake).chat(ask()).await.unwrap();
    let requests = fake.requests();
    let keys: Vec<_> = requests.iter().map(|r| r.header("idempotency-key").unwrap()).collect();
    assert_eq!((keys.len(), keys[0]), (2, keys[1]));
    assert_eq!(requests[0].body, requests[1].body);
    client(&fake).chat_stream(ask()).await.unwrap();
    assert_ne!(fake.requests()[2].header("idempotency-key"), Some(keys[0]), "another call");
}

#[tokio::test]
async fn passing_statuses_are_tried_twice_more() {
    for status in [408, 409, 429, 500, 502, 503, 504, 529] {
        let fake = in_turn([Script::error(status, "oh")]).await;
        let error = client(&fake).chat(ask()).await.unwrap_err();
        assert_eq!((error.status(), error.attempts()), (Some(status), 3));
        assert!(error.is_retryable());
        assert!(error.to_string().contains("3 attempts"), "{error}");
        assert_eq!(fake.requests().len(), 3, "{status}");
    }
}

#[tokio::test]
async fn the_service_decides_by_x_should_retry() {
    let yes = Script::error(400, "try again").header("x-should-retry", "true");
    let fake = in_turn([yes, Script::chat(["a"])]).await;
    client(&fake).chat_stream(ask()).await.unwrap();
    assert_eq!(fake.requests().len(), 2);
}

#[tokio::test]
async fn a_retry_after_that_is_too_long_ends_the_call() {
    let fake = in_turn([Script::error(429, "tomorrow").header("retry-after", "86400")]).await;
    let error = client(&fake).chat(ask()).await.unwrap_err();
    assert_eq!(error.retry_after().unwrap().as_secs(), 86400);
    assert_eq!(fake.requests().len(), 1);
}

#[tokio::test]
async fn a_retry_after_that_is_no_number_is_none() {
    let junk = ["inf", "NaN", "-5", "", "1e400", "99999999999999999999999", "tomorrow"];
    for (name, value) in
        ["retry-after", "retry-after-ms"].iter().flat_map(|n| junk.iter().map(move |v| (n, v)))
    {
        let limited = Script::error(429, "slow down").header(*name, *value);
        let fake = in_turn([limited, Script::chat(["안녕"])]).await;
        let reply = client(&fake).chat_stream(ask()).await.unwrap().finish().await.unwrap();
        assert_eq!((reply.text(), fake.requests().len()), ("안녕", 2), "{name}: {value}");
    }
}

#[tokio::test]
async fn an_absurd_retry_after_does_no_harm() {
    for value in ["10000000000000000000", "99999999999999999999999", "1e400"] {
        let fake = in_turn([Script::error(429, "never").header("retry-after", value)]).await;
        let retry = turnwire::config::RetryPolicy::new().max_retry_after(std::time::Duration::MAX);
        let llm = settings(&fake).retry(retry).build().unwrap();
        let limit = std::time::Duration::from_millis(200);
        let llm = llm.with(CallOptions::new().total_timeout(limit));
        let error = llm.chat(ask()).await.unwrap_err();
        assert_eq!((error.status(), fake.requests().len()), (Some(429), 1), "{value}");
    }
}

#[tokio::test]
async fn a_connection_that_breaks_before_a_response_is_tried_again() {
    let fake =
        in_turn([Script::new().framing(turnwire_fakes::Framing::Raw).reset(), Script::chat(["a"])])
            .await;
    client(&fake).chat_stream(ask()).await.unwrap();
    assert_eq!(fake.requests().len(), 2);
}

#[tokio::test]
async fn nothing_is_sent_again_once_content_came() {
    for script in [
        Script::new().text("안녕").wait_ms(30).reset(),
        Script::new().text("안녕").truncate(),
        Script::new().text("안녕").send("data: {{\n\n"),
        Script::new().comment("only a keep-alive").wait_ms(30).reset(),
    ] {
        let fake = in_turn([script]).await;
        let mut stream = client(&fake).chat_stream(ask()).await.unwrap();
        assert!(read(&mut stream).await.error.is_some());
        assert_eq!(fake.requests().len(), 1);
    }
}

#[tokio::test]
async fn a_call_may_forgo_retries() {
    let fake = in_turn([Script::error(503, "down")]).await;
    let llm = client(&fake).with(CallOptions::new().max_retries(0));
    assert_eq!(llm.chat(ask()).await.unwrap_err().attempts(), 1);
    assert_eq!(fake.requests().len(), 1);
}

#[tokio::test]
async fn redirects_within_the_origin_are_followed_with_their_body() {
    for status in [307, 308] {
        let fake = Fake::start().await.unwrap();
        fake.script(
            "m",
            Script::new().status(status).header("location", "/other/chat/completions"),
        );
        fake.script("m", Script::chat(["안녕"]));
        let mut stream = client(&fake).chat_stream(ask()).await.unwrap();
        assert_eq!(read(&mut stream).await.texts, ["안녕"]);
        let requests = fake.requests();
        assert_eq!(requests[1].path, "/other/chat/completions");
        assert_eq!(requests[0].body, requests[1].body);
    }
}

#[tokio::test]
async fn credentials_and_bodies_never_cross_origins() {
    let other = Fake::start().await.unwrap();
    for status in [301, 302, 303, 307, 308] {
        let location = format!("{}/v1/chat/completions", other.url());
        let error = error_of(Script::new().status(status).header("location", location)).await;
        assert_eq!((error.kind(), error.status()), (ErrorKind::Redirect, Some(status)));
        assert!(error.to_string().contains(&other.url()), "{error}");
    }
    assert!(other.requests().is_empty());
    for location in ["", "http://[broken"] {
        let error = error_of(Script::new().status(307).header("location", location)).await;
        assert_eq!(error.code(), "redirect");
    }
    assert_eq!(error_of(Script::new().status(301)).await.code(), "redirect");
}

#[tokio::test]
async fn a_circle_of_redirects_ends() {
    let fake = Fake::start().await.unwrap();
    fake.script("m", Script::new().status(307).header("location", "/v1/chat/completions"));
    let error = settings(&fake).build().unwrap().chat(ask()).await.unwrap_err();
    assert_eq!(error.code(), "redirect");
    assert_eq!(fake.requests().len(), 6);
}
