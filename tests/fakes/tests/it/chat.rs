//! The fake chat service: its calls, dialects and records.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use turnwire_fakes::speech::mp3;
use turnwire_fakes::{Dialect, FakeChat, LineEnd, Script, Taken};

use crate::raw::{Client, Reply};

const TOKENS: &str = "Authorization: Bearer a1\r\nRefreshToken: Bearer r1\r\n";

fn call(chat: &FakeChat, headers: &str, method: &str, path: &str, body: &Value) -> Reply {
    let mut client = Client::connect(chat.fake().address());
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let length = body.len();
    let head = format!("{method} {path} HTTP/1.1\r\n{headers}Content-Length: {length}");
    client.write(format!("{head}\r\n\r\n{body}").as_bytes());
    client.read_reply()
}

fn post(chat: &FakeChat, path: &str, body: Value) -> Reply {
    call(chat, TOKENS, "POST", path, &body)
}

fn chat() -> FakeChat {
    let chat = FakeChat::spawn_thread().unwrap();
    chat.add_workspace("w");
    chat
}

#[test]
fn a_stream_is_the_contracts_own() {
    let chat = chat();
    let reply =
        post(&chat, "/chat/stream", json!({"message": "안녕\"😀", "createWorkspace": true}));
    assert_eq!(reply.head.status, 200);
    assert_eq!(reply.head.header("content-type"), Some("text/event-stream; charset=utf-8"));
    assert_eq!(reply.head.header("cache-control"), Some("no-cache, no-transform"));
    assert_eq!(reply.head.header("x-accel-buffering"), Some("no"));
    let expected = concat!(
        "data: {\"type\": \"workspace\", \"workspaceId\": \"workspace-1\"}\n\n",
        "data: {\"type\": \"content\", \"content\": \"안녕\"}\n\n",
        "data: {\"type\": \"content\", \"content\": \"\\\"😀\"}\n\n",
        "data: {\"type\": \"done\"}\n\n",
    );
    assert_eq!(reply.text(), expected);
    let turns = serde_json::to_value(chat.turns()).unwrap();
    let taken = json!([{"message": "안녕\"😀", "workspaceId": "workspace-1", "call": "stream"}]);
    assert_eq!(turns, taken);
}

#[test]
fn a_stop_needs_the_id_of_a_turn() {
    let chat = chat();
    assert_eq!(post(&chat, "/chat/stop", json!({"turnId": "t"})).head.status, 204);
    assert_eq!(post(&chat, "/stop", json!({"turnId": " "})).head.status, 400);
    chat.fake().script("t", Script::error(404, "another user's"));
    assert_eq!(post(&chat, "/chat/stop", json!({"turnId": "t"})).head.status, 404);
}

#[test]
fn it_speaks_the_dialect_that_it_is_told() {
    let chat = chat();
    let ask = || post(&chat, "/chat-stream", json!({"message": "안", "workspaceId": "w"})).text();
    let mut terse = Dialect::default();
    (terse.spaces, terse.escapes, terse.line_end) = (false, true, LineEnd::CrLf);
    chat.speak(terse);
    let stream = ask();
    assert!(
        stream.contains("data:{\"type\":\"content\",\"content\":\"\\uc548\"}\r\n\r\n"),
        "{stream}"
    );
    chat.speak(Dialect::bare());
    assert_eq!(ask(), "안");
}

#[test]
fn a_whole_reply_and_speech_are_json() {
    let chat = chat();
    let body = json!({"message": "안녕", "workspaceId": "w", "includeTts": true});
    let audio = BASE64.encode(mp3("안녕"));
    let reply = post(&chat, "/chat", body).json();
    assert_eq!(reply, json!({"reply": "안녕", "workspaceId": "w", "audioBase64": audio}));
    let reply = post(&chat, "/tts", json!({"text": "안녕"})).json();
    assert_eq!(reply, json!({"audioBase64": audio}));
}

#[test]
fn what_it_does_not_take_is_refused_in_its_own_words() {
    let chat = chat();
    let refused = |path: &str, body: Value| {
        let reply = post(&chat, path, body);
        (reply.head.status, reply.json())
    };
    let no_message = (400, json!({"error": "message is required"}));
    assert_eq!(refused("/chat", json!({"message": " "})), no_message);
    assert_eq!(refused("/chat/stream", json!("text")), no_message);
    assert_eq!(refused("/chat/tts", json!({})).0, 400);
    let no_workspace = (404, json!({"error": "There is no such workspace"}));
    assert_eq!(refused("/chat", json!({"message": "a", "workspaceId": "x"})), no_workspace);
    assert_eq!(refused("/other", json!({})).0, 404);
    assert_eq!(call(&chat, TOKENS, "GET", "/chat", &Value::Null).head.status, 405);
    let reply = call(&chat, "", "POST", "/chat", &json!({"message": "a"}));
    assert_eq!(
        (reply.head.status, reply.json()),
        (401, json!({"message": "The tokens are missing"}))
    );
    chat.refuse("a1");
    assert_eq!(refused("/chat", json!({"message": "a", "workspaceId": "w"})).0, 401);
    assert_eq!(chat.turns(), Vec::<Taken>::new());
}

#[test]
fn pages_of_its_one_origin_may_call_it() {
    let chat = FakeChat::builder().origin("http://app.example").spawn_thread().unwrap();
    let ask = |origin: &str, method: &str| {
        let headers = format!("{TOKENS}Origin: {origin}\r\n");
        let body = json!({"message": "a", "createWorkspace": true});
        call(&chat, &headers, method, "/chat/stream", &body).head
    };
    let preflight = ask("http://app.example", "OPTIONS");
    assert_eq!(preflight.status, 204);
    for head in [preflight, ask("http://app.example", "POST")] {
        assert_eq!(head.header("access-control-allow-origin"), Some("http://app.example"));
        assert_eq!(head.header("access-control-allow-credentials"), Some("true"));
    }
    assert_eq!(ask("http://evil.example", "POST").header("access-control-allow-origin"), None);
}

#[test]
fn a_script_is_found_by_the_message_and_then_by_the_call() {
    let chat = chat();
    chat.fake().script("stream", FakeChat::refusal(503, "no streams"));
    chat.fake().script("안녕", Script::new().send("data: by the message\n\n"));
    let ask = |message: &str| {
        post(&chat, "/chat/stream", json!({"message": message, "workspaceId": "w"})).text()
    };
    assert_eq!(ask("안녕"), "data: by the message\n\n");
    assert_eq!(ask("다른"), r#"{"error":"no streams"}"#);
}
