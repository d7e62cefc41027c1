//! Ends of replies and connections, by script.

use std::io;

use turnwire_fakes::{Fake, Framing, Outcome, Script};

use crate::raw::Client;

#[test]
fn two_requests_share_a_connection() {
    let fake = Fake::spawn_thread().unwrap();
    let mut client = Client::connect(fake.address());
    for id in ["req_1", "req_2"] {
        client.ask("m");
        let reply = client.read_reply();
        assert_eq!(reply.head.header("x-request-id"), Some(id));
        assert_eq!(reply.content(), "hello");
    }
    assert_eq!(fake.connections(), 1);
    assert!(fake.requests().iter().all(|record| record.connection == 1));
}

#[test]
fn pipelined_requests_are_answered_in_turn() {
    let fake = Fake::spawn_thread().unwrap();
    fake.script("a", Script::new().send("1").wait_ms(5).send("2"));
    fake.script("b", Script::new().send("3"));
    let mut client = Client::connect(fake.address());
    client.ask("a");
    client.ask("b");
    assert_eq!(client.read_reply().text(), "12");
    assert_eq!(client.read_reply().text(), "3");
}

#[test]
fn a_connection_that_is_not_kept_alive_is_closed() {
    let fake = Fake::spawn_thread().unwrap();
    fake.script("m", Script::chat(["a"]).keep_alive(false));
    let mut client = Client::connect(fake.address());
    client.ask("m");
    assert_eq!(client.read_reply().head.header("connection"), Some("close"));
    assert_eq!(client.read_to_end().unwrap(), b"");

    let mut client = Client::connect(fake.address());
    client.write(b"GET /v1/models HTTP/1.1\r\nConnection: close\r\n\r\n");
    assert_eq!(client.read_reply().head.header("connection"), Some("close"));
    assert_eq!(client.read_to_end().unwrap(), b"");
    fake.wait_for_blocking(|log| log.open_connections == 0);
}

#[test]
fn a_reset_is_a_reset() {
    let fake = Fake::spawn_thread().unwrap();
    fake.script("m", Script::new().text("a").reset());
    let mut client = Client::connect(fake.address());
    client.ask("m");
    let error = client.read_to_end().unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    let log = fake.wait_for_blocking(|log| log.requests[0].outcome.is_some());
    assert_eq!(log.requests[0].outcome, Some(Outcome::Reset));
    assert_eq!(log.requests[0].finished_at_ms, None);
}

#[test]
fn a_reset_may_come_instead_of_a_head() {
    let fake = Fake::spawn_thread().unwrap();
    fake.script("m", Script::new().framing(Framing::Raw).reset());
    let mut client = Client::connect(fake.address());
    client.ask("m");
    assert_eq!(client.read_to_end().unwrap_err().kind(), io::ErrorKind::ConnectionReset);
}

#[test]
fn a_truncated_stream_ends_without_its_terminator() {
    let fake = Fake::spawn_thread().unwrap();
    fake.script("m", Script::new().send("abc").truncate().send("never"));
    let mut client = Client::connect(fake.address());
    client.ask("m");
    client.read_head();
    assert_eq!(client.read_to_end().unwrap(), b"3\r\nabc\r\n");
    fake.wait_for_blocking(|log| log.requests[0].outcome == Some(Outcome::Truncated));
}

#[test]
fn a_truncated_body_is_shorter_than_its_length() {
    let fake = Fake::spawn_thread().unwrap();
    let script = Script::new().framing(Framing::Length).send("abc").truncate().send("never");
    fake.script("m", script);
    let mut client = Client::connect(fake.address());
    client.ask("m");
    assert_eq!(client.read_head().header("content-length"), Some("8"));
    assert_eq!(client.read_to_end().unwrap(), b"abc");
}

#[test]
fn dropping_the_fake_closes_everything() {
    let fake = Fake::spawn_thread().unwrap();
    fake.script("m", Script::new().send("abc").stall());
    let address = fake.address();
    let mut client = Client::connect(address);
    client.ask("m");
    client.read_head();
    assert_eq!(client.read_chunk().unwrap().unwrap(), b"abc");
    drop(fake);
    assert_eq!(client.read_to_end().unwrap(), b"");
    let refused = std::net::TcpStream::connect(address).unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
}
