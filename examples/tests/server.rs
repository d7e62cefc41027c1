//! The example `server` over HTTP.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

#[allow(dead_code, reason = "each test uses its part")]
mod running;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use turnwire_fakes::{Fake, FakeStore, Script};

const USER: &str = "0b1e55ed-0000-4000-8000-000000000001";

/// The example, with a model and a store of the test's.
struct Server {
    llm: Fake,
    store: FakeStore,
    child: Child,
    address: String,
}

impl Server {
    fn start(script: Script) -> Self {
        let (llm, store) = (Fake::spawn_thread().unwrap(), FakeStore::spawn_thread().unwrap());
        llm.script("m stream", script);
        let login = store.login(USER);
        let mut command = running::clean("server");
        command
            .args(["--model", "m", "--origin", "https://chat.example"])
            .env("OPENAI_BASE_URL", llm.base_url())
            .env("TURNWIRE_STORE_URL", store.url())
            .env("TURNWIRE_USER_ID", USER)
            .env("TURNWIRE_ACCESS_TOKEN", login.access)
            .env("TURNWIRE_REFRESH_TOKEN", login.refresh);
        Self::listening(command, llm, store)
    }

    /// Starts the example in this folder without settings: it asks neither the model nor the store.
    fn offline(folder: &Path) -> Self {
        let (llm, store) = (Fake::spawn_thread().unwrap(), FakeStore::spawn_thread().unwrap());
        let mut command = running::clean("server");
        command.current_dir(folder);
        Self::listening(command, llm, store)
    }

    fn listening(mut command: Command, llm: Fake, store: FakeStore) -> Self {
        let mut child = command
            .args(["--address", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on http://").unwrap().to_owned();
        Server { llm, store, child, address }
    }

    /// Sends a request; the caller reads the response.
    fn send(&self, path: &str, body: &Value) -> BufReader<TcpStream> {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let body = body.to_string();
        let head = format!(
            "POST {path} HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all((head + &body).as_bytes()).unwrap();
        BufReader::new(stream)
    }

    /// Sends a request and reads its response: head and body.
    fn ask(&self, path: &str, body: &Value) -> (String, String) {
        let mut answer = String::new();
        self.send(path, body).read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.to_lowercase(), body.to_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[test]
fn a_message_is_answered_with_the_event_stream_of_its_turn() {
    let server = Server::start(Script::chat(["안녕", "하세요"]));
    let ask = json!({"message": "오늘 기분이 어때요?", "createWorkspace": true});
    let (head, body) = server.ask("/chat/stream", &ask);
    assert!(head.starts_with("http/1.0 200"), "{head}");
    for header in ["content-type: text/event-stream", "x-accel-buffering: no", "no-transform"] {
        assert!(head.contains(header), "{header}: {head}");
    }
    assert!(body.starts_with("data: {\"type\": \"turn\", \"turnId\": "), "{body}");
    assert!(body.contains("\"content\": \"안녕\"") && body.contains("\"type\": \"workspace\""));
    let last = body.trim_end().rsplit_once("\n\n").unwrap().1;
    let done: Value = serde_json::from_str(last.strip_prefix("data: ").unwrap()).unwrap();
    assert_eq!(
        (&done["type"], &done["model"], &done["stopped"]),
        (&"done".into(), &"m".into(), &Value::Null)
    );
    server.store.fake().wait_for_blocking(|_| server.store.stored().messages.len() == 2);
}

#[test]
fn without_settings_it_answers_and_keeps_the_conversation() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = {
        let server = Server::offline(folder.path());
        let (head, body) =
            server.ask("/chat", &json!({"message": "안녕하세요", "createWorkspace": true}));
        assert!(head.starts_with("http/1.0 200"), "{head}");
        let answer: Value = serde_json::from_str(&body).unwrap();
        assert!(!answer["reply"].as_str().unwrap().is_empty(), "{answer}");
        answer["workspaceId"].clone()
    };
    // The next process goes on with it.
    let server = Server::offline(folder.path());
    for (id, status) in [(workspace, "200"), ("another".into(), "404")] {
        let (head, body) = server.ask("/chat", &json!({"message": "또 봐요", "workspaceId": id}));
        assert!(head.starts_with(&format!("http/1.0 {status}")), "{id}: {head}\n{body}");
    }
    assert!(server.llm.requests().is_empty() && server.store.fake().requests().is_empty());
}

#[test]
fn a_reply_comes_whole_as_well() {
    let server = Server::start(Script::chat(["안녕", "하세요"]));
    let (head, body) = server.ask("/chat", &json!({"message": "안녕", "createWorkspace": true}));
    assert!(head.starts_with("http/1.0 200"), "{head}");
    let answer: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(answer["reply"], "안녕하세요");
    assert!(answer["workspaceId"].as_str().is_some_and(|id| !id.is_empty()), "{body}");
}

#[test]
fn an_empty_message_is_a_400_before_any_stream() {
    let server = Server::start(Script::chat(["a"]));
    for path in ["/chat", "/chat/stream"] {
        let (head, body) = server.ask(path, &json!({"createWorkspace": true}));
        assert!(head.starts_with("http/1.0 400"), "{head}");
        assert_eq!(body, "{\"error\":\"`message` is missing or empty.\"}");
    }
    assert_eq!(server.llm.requests().len(), 0);
}

#[test]
fn a_turn_is_stopped_by_its_id() {
    let server = Server::start(Script::new().role("assistant").text("a").stall());
    let mut stream =
        server.send("/chat/stream", &json!({"message": "안녕", "createWorkspace": true}));
    let mut read_event = || {
        let mut line = String::new();
        while !line.starts_with("data: ") {
            line.clear();
            assert_ne!(stream.read_line(&mut line).unwrap(), 0, "the stream has ended");
        }
        serde_json::from_str::<Value>(line.strip_prefix("data: ").unwrap()).unwrap()
    };
    let turn = read_event();
    while read_event()["type"] != "content" {}
    let (head, _) = server.ask("/chat/stop", &json!({"turnId": turn["turnId"]}));
    assert!(head.starts_with("http/1.0 204"), "{head}");
    let mut last = read_event();
    while last["type"] == "workspace" {
        last = read_event();
    }
    assert_eq!((&last["type"], &last["stopped"]), (&"done".into(), &true.into()));
    assert_eq!(last["turnId"], turn["turnId"]);
    let (head, _) = server.ask("/chat/stop", &json!({"turnId": turn["turnId"]}));
    assert!(head.starts_with("http/1.0 204"), "a turn that is over is none to complain about");
}

#[test]
fn a_page_of_the_allowed_origin_may_read_the_reply() {
    let server = Server::start(Script::chat(["a"]));
    let mut stream = TcpStream::connect(&server.address).unwrap();
    let head = "OPTIONS /chat/stream HTTP/1.0\r\nOrigin: https://chat.example\r\n\
                Access-Control-Request-Method: POST\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let answer = answer.to_lowercase();
    assert!(answer.starts_with("http/1.0 204"), "{answer}");
    assert!(answer.contains("access-control-allow-origin: https://chat.example\r\n"), "{answer}");
    let (head, body) = server.ask("/chat/tts", &json!({"text": "a"}));
    assert!(head.starts_with("http/1.0 500"), "there is no speaker: {head}");
    assert!(!body.contains("speaker"), "{body}");
}
