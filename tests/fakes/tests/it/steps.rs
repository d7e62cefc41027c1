//! Each step, byte for byte.

use std::time::{Duration, Instant};

use serde_json::json;
use turnwire_fakes::{Fake, Framing, Script};

use crate::raw::{Client, reply_to};

#[test]
fn bare_steps_send_what_they_say() {
    let reply = reply_to(
        Script::new()
            .send_bytes([0xef, 0xbb, 0xbf])
            .send("event: x\r\n")
            .sse(json!({"type": "content", "content": "안"}))
            .comment("ping")
            .json(json!([1]))
            .done(),
    );
    let chunks: Vec<_> = reply.chunks.iter().map(|chunk| str::from_utf8(chunk).unwrap()).collect();
    assert_eq!(
        chunks,
        [
            "\u{feff}",
            "event: x\r\n",
            "data: {\"type\":\"content\",\"content\":\"안\"}\n\n",
            ": ping\n\n",
            "[1]",
            "data: [DONE]\n\n",
        ]
    );
}

#[test]
fn chat_steps_are_chunks_of_the_service() {
    let reply = reply_to(Script::new().role("assistant").text("안").finish("length").usage(3, 4));
    let text = reply.text();
    let start = r#"{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1764660000,"model":"m","system_fingerprint":"fp_fake","choices":["#;
    let choice = |delta: &str, finish: &str| {
        format!(
            r#"data: {start}{{"index":0,"delta":{delta},"logprobs":null,"finish_reason":{finish}}}]}}"#
        )
    };
    let expected = [
        choice(r#"{"role":"assistant","content":""}"#, "null"),
        choice(r#"{"content":"안"}"#, "null"),
        choice("{}", r#""length""#),
        format!(
            r#"data: {start}],"usage":{{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}}}}"#
        ),
        String::new(),
    ];
    assert_eq!(text, expected.join("\n\n"));
}

#[test]
fn the_scripts_headers_win() {
    let reply = reply_to(
        Script::new()
            .status(429)
            .header("Content-Type", "text/html")
            .header("set-cookie", "a=1")
            .header("set-cookie", "b=2")
            .send("<p>busy"),
    );
    assert_eq!(reply.head.status, 429);
    let of = |wanted: &str| -> Vec<&str> {
        let headers = reply.head.headers.iter().filter(|(name, _)| name == wanted);
        headers.map(|(_, value)| value.as_str()).collect()
    };
    assert_eq!(of("content-type"), ["text/html"]);
    assert_eq!(of("set-cookie"), ["a=1", "b=2"]);
    assert_eq!(of("x-request-id"), ["req_1"]);
}

#[test]
fn json_and_errors_are_labelled_as_json() {
    let kind = |script| reply_to(script).head.header("content-type").map(str::to_owned);
    assert_eq!(kind(Script::new().json(json!({}))).as_deref(), Some("application/json"));
    assert_eq!(kind(Script::new().status(500)).as_deref(), Some("application/json"));
    assert_eq!(reply_to(Script::error(503, "down")).json()["error"]["type"], "server_error");
}

#[test]
fn framings() {
    let script = Script::new().send("ab").repeat(2, |body| body.send("c"));
    let length = reply_to(script.clone().framing(Framing::Length));
    assert_eq!(length.head.header("content-length"), Some("4"));
    assert_eq!(length.text(), "abcc");

    let close = reply_to(script.framing(Framing::Close));
    assert_eq!(close.head.header("connection"), Some("close"));
    assert_eq!(close.text(), "abcc");

    let fake = Fake::spawn_thread().unwrap();
    fake.script("m", Script::new().framing(Framing::Raw).send("HTTP/1.1 200 OK\r\nbroken"));
    let mut client = Client::connect(fake.address());
    client.ask("m");
    assert_eq!(client.read_to_end().unwrap(), b"HTTP/1.1 200 OK\r\nbroken");
}

#[test]
fn no_content_is_no_content() {
    let fake = Fake::spawn_thread().unwrap();
    fake.script("m", Script::new().status(204));
    let mut client = Client::connect(fake.address());
    client.ask("m");
    let head = client.read_head();
    assert_eq!((head.status, head.header("transfer-encoding")), (204, None));
    client.send("HEAD", "/v1/models", "");
    let head = client.read_head();
    assert_ne!(head.header("content-length"), Some("0"));
    client.ask("m");
    assert_eq!(client.read_head().status, 204, "the HEAD reply had no body");
}

#[test]
fn a_hold_keeps_a_reply_until_its_release() {
    let fake = Fake::spawn_thread().unwrap();
    fake.script("m", Script::new().coalesce(100).send("a").hold("the middle").send("b"));
    let mut client = Client::connect(fake.address());
    client.ask("m");
    client.read_head();
    assert_eq!(client.read_chunk().unwrap().unwrap(), b"a", "it is sent before the hold");
    fake.release("another");
    client.stream.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    assert!(client.read_chunk().is_err(), "silence");
    client.stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    fake.control("POST", "release/the%20middle", "").unwrap();
    assert_eq!(client.read_chunk().unwrap().unwrap(), b"b");
    assert_eq!(client.read_chunk().unwrap(), None);
    // Released once and for all, until a reset.
    client.ask("m");
    assert_eq!(client.read_reply().text(), "ab");
    fake.reset();
    fake.script("m", Script::new().send("a").hold("the middle"));
    client.ask("m");
    client.read_head();
    client.read_chunk().unwrap();
    client.stream.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    assert!(client.read_chunk().is_err(), "silence");
}

#[test]
fn split_tears_characters() {
    let reply = reply_to(Script::new().split(2).send("안").send("abc"));
    assert_eq!(reply.chunks, [&[0xec, 0x95][..], &[0x88], b"ab", b"c"]);
}

#[test]
fn coalesced_pieces_stay_chunks() {
    let reply = reply_to(
        Script::new().coalesce(1000).send("a").wait_ms(1).repeat(5000, |body| body.send("bc")),
    );
    assert_eq!(reply.chunks.len(), 5001);
    assert!(reply.chunks[1..].iter().all(|chunk| chunk == b"bc"));
}

#[test]
fn repeats_nest() {
    let reply = reply_to(Script::new().repeat(2, |outer| {
        outer
            .send("(")
            .repeat(3, |inner| inner.send("x"))
            .repeat(0, |never| never.stall())
            .send(")")
    }));
    assert_eq!(reply.text(), "(xxx)(xxx)");
}

#[test]
fn waits_take_their_time() {
    let start = Instant::now();
    let fake = Fake::spawn_thread().unwrap();
    fake.script(
        "m",
        Script::new().wait_ms_before_headers(30).send("a").wait_ms(30).drip("bcd", 2, 30),
    );
    let mut client = Client::connect(fake.address());
    client.ask("m");
    client.read_head();
    assert!(start.elapsed() >= Duration::from_millis(30));
    assert_eq!(client.read_chunk().unwrap().unwrap(), b"a");
    assert_eq!(client.read_chunk().unwrap().unwrap(), b"bc");
    assert!(start.elapsed() >= Duration::from_millis(60));
    assert_eq!(client.read_chunk().unwrap().unwrap(), b"d");
    assert!(start.elapsed() >= Duration::from_millis(90));
    assert!(client.read_chunk().unwrap().is_none());
}

#[test]
fn what_was_held_back_goes_out_before_a_wait() {
    let fake = Fake::spawn_thread().unwrap();
    fake.script("m", Script::new().coalesce(1 << 20).send("early").stall());
    let mut client = Client::connect(fake.address());
    client.ask("m");
    client.read_head();
    assert_eq!(client.read_chunk().unwrap().unwrap(), b"early");
}

#[test]
fn a_stream_may_trickle_on_after_done() {
    let script = Script::new().done().repeat(3, |body| body.wait_ms(2).comment("still here"));
    let reply = reply_to(script);
    assert_eq!(reply.chunks.len(), 4);
    assert_eq!(reply.chunks[0], b"data: [DONE]\n\n");
}
