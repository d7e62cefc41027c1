//! Services that send endless data without a reply: it neither keeps a call open nor delays other calls.

use std::time::{Duration, Instant};

use turnwire::ChatRequest;
use turnwire::config::CallOptions;
use turnwire_fakes::{Fake, Framing, Script};
use turnwire_suite::rounds::in_a_blocking_round;

use super::{ask, client, read};

/// More than anything here takes, and much less than the services trickle.
const LONG: Duration = Duration::from_secs(60);

#[test]
fn a_flood_of_informational_responses_ends_its_call_and_delays_no_other() {
    in_a_blocking_round(|| {
        let flooding = Fake::spawn_thread().unwrap();
        let hint = "HTTP/1.1 103 Early Hints\r\n\r\n".repeat(1000);
        let flood = Script::new().framing(Framing::Raw).coalesce(1 << 20);
        flooding.script("m", flood.repeat(1_000_000, |s| s.send(hint)));
        let good = Fake::spawn_thread().unwrap();
        // All on one thread, as in the bindings.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (flooded, beside) = (client(&flooding), client(&good));
            beside.chat(ask()).await.unwrap(); // the connection stands
            let began = Instant::now();
            let flooded = tokio::spawn(async move { flooded.chat_stream(ask()).await });
            let mut slowest = Duration::ZERO;
            while !flooded.is_finished() {
                let began = Instant::now();
                beside.chat(ask()).await.unwrap();
                slowest = slowest.max(began.elapsed());
            }
            let error = flooded.await.unwrap().unwrap_err();
            assert_eq!((error.code(), error.attempts()), ("unexpected_reply", 1), "{error}");
            assert!(error.to_string().contains("informational"), "{error}");
            assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
            assert!(slowest < Duration::from_millis(250), "a call beside it took {slowest:?}");
        });
    });
}

#[tokio::test]
async fn a_few_informational_responses_are_no_matter() {
    let fake = Fake::start().await.unwrap();
    let hints = "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n".repeat(60);
    let body = r#"{"choices":[{"message":{"content":"hi"},"finish_reason":"stop"}]}"#;
    let reply = format!("{hints}HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    fake.script("m", Script::new().framing(Framing::Raw).send(reply));
    assert_eq!(client(&fake).chat(ask()).await.unwrap().text(), "hi");
}

#[tokio::test]
async fn nothing_that_trickles_keeps_a_finished_stream_open() {
    let fake = Fake::start().await.unwrap();
    let empty = serde_json::json!({"choices": [{"index": 0, "delta": {"content": ""}}]});
    let none = serde_json::json!({"choices": []});
    let start = || Script::new().text("안녕").finish("stop");
    // Each trickles for ten minutes.
    fake.script("pings", start().repeat(6000, |s| s.wait_ms(100).comment("ping")));
    fake.script("empty", start().repeat(6000, |s| s.wait_ms(100).sse(empty)));
    fake.script("none", start().repeat(6000, |s| s.wait_ms(100).sse(none)));
    let llm = client(&fake);
    let began = Instant::now();
    let streams = ["pings", "empty", "none"].map(|model| {
        let llm = llm.clone();
        async move {
            let mut stream = llm.chat_stream(ChatRequest::new(model)).await.unwrap();
            (read(&mut stream).await, stream)
        }
    });
    for (read, stream) in futures::future::join_all(streams).await {
        assert!(read.error.is_none(), "{:?}", read.error);
        assert_eq!(stream.into_reply().unwrap().text(), "안녕");
    }
    let took = began.elapsed();
    assert!((Duration::from_secs(4)..LONG).contains(&took), "{took:?}");
}

#[tokio::test]
async fn headers_that_trickle_meet_the_headers_limit() {
    let fake = Fake::start().await.unwrap();
    let head = Script::new().framing(Framing::Raw).send("HTTP/1.1 200 OK\r\nx: ");
    fake.script("m", head.drip("a".repeat(100_000), 1, 10));
    let limit = Duration::from_millis(300);
    let llm = client(&fake).with(CallOptions::new().headers_timeout(limit).total_timeout(None));
    let began = Instant::now();
    assert_eq!(llm.chat_stream(ask()).await.unwrap_err().code(), "headers_timeout");
    assert!(began.elapsed() < LONG);
}

#[tokio::test]
async fn limits_without_end_are_no_limits() {
    let fake = Fake::start().await.unwrap();
    let for_ever = Duration::MAX;
    let none = turnwire::config::Timeouts::of_silence(for_ever);
    let llm = super::settings(&fake).timeouts(none).build().unwrap();
    let options = CallOptions::new()
        .headers_timeout(for_ever)
        .idle_timeout(for_ever)
        .content_timeout(for_ever)
        .total_timeout(for_ever)
        .timeout(for_ever);
    for llm in [llm.clone(), llm.with(options), llm.with(CallOptions::new().timeout(None))] {
        assert!(!llm.chat(ask()).await.unwrap().text().is_empty());
        let stream = llm.chat_stream(ask()).await.unwrap();
        assert!(!stream.finish().await.unwrap().text().is_empty());
    }
}

#[tokio::test]
async fn an_error_s_body_that_trickles_costs_five_seconds_at_most() {
    let fake = Fake::start().await.unwrap();
    let trickle = Script::new()
        .status(400)
        .send("{\"error\": \"no")
        .repeat(6000, |s| s.wait_ms(100).send("."));
    fake.script("m", trickle);
    let llm = client(&fake).with(CallOptions::new().total_timeout(None));
    let began = Instant::now();
    let error = llm.chat(ask()).await.unwrap_err();
    assert_eq!(error.code(), "bad_request");
    assert!(error.body().unwrap().contains("no..."), "what there is of it is kept");
    assert!(began.elapsed() < LONG, "{:?}", began.elapsed());
}
