//! Answers to requests without a script.

use serde_json::json;
use turnwire_fakes::Fake;

use crate::raw::{Client, Reply};

fn call(method: &str, path: &str, body: &str) -> Reply {
    let fake = Fake::spawn_thread().unwrap();
    let mut client = Client::connect(fake.address());
    client.send(method, path, body);
    client.read_reply()
}

#[test]
fn a_stream_echoes_the_last_user_message() {
    let body = json!({
        "model": "gpt-4o-mini",
        "stream": true,
        "stream_options": {"include_usage": true},
        "messages": [
            {"role": "user", "content": "not this"},
            {"role": "user", "content": [{"type": "text", "text": "안녕하세요 여러분"}]},
            {"role": "assistant", "content": "nor this"},
        ],
    });
    let reply = call("POST", "/v1/chat/completions", &body.to_string());
    assert_eq!(reply.head.status, 200);
    assert_eq!(reply.head.header("content-type"), Some("text/event-stream; charset=utf-8"));
    assert_eq!(reply.head.header("x-request-id"), Some("req_1"));
    assert_eq!(reply.content(), "안녕하세요 여러분");

    let events = reply.events();
    let expected = json!({
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1_764_660_000,
        "model": "gpt-4o-mini",
        "system_fingerprint": "fp_fake",
        "choices": [{
            "index": 0,
            "delta": {"role": "assistant", "content": ""},
            "logprobs": null,
            "finish_reason": null,
        }],
        "usage": null,
    });
    assert_eq!(events[0], expected);
    let [.., finish, usage, done] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!(finish["choices"][0]["finish_reason"], "stop");
    assert_eq!(finish["choices"][0]["delta"], json!({}));
    assert_eq!(usage["choices"], json!([]));
    let tokens = json!({"prompt_tokens": 6, "completion_tokens": 2, "total_tokens": 8});
    assert_eq!(usage["usage"], tokens);
    assert_eq!(*done, "[DONE]");
    assert_eq!(reply.chunks.len(), events.len(), "each event is an HTTP chunk");
}

#[test]
fn usage_is_only_told_when_asked_for() {
    let body = r#"{"model": "m", "stream": true, "messages": [{"role": "user", "content": "a"}]}"#;
    let reply = call("POST", "/v1/chat/completions", body);
    assert!(!reply.text().contains("usage"), "{}", reply.text());
}

#[test]
fn without_stream_the_reply_comes_whole() {
    let body = r#"{"model": "m", "messages": [{"role": "user", "content": "one two"}]}"#;
    let reply = call("POST", "/v1/chat/completions", body);
    assert_eq!(reply.head.header("content-type"), Some("application/json"));
    assert!(reply.head.header("content-length").is_some());
    let json = reply.json();
    assert_eq!(json["choices"][0]["message"]["content"], "one two");
    assert_eq!(json["usage"]["total_tokens"], 4);
}

#[test]
fn bad_requests_get_error_objects() {
    for (body, message) in [
        ("{", "could not parse"),
        (r#"{"messages": []}"#, "model"),
        (r#"{"model": "m"}"#, "messages"),
    ] {
        let reply = call("POST", "/v1/chat/completions", body);
        assert_eq!(reply.head.status, 400, "{body}");
        let error = &reply.json()["error"];
        assert!(error["message"].as_str().unwrap().contains(message), "{error}");
        assert_eq!(error["type"], "invalid_request_error");
    }
    assert_eq!(call("GET", "/v1/chat/completions", "").head.status, 405);
    let reply = call("GET", "/v1/nothing?here=1", "");
    assert_eq!(reply.head.status, 404);
    assert_eq!(reply.json()["error"]["message"], "Invalid URL (GET /v1/nothing)");
}

#[test]
fn models_are_listed() {
    let reply = call("GET", "/v1/models", "");
    assert_eq!(reply.json()["data"][0]["id"], "gpt-4o-mini");
}

#[test]
fn chunked_request_bodies_are_read() {
    let fake = Fake::spawn_thread().unwrap();
    let mut client = Client::connect(fake.address());
    client.write(b"POST /v1/chat/completions HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n");
    let body = r#"{"model": "m", "messages": [{"role": "user", "content": "torn"}]}"#;
    for piece in body.as_bytes().chunks(7) {
        client.write(format!("{:x}\r\n", piece.len()).as_bytes());
        client.write(piece);
        client.write(b"\r\n");
    }
    client.write(b"0\r\n\r\n");
    assert_eq!(client.read_reply().json()["choices"][0]["message"]["content"], "torn");
    assert_eq!(fake.requests()[0].body, body);
}

#[test]
fn what_is_not_http_is_told_so() {
    let fake = Fake::spawn_thread().unwrap();
    let mut client = Client::connect(fake.address());
    client.write(b"\x16\x03\x01 TLS, perhaps\r\n\r\n");
    assert_eq!(client.read_reply().head.status, 400);
    assert_eq!(client.read_to_end().unwrap(), b"");
}
