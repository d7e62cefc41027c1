//! Time limits and cancellation, each on its own.

use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;
use turnwire::ErrorKind;
use turnwire::config::CallOptions;
use turnwire_fakes::{Fake, Outcome, Script};
use turnwire_suite::rounds::in_a_round;

use super::{ask, client, read, scripted, settings};

const LIMIT: Duration = Duration::from_millis(150);

#[tokio::test]
async fn a_stream_that_stalls_ends_at_the_idle_limit() {
    in_a_round(|| async {
        let (fake, llm) = scripted(Script::new().text("안녕").stall()).await;
        let llm = llm.with(CallOptions::new().idle_timeout(LIMIT));
        let began = Instant::now();
        let mut stream = llm.chat_stream(ask()).await.unwrap();
        let error = read(&mut stream).await.error.unwrap();
        assert_eq!((error.code(), error.partial()), ("idle_timeout", Some("안녕")));
        assert!(error.is_timeout() && error.is_retryable());
        assert!(began.elapsed() >= LIMIT);
        // The connection is closed although the stream still exists.
        fake.wait_for(|log| log.requests[0].outcome == Some(Outcome::ClientClosed)).await;
        assert_eq!(fake.requests().len(), 1, "never tried again");
    })
    .await;
}

#[tokio::test]
async fn keep_alives_hold_the_idle_limit_off_but_not_the_content_limit() {
    in_a_round(|| async {
        let keeps_alive =
            Script::new().text("안녕").repeat(1000, |s| s.comment("ping").wait_ms(20));
        let (_fake, llm) = scripted(keeps_alive).await;
        let options = CallOptions::new().idle_timeout(LIMIT).content_timeout(3 * LIMIT);
        let began = Instant::now();
        let mut stream = llm.with(options).chat_stream(ask()).await.unwrap();
        let error = read(&mut stream).await.error.unwrap();
        assert_eq!((error.code(), error.partial()), ("content_timeout", Some("안녕")));
        assert!(began.elapsed() >= 3 * LIMIT);
    })
    .await;
}

#[tokio::test]
async fn empty_deltas_are_no_content() {
    let empty = serde_json::json!({"choices": [{"index": 0, "delta": {"content": ""}}]});
    let (_fake, llm) = scripted(Script::new().repeat(1000, |s| s.sse(empty).wait_ms(20))).await;
    let mut stream =
        llm.with(CallOptions::new().content_timeout(LIMIT)).chat_stream(ask()).await.unwrap();
    assert_eq!(read(&mut stream).await.error.unwrap().code(), "content_timeout");
}

#[tokio::test]
async fn a_slow_but_steady_stream_is_healthy() {
    in_a_round(|| async {
        let drip = Script::new().repeat(20, |s| s.text("a").wait_ms(20)).finish("stop").done();
        let (_fake, llm) = scripted(drip).await;
        let options = CallOptions::new().idle_timeout(2 * LIMIT).content_timeout(2 * LIMIT);
        let mut stream = llm.with(options).chat_stream(ask()).await.unwrap();
        assert!(read(&mut stream).await.error.is_none());
    })
    .await;
}

#[tokio::test]
async fn a_service_that_does_not_begin_meets_the_headers_limit() {
    let (fake, llm) = scripted(Script::chat(["a"]).wait_ms_before_headers(60_000)).await;
    let llm = llm.with(CallOptions::new().headers_timeout(LIMIT));
    let error = llm.chat_stream(ask()).await.unwrap_err();
    assert_eq!((error.code(), error.partial()), ("headers_timeout", None));
    fake.wait_for(|log| log.requests[0].outcome == Some(Outcome::ClientClosed)).await;
    assert_eq!(fake.requests().len(), 1, "the service may be at work on it");
}

#[tokio::test]
async fn a_total_limit_holds_over_retries_and_streams() {
    in_a_round(|| async {
        let (fake, llm) = scripted(Script::error(503, "down").wait_ms_before_headers(60)).await;
        let llm = llm.with(CallOptions::new().total_timeout(LIMIT).max_retries(100));
        let began = Instant::now();
        let error = llm.chat(ask()).await.unwrap_err();
        // Either the last answer, when no further wait fits, or the limit during an attempt.
        assert!(matches!(error.kind(), ErrorKind::Server | ErrorKind::TotalTimeout), "{error}");
        assert!(began.elapsed() < 10 * LIMIT && fake.requests().len() < 5);

        let endless = Script::new().repeat(10_000, |s| s.text("a").wait_ms(20));
        fake.script("endless", endless);
        let mut stream = llm.chat_stream(turnwire::ChatRequest::new("endless")).await.unwrap();
        assert_eq!(read(&mut stream).await.error.unwrap().code(), "total_timeout");
    })
    .await;
}

#[tokio::test]
async fn a_total_limit_holds_for_a_stream_that_never_lets_its_reader_wait() {
    in_a_round(|| async {
        let (_fake, llm) =
            scripted(Script::new().coalesce(65536).repeat(200_000, |s| s.text("a"))).await;
        let llm = llm.with(CallOptions::new().total_timeout(LIMIT));
        let mut stream = llm.chat_stream(ask()).await.unwrap();
        let began = Instant::now();
        let mut chunks = 0;
        let error = loop {
            match futures::StreamExt::next(&mut stream).await.unwrap() {
                Ok(_) => chunks += 1,
                Err(error) => break error,
            }
            std::thread::sleep(Duration::from_millis(1)); // a reader with work of its own
        };
        assert_eq!(error.code(), "total_timeout");
        assert!(
            chunks > 0 && began.elapsed() < 20 * LIMIT,
            "{chunks} chunks, {:?}",
            began.elapsed()
        );
    })
    .await;
}

#[tokio::test]
async fn one_limit_on_silence_stands_for_several() {
    in_a_round(|| async {
        let fake = Fake::start().await.unwrap();
        fake.script("slow", Script::chat(["a"]).wait_ms_before_headers(60_000));
        fake.script("stalls", Script::new().text("a").stall());
        fake.script("steady", Script::new().repeat(20, |s| s.text("a").wait_ms(20)).finish("stop"));
        let of_client = settings(&fake)
            .timeouts(turnwire::config::Timeouts::of_silence(LIMIT))
            .build()
            .unwrap();
        let of_call = client(&fake).with(CallOptions::new().timeout(LIMIT));
        for llm in [of_client, of_call] {
            let ask = |model: &str| turnwire::ChatRequest::new(model);
            assert_eq!(llm.chat(ask("slow")).await.unwrap_err().code(), "total_timeout");
            assert_eq!(llm.chat_stream(ask("slow")).await.unwrap_err().code(), "headers_timeout");
            let stalled = llm.chat_stream(ask("stalls")).await.unwrap().finish().await;
            assert_eq!(stalled.unwrap_err().code(), "idle_timeout");
            let steady = llm.chat_stream(ask("steady")).await.unwrap().finish().await;
            assert_eq!(steady.unwrap().text().len(), 20, "a stream that goes on is not limited");
        }
    })
    .await;
}

#[tokio::test]
async fn a_limit_can_be_lifted_for_a_call() {
    let (_fake, llm) =
        scripted(Script::new().text("a").wait_ms(400).text("b").finish("stop").done()).await;
    let hasty = llm.with(CallOptions::new().idle_timeout(LIMIT));
    assert!(hasty.chat_stream(ask()).await.unwrap().finish().await.unwrap_err().is_timeout());
    let patient = hasty.with(CallOptions::new().idle_timeout(None));
    assert_eq!(patient.chat_stream(ask()).await.unwrap().finish().await.unwrap().text(), "ab");
}

#[tokio::test]
async fn nothing_more_comes_after_cancellation() {
    let (_fake, llm) =
        scripted(Script::new().coalesce(65536).repeat(1000, |s| s.text("a")).done()).await;
    let token = CancellationToken::new();
    let llm = llm.with(CallOptions::new().cancellation(token.clone()));
    let mut stream = llm.chat_stream(ask()).await.unwrap();
    futures::StreamExt::next(&mut stream).await.unwrap().unwrap();
    token.cancel();
    let next = futures::StreamExt::next(&mut stream).await.unwrap();
    assert_eq!(next.unwrap_err().code(), "cancelled");
}

#[tokio::test]
async fn a_connection_that_does_not_stand_meets_the_connect_limit() {
    // A listener with a full queue: the kernel leaves further connections waiting.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut queued = Vec::new();
    while let Ok(stream) =
        tokio::time::timeout(LIMIT, tokio::net::TcpStream::connect(address)).await
    {
        queued.push(stream.unwrap());
        assert!(queued.len() < 100, "the queue does not fill");
    }
    let timeouts = turnwire::config::Timeouts::new().connect(LIMIT);
    let llm = turnwire::OpenAi::builder()
        .base_url(format!("http://{address}/v1"))
        .no_proxy()
        .timeouts(timeouts);
    let llm = llm.build().unwrap().with(CallOptions::new().max_retries(0));
    let error = llm.chat(ask()).await.unwrap_err();
    assert_eq!(error.code(), "connect_timeout", "{error}");
    assert!(error.is_connect() && error.is_timeout());
}

#[tokio::test]
async fn a_reader_that_pauses_is_not_taken_for_a_service_that_stalls() {
    in_a_round(|| async {
        let (_fake, llm) =
            scripted(Script::new().text("a").wait_ms(20).text("b").finish("stop").done()).await;
        let mut stream =
            llm.with(CallOptions::new().idle_timeout(LIMIT)).chat_stream(ask()).await.unwrap();
        futures::StreamExt::next(&mut stream).await.unwrap().unwrap();
        std::thread::sleep(2 * LIMIT); // the reader is busy: this is the pause itself, not a wait for something
        assert!(read(&mut stream).await.error.is_none());
    })
    .await;
}

#[tokio::test]
async fn cancellation_ends_a_stream_at_once_and_keeps_the_text() {
    let (fake, llm) = scripted(Script::new().text("안녕").stall()).await;
    let token = CancellationToken::new();
    let mut stream =
        llm.with(CallOptions::new().cancellation(token.clone())).chat_stream(ask()).await.unwrap();
    let reading = tokio::spawn(async move { read(&mut stream).await });
    fake.wait_for(|log| log.requests[0].bytes_written > 200).await;
    token.cancel();
    let error = reading.await.unwrap().error.unwrap();
    assert_eq!(error.code(), "cancelled");
    assert!(error.is_cancelled() && !error.is_retryable());
    fake.wait_for(|log| log.requests[0].outcome == Some(Outcome::ClientClosed)).await;
}

#[tokio::test]
async fn cancellation_ends_every_wait_of_a_call() {
    for script in [
        Script::chat(["a"]).wait_ms_before_headers(60_000),
        Script::error(503, "down").header("retry-after", "60"),
    ] {
        let (fake, llm) = scripted(script).await;
        let token = CancellationToken::new();
        let llm = llm.with(CallOptions::new().cancellation(token.clone()));
        let call = tokio::spawn(async move { llm.chat(ask()).await });
        fake.wait_for(|log| !log.requests.is_empty()).await;
        token.cancel();
        assert_eq!(call.await.unwrap().unwrap_err().code(), "cancelled");
    }
    let fake = Fake::start().await.unwrap();
    let token = CancellationToken::new();
    token.cancel();
    let llm = client(&fake).with(CallOptions::new().cancellation(token));
    assert_eq!(llm.chat_stream(ask()).await.unwrap_err().code(), "cancelled");
    assert!(fake.requests().is_empty(), "cancelled before it was sent");
}

#[tokio::test]
async fn a_finished_reply_does_not_wait_for_a_service_that_hangs_behind_it() {
    in_a_round(|| async {
        let fake = Fake::start().await.unwrap();
        fake.script("m", Script::new().text("안녕").finish("stop").stall());
        let llm = settings(&fake).build().unwrap().with(CallOptions::new().idle_timeout(LIMIT));
        let reply = llm.chat_stream(ask()).await.unwrap().finish().await.unwrap();
        assert_eq!(reply.text(), "안녕");
    })
    .await;
}
