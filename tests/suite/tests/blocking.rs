//! The blocking client, outside and inside runtimes.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::thread;
use std::time::Duration;

use turnwire::blocking::{OpenAi, Turns};
use turnwire::config::CallOptions;
use turnwire::{ChatRequest, TurnEvent, TurnRequest};
use turnwire_fakes::{Fake, Outcome, Script};

fn client(fake: &Fake) -> OpenAi {
    OpenAi::builder().base_url(fake.base_url()).no_proxy().build_blocking().unwrap()
}

fn ask() -> ChatRequest {
    ChatRequest::new("m").user("안녕하세요")
}

/// Requests a whole reply, a streamed one, and one that is cut off.
fn use_all(fake: &Fake) {
    let llm = client(fake);
    assert!(llm.chat(ChatRequest::new("any").user("hi")).unwrap().text().contains("hi"));

    assert!(!llm.models().unwrap().data.is_empty());
    let mut stream = llm.chat_stream(ask()).unwrap();
    let texts: Vec<_> = stream.by_ref().map(|chunk| chunk.unwrap().text().to_owned()).collect();
    assert_eq!(texts.concat(), "안녕하세요");
    assert!(stream.next().is_none());
    assert!(stream.request_id().is_some() && stream.first_token().is_some());
    assert!(stream.status() == 200 && stream.url().unwrap().ends_with("/chat/completions"));
    assert_eq!(stream.into_reply().unwrap().text(), "안녕하세요");

    assert_eq!(llm.chat_stream(ask()).unwrap().finish().unwrap().text(), "안녕하세요");

    let options = CallOptions::new().idle_timeout(Duration::from_millis(100));
    let mut stalled = llm.with(options).chat_stream(ChatRequest::new("stalls")).unwrap();
    assert_eq!(stalled.next().unwrap().unwrap().text(), "a");
    let error = stalled.next().unwrap().unwrap_err();
    assert_eq!((error.code(), error.partial()), ("idle_timeout", Some("a")));
    assert!(stalled.next().is_none());
}

fn fake() -> Fake {
    let fake = Fake::spawn_thread().unwrap();
    fake.script("m", Script::chat(["안녕", "하세요"]));
    fake.script("stalls", Script::new().text("a").stall());
    fake
}

#[test]
fn it_works_without_a_runtime() {
    use_all(&fake());
}

#[test]
fn it_works_on_a_thread_of_a_current_thread_runtime() {
    let fake = fake();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { use_all(&fake) });
}

#[test]
fn it_works_on_the_threads_of_a_multi_thread_runtime() {
    let fake = std::sync::Arc::new(fake());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    runtime.block_on(async {
        let calls: Vec<_> = (0..4)
            .map(|_| {
                let fake = fake.clone();
                tokio::spawn(async move { use_all(&fake) })
            })
            .collect();
        for call in calls {
            call.await.unwrap();
        }
    });
}

#[test]
fn many_calls_in_one_task_do_not_use_up_its_budget() {
    let fake = fake();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let llm = client(&fake);
        for _ in 0..300 {
            llm.chat_stream(ask()).unwrap().finish().unwrap();
        }
    });
}

#[test]
fn one_client_serves_many_threads() {
    let fake = fake();
    let llm = client(&fake);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..5 {
                    assert_eq!(
                        llm.chat_stream(ask()).unwrap().finish().unwrap().text(),
                        "안녕하세요"
                    );
                }
            });
        }
    });
    // One per thread, and occasionally another when two threads call at the same moment.
    assert!(fake.connections() < 20, "{} connections for 40 requests", fake.connections());
}

#[test]
fn ten_sequential_streams_share_one_connection() {
    let fake = fake();
    let llm = client(&fake);
    for _ in 0..10 {
        let mut stream = llm.chat_stream(ask()).unwrap();
        assert!(stream.by_ref().all(|chunk| chunk.is_ok()));
    }
    assert_eq!(fake.connections(), 1);
}

#[test]
fn a_dropped_stream_closes_its_connection() {
    let fake = fake();
    let mut stream = client(&fake).chat_stream(ChatRequest::new("stalls")).unwrap();
    stream.next().unwrap().unwrap();
    drop(stream);
    fake.wait_for_blocking(|log| log.requests[0].outcome == Some(Outcome::ClientClosed));
}

#[test]
fn a_stream_may_be_read_on_another_thread_and_in_another_runtime() {
    let fake = fake();
    let mut stream = client(&fake).chat_stream(ask()).unwrap();
    stream.next().unwrap().unwrap();
    let text = thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async move { stream.finish().unwrap().text().to_owned() })
    });
    assert_eq!(text.join().unwrap(), "안녕하세요");
}

#[test]
fn a_turn_is_an_iterator_and_leaving_it_lets_the_model_go() {
    let fake = Fake::spawn_thread().unwrap();
    fake.script("m", Script::chat(["안녕", "하세요"]));
    fake.script("m", Script::new().role("assistant").text("a").stall());
    let llm = turnwire::OpenAi::builder().base_url(fake.base_url()).no_proxy().build().unwrap();
    let turns = Turns::builder(llm).model("m").build_blocking().unwrap();
    let mut turn = turns.start(TurnRequest::new("안녕"));
    let events: Vec<_> = turn.by_ref().map(Result::unwrap).collect();
    let content = |text: &str| TurnEvent::Content { content: text.into() };
    assert_eq!(events, [content("안녕"), content("하세요"), TurnEvent::done()]);
    assert!(turn.next().is_none() && turn.timeline().first_token.is_some());

    let mut turn = turns.start(TurnRequest::new("안녕"));
    assert_eq!(turn.next().unwrap().unwrap(), content("a"));
    drop(turn);
    let is_gone = || fake.requests().iter().any(|r| r.outcome == Some(Outcome::ClientClosed));
    while !is_gone() {
        thread::yield_now();
    }
    assert_eq!(turns.flush(Duration::from_secs(60)).pending, 0);
}

#[test]
fn a_turn_is_the_body_of_a_response_and_dropping_it_lets_the_model_go() {
    let fake = Fake::spawn_thread().unwrap();
    fake.script("m", Script::chat(["안녕", "하세요"]));
    fake.script("m", Script::new().role("assistant").text("a").stall());
    let llm = turnwire::OpenAi::builder().base_url(fake.base_url()).no_proxy().build().unwrap();
    let turns = turnwire::Turns::builder(llm).model("m").keep_alive(Duration::from_secs(60));
    let turns = Turns::new(turns.build().unwrap()).unwrap();
    let mut body = turns.try_start(TurnRequest::new("안녕")).unwrap().sse();
    let mut expected = Vec::new();
    for event in [TurnEvent::content("안녕"), TurnEvent::content("하세요"), TurnEvent::done()]
    {
        event.encode(&mut expected);
    }
    assert_eq!(body.by_ref().flat_map(Result::unwrap).collect::<Vec<u8>>(), expected);
    assert!(body.next().is_none() && body.timeline().total.is_some());

    let mut body = turns.start(TurnRequest::new("안녕")).sse();
    assert!(body.next().unwrap().unwrap().starts_with(b"data: "));
    drop(body);
    fake.wait_for_blocking(|log| log.requests[1].outcome == Some(Outcome::ClientClosed));
}
