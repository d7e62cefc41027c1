//! Chat over the bridge: whole replies and chunks, their bounds and ends.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use turnwire::bridge::{Answer, Batch, Body, Chunks, Client, Taken, Waiting, keep_logs, take_logs};
use turnwire::config::CallOptions;
use turnwire::{ChatRequest, Error, OpenAi};
use turnwire_fakes::{Fake, Outcome, Script};
use turnwire_suite::rounds::in_a_blocking_round;

use super::{TICK, answer};

fn client(fake: &Fake) -> Client {
    Client::new(OpenAi::builder().base_url(fake.base_url()).no_proxy()).unwrap()
}

fn open(client: &Client, model: &str) -> Result<Chunks, Error> {
    let call = client.chat_stream(ChatRequest::new(model).user("hi"), CallOptions::new(), None)?;
    let Body::Chunks(stream) = answer(&call)?.body else {
        panic!("a stream is answered by chunks")
    };
    stream.chunks()
}

fn text_of(mut items: Batch) -> String {
    let mut text = String::new();
    for left in (0..items.len()).rev() {
        text.push_str(items.take_first().unwrap().into_chunk().text());
        assert_eq!(items.len(), left);
    }
    assert!(items.take_first().is_none());
    text
}

/// Reads a stream to its end: its text, the sizes of its batches, and its error.
fn read(chunks: &Chunks) -> (String, Vec<usize>, Option<Error>) {
    let pull = chunks.pull();
    let (mut text, mut batches, mut failed) = (String::new(), Vec::new(), None);
    loop {
        match pull.take() {
            Taken::Items(items) => {
                batches.push(items.len());
                text.push_str(&text_of(items));
            }
            Taken::Failed(error) => failed = Some(error),
            Taken::End => {
                let whole = chunks.reply().map(|reply| reply.text());
                assert_eq!(whole, failed.is_none().then_some(text.as_str()));
                return (text, batches, failed);
            }
            Taken::Nothing => {
                pull.wait(TICK);
            }
        }
    }
}

#[test]
fn chunks_cross_as_they_came_whether_many_share_a_shape_or_none() {
    let fake = Fake::spawn_thread().unwrap();
    let chunk = |text: &str, more: &str| {
        format!(
            r#"{{"id":"c","choices":[{{"index":0,"delta":{{"content":"{text}"{more}}}}}],"obfuscation":"{}"}}"#,
            "x".repeat(text.len() % 3)
        )
    };
    let mut sent: Vec<String> = Vec::new();
    for round in 0..20 {
        sent.extend((0..round).map(|n| chunk(&format!("안녕 {n}"), "")));
        sent.push(chunk("a", r#","role":"assistant""#));
        sent.extend((0..round).map(|n| chunk(&format!("{n}"), r#","x":{"y":[1]}"#)));
        sent.push(chunk(r#"quoted \"b\""#, ""));
    }
    let body: String = sent.iter().map(|json| format!("data: {json}\n\n")).collect();
    fake.script("mixed", Script::new().send(body).finish("stop").done());
    let chunks = open(&client(&fake), "mixed").unwrap();
    let (mut raw, mut made) = (Vec::new(), Vec::new());
    loop {
        match chunks.pull().take() {
            Taken::Items(mut items) => {
                while let Some(piece) = items.take_first() {
                    raw.push(piece.json().into_owned());
                    made.push(piece.into_chunk());
                }
            }
            Taken::Nothing => {
                chunks.pull().wait(TICK);
            }
            Taken::End => break,
            Taken::Failed(error) => panic!("{error}"),
        }
    }
    assert_eq!(raw[..sent.len()], sent);
    assert!(made.iter().zip(&raw).all(|(chunk, raw)| chunk.raw() == raw));
    let text: String = made.iter().map(|chunk| chunk.text()).collect();
    assert_eq!(chunks.reply().unwrap().text(), text);
}

#[test]
fn whole_replies_and_streams_are_pulled() {
    let fake = Fake::spawn_thread().unwrap();
    fake.script("cut", Script::new().text("안녕"));
    let client = client(&fake);
    let call = client.chat(ChatRequest::new("any").user("hi"), CallOptions::new(), None).unwrap();
    let Answer { head, body } = answer(&call).unwrap();
    assert_eq!(head.unwrap().status, 200);
    assert!(matches!(body, Body::Json(json) if json.contains("hi")));
    let (text, _, failed) = read(&open(&client, "any").unwrap());
    assert!(text.contains("hi") && failed.is_none());
    let (text, _, failed) = read(&open(&client, "cut").unwrap());
    let failed = failed.unwrap();
    assert_eq!(
        (text.as_str(), failed.code(), failed.partial()),
        ("안녕", "truncated", Some("안녕"))
    );
    let models = answer(&client.models(CallOptions::new()).unwrap()).unwrap();
    assert!(matches!(models.body, Body::Json(json) if json.contains("data")));
}

#[test]
fn what_arrives_together_is_taken_together() {
    let fake = Fake::spawn_thread().unwrap();
    fake.script("m", Script::new().coalesce(65536).repeat(10_000, |s| s.text("a")).done());
    let (text, batches, failed) = read(&open(&client(&fake), "m").unwrap());
    assert_eq!((text.len(), failed.is_none()), (10_000, true));
    assert!(batches.len() < 5_000, "{} batches for 10,000 chunks", batches.len());
}

#[test]
fn a_reader_that_does_not_pull_stops_the_service() {
    let fake = Fake::builder().send_buffer(64 * 1024).spawn_thread().unwrap();
    fake.script("m", Script::new().coalesce(65536).repeat(1_000_000, |s| s.text("가나다")).done());
    let chunks = open(&client(&fake), "m").unwrap();
    let pull = chunks.pull();
    let log = fake.wait_for_blocking(|log| log.requests[0].write_blocked_since_ms.is_some());
    assert!(log.requests[0].bytes_written < 32 * 1024 * 1024);
    pull.wait(Duration::from_secs(60));
    // The queue is bounded, and reading continues once it is emptied.
    let Taken::Items(items) = pull.take() else { panic!("nothing waits") };
    assert!(items.len() < 2_000, "{} items wait", items.len());
    pull.wait(Duration::from_secs(60));
    assert!(matches!(pull.take(), Taken::Items(_)));
}

#[test]
fn dropping_and_cancelling_close_the_connection() {
    let fake = Fake::spawn_thread().unwrap();
    fake.script("m", Script::new().text("a").stall());
    let client = client(&fake);
    in_a_blocking_round(|| {
        let chunks = open(&client, "m").unwrap();
        chunks.pull().wait(Duration::from_secs(60));
        let dropped = Instant::now();
        drop(chunks);
        fake.wait_for_blocking(|log| {
            log.requests.iter().all(|request| request.outcome == Some(Outcome::ClientClosed))
        });
        assert!(dropped.elapsed() < Duration::from_millis(100));
    });

    let chunks = open(&client, "m").unwrap();
    let pull = chunks.pull();
    pull.wait(Duration::from_secs(60));
    pull.cancel();
    fake.wait_for_blocking(|log| {
        log.requests.iter().all(|request| request.outcome == Some(Outcome::ClientClosed))
    });
    assert!(matches!(pull.take(), Taken::Items(_)), "what was there can still be taken");
    assert!(matches!(pull.take(), Taken::End));
    assert!(matches!(pull.take(), Taken::End), "a stream stays ended");
}

#[test]
fn a_reader_is_woken_once_when_there_is_something() {
    let fake = Fake::spawn_thread().unwrap();
    fake.script(
        "m",
        Script::new().wait_ms(50).text("a").wait_ms(50).text("b").finish("stop").done(),
    );
    let chunks = open(&client(&fake), "m").unwrap();
    let pull = chunks.pull();
    let (woken, wakes) = mpsc::channel();
    let mut text = String::new();
    for _ in 0..100 {
        let woken = woken.clone();
        pull.wake(Box::new(move || woken.send(()).unwrap()));
        wakes.recv_timeout(Duration::from_secs(60)).unwrap();
        match pull.take() {
            Taken::Items(items) => text.push_str(&text_of(items)),
            Taken::End => break,
            other => panic!("woken for {other:?}"),
        }
    }
    assert_eq!(text, "ab");
    assert!(wakes.try_recv().is_err(), "woken more often than asked for");
}

#[test]
fn a_wait_ends_with_its_tick() {
    let fake = Fake::spawn_thread().unwrap();
    fake.script("m", Script::new().text("a").stall());
    let chunks = open(&client(&fake), "m").unwrap();
    let pull = chunks.pull();
    assert!(pull.wait(Duration::from_secs(60)));
    assert!(matches!(pull.take(), Taken::Items(_)));
    let began = Instant::now();
    assert!(!pull.wait(TICK));
    assert!(began.elapsed() >= TICK && began.elapsed() < Duration::from_secs(60));
}

#[test]
fn logs_are_kept_for_the_host_without_content() {
    assert!(keep_logs(tracing::Level::DEBUG));
    let fake = Fake::spawn_thread().unwrap();
    fake.script("logged", Script::error(503, "down").header("retry-after-ms", "1"));
    fake.script("logged", Script::chat(["비밀"]));
    read(&open(&client(&fake), "logged").unwrap());
    let logs = take_logs();
    let ours =
        logs.iter().filter(|r| r.message.contains("logged") || r.message.contains("tried again"));
    let messages: Vec<_> = ours.map(|record| record.message.as_str()).collect();
    assert!(
        messages.iter().any(|m| m.contains("chat.stream failed and is tried again")),
        "{messages:?}"
    );
    assert!(
        messages.iter().any(|m| m.contains("gen_ai.response.finish_reasons=[\"stop\"]")),
        "{messages:?}"
    );
    assert!(!messages.iter().any(|m| m.contains("비밀")), "{messages:?}");
}
