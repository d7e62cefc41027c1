//! Records of requests, replies, and clients that go away.

use std::io::Read;
use std::time::{Duration, Instant};

use tokio::io::AsyncWriteExt;
use turnwire_fakes::{Fake, FakeBuilder, Log, Outcome, Script};

use crate::raw::Client;

fn closed(log: &Log) -> bool {
    log.requests.first().is_some_and(|record| record.client_closed_at_ms.is_some())
}

/// A pause of the machine delays single looks.
const ROUNDS: usize = 5;

/// Starts fakes with this script whose client leaves once it is `ready`, until one has detected that within 100 ms. Returns the
/// last one.
fn noticed_soon(
    builder: fn() -> FakeBuilder,
    script: &Script,
    ready: fn(&Fake, &mut Client),
) -> Fake {
    let mut waits = Vec::new();
    for _ in 0..ROUNDS {
        let fake = builder().spawn_thread().unwrap();
        fake.script("m", script.clone());
        let mut client = Client::connect(fake.address());
        client.ask("m");
        ready(&fake, &mut client);
        let start = Instant::now();
        drop(client);
        let log = fake.wait_for_blocking(closed);
        let took = start.elapsed();
        waits.push(took);
        assert_eq!(log.requests[0].outcome, Some(Outcome::ClientClosed));
        assert_eq!(log.requests[0].finished_at_ms, None);
        fake.wait_for_blocking(|log| log.open_connections == 0);
        if took < Duration::from_millis(100) {
            return fake;
        }
    }
    panic!("{script:?}: {waits:?}");
}

#[test]
fn a_request_is_recorded_as_it_was_sent() {
    let fake = Fake::spawn_thread().unwrap();
    let mut client = Client::connect(fake.address());
    let body = r#"{"model": "m", "messages": []}"#;
    let length = body.len();
    client.write(
        format!(
            "POST /v1/chat/completions?a=1 HTTP/1.1\r\nX-One: 1\r\nx-one: 2\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        )
        .as_bytes(),
    );
    client.read_reply();
    let log = fake.wait_for_blocking(|log| log.requests[0].outcome.is_some());
    let record = &log.requests[0];
    assert_eq!(
        (record.seq, record.connection, record.method.as_str(), record.path.as_str()),
        (1, 1, "POST", "/v1/chat/completions")
    );
    assert_eq!(record.query.as_deref(), Some("a=1"));
    assert_eq!(record.headers[0..2], [("x-one".into(), "1".into()), ("x-one".into(), "2".into())]);
    assert_eq!(record.header("content-length"), Some(length.to_string().as_str()));
    assert_eq!(record.body, body);
    assert_eq!(record.json().unwrap()["model"], "m");
    assert_eq!(fake.requests_for("m"), log.requests);
    assert_eq!(fake.requests_for("other"), []);

    assert_eq!(record.outcome, Some(Outcome::Complete));
    let (sent, finished) = (record.headers_sent_at_ms.unwrap(), record.finished_at_ms.unwrap());
    assert!(record.at_ms <= sent && sent <= finished);
    assert_eq!(record.client_closed_at_ms, None);

    drop(client);
    let log = fake.wait_for_blocking(closed);
    assert!(log.requests[0].client_closed_at_ms.unwrap() >= finished);
    assert_eq!(log.requests[0].outcome, Some(Outcome::Complete), "the reply was complete");
}

#[test]
fn a_client_that_leaves_on_the_last_byte_has_had_a_complete_reply() {
    let fake = Fake::spawn_thread().unwrap();
    fake.script("m", Script::chat(["a", "b"]));
    for _ in 0..200 {
        let mut client = Client::connect(fake.address());
        client.ask("m");
        client.read_reply();
    }
    let log = fake.wait_for_blocking(|log| log.requests.iter().all(|r| r.outcome.is_some()));
    assert!(log.requests.iter().all(|record| record.outcome == Some(Outcome::Complete)));
}

#[test]
fn bytes_written_are_the_bytes_on_the_wire() {
    let fake = Fake::spawn_thread().unwrap();
    fake.script("m", Script::chat(["a", "b"]).keep_alive(false));
    let mut client = Client::connect(fake.address());
    client.ask("m");
    let received = client.read_to_end().unwrap().len() as u64;
    let log = fake.wait_for_blocking(|log| log.requests[0].outcome.is_some());
    assert_eq!(log.requests[0].bytes_written, received);
}

#[test]
fn a_client_that_leaves_is_noticed_whatever_the_reply_is_doing() {
    let sending = || Script::new().repeat(u64::MAX, |body| body.text("a"));
    for script in [
        Script::new().text("a").stall(),
        Script::new().text("a").wait_ms(60_000),
        Script::new().text("a").drip("x".repeat(1000), 1, 100),
        sending(),
        sending().coalesce(4096),
    ] {
        noticed_soon(Fake::builder, &script, |_, client| {
            client.read_head();
            client.read_chunk().unwrap();
        });
    }
}

#[test]
fn a_client_that_leaves_before_the_head_is_noticed() {
    let script = Script::new().wait_ms_before_headers(60_000);
    let fake = noticed_soon(Fake::builder, &script, |fake, _| {
        fake.wait_for_blocking(|log| log.requests.len() == 1);
    });
    assert_eq!(fake.requests()[0].headers_sent_at_ms, None);
}

#[test]
fn a_client_that_leaves_a_blocked_write_is_noticed() {
    let script = Script::new().repeat(u64::MAX, |body| body.text("a".repeat(1000)));
    let small = || Fake::builder().send_buffer(4096);
    let fake = noticed_soon(small, &script, |fake, _| {
        let log = fake.wait_for_blocking(|log| {
            log.requests.first().is_some_and(|record| record.write_blocked_since_ms.is_some())
        });
        assert!(log.requests[0].bytes_written > 0);
    });
    assert_eq!(fake.requests()[0].write_blocked_since_ms, None);
}

#[test]
fn a_blocked_write_goes_on_when_the_client_reads() {
    let fake = Fake::builder().send_buffer(4096).spawn_thread().unwrap();
    fake.script("m", Script::new().repeat(20_000, |body| body.text("a".repeat(1000))));
    let mut client = Client::connect(fake.address());
    client.ask("m");
    let log = fake.wait_for_blocking(|log| {
        log.requests.first().is_some_and(|record| record.write_blocked_since_ms.is_some())
    });
    let blocked_at = log.requests[0].bytes_written;
    assert!(blocked_at < 8 << 20, "{blocked_at}");
    client.stream.read_exact(&mut vec![0; usize::try_from(blocked_at).unwrap()]).unwrap();
    fake.wait_for_blocking(|log| log.requests[0].bytes_written > blocked_at);
}

#[test]
fn open_connections_are_counted_before_they_send_anything() {
    let fake = Fake::spawn_thread().unwrap();
    let first = Client::connect(fake.address());
    let _second = Client::connect(fake.address());
    fake.wait_for_blocking(|log| (log.connections, log.open_connections) == (2, 2));
    drop(first);
    fake.wait_for_blocking(|log| (log.connections, log.open_connections) == (2, 1));
}

#[tokio::test]
async fn waiting_works_on_the_fakes_own_runtime() {
    let fake = Fake::start().await.unwrap();
    fake.script("/x", Script::new().stall());
    let mut stream = tokio::net::TcpStream::connect(fake.address()).await.unwrap();
    stream.write_all(b"GET /x HTTP/1.1\r\n\r\n").await.unwrap();
    fake.wait_for(|log| log.requests.iter().any(|r| r.headers_sent_at_ms.is_some())).await;
    drop(stream);
    let log = fake.wait_for(closed).await;
    assert_eq!(log.requests[0].path, "/x");
}

#[tokio::test(start_paused = true)]
async fn a_stopped_clock_does_not_end_a_wait() {
    let fake = Fake::spawn_thread().unwrap();
    fake.script("/x", Script::new().wait_ms(50).send("late"));
    let mut stream = tokio::net::TcpStream::connect(fake.address()).await.unwrap();
    stream.write_all(b"GET /x HTTP/1.1\r\n\r\n").await.unwrap();
    let finished = |log: &Log| log.requests.first().is_some_and(|r| r.finished_at_ms.is_some());
    let log = fake.wait_for(finished).await;
    assert!(log.requests[0].finished_at_ms.unwrap() >= 50.0);
}
