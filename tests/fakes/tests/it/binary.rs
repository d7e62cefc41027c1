//! The fakes as processes, and their control calls.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::raw::{Client, Reply};

struct Process {
    child: Child,
    address: SocketAddr,
}

impl Process {
    fn start(args: &[&str]) -> Self {
        Self::start_program(env!("CARGO_BIN_EXE_fake-llm"), args)
    }

    fn start_program(program: &str, args: &[&str]) -> Self {
        let mut child = Command::new(program)
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap();
        let address = ready["url"].as_str().unwrap().strip_prefix("http://").unwrap();
        Self { child, address: address.parse().unwrap() }
    }

    fn call(&self, method: &str, path: &str, body: &str) -> Reply {
        let mut client = Client::connect(self.address);
        client.send(method, path, body);
        client.read_reply()
    }

    fn ask(&self, model: &str) -> Reply {
        let mut client = Client::connect(self.address);
        client.ask(model);
        client.read_reply()
    }

    fn exit(&mut self) -> ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(start.elapsed() < Duration::from_secs(60), "it does not end");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn scripts_and_records_travel_over_http() {
    let fake = Process::start(&["--until-stdin-closes"]);
    let one = json!({"steps": [{"text": "one"}]});
    let reply = fake.call("PUT", "/_fake/scripts/my%20key%2F1", &one.to_string());
    assert_eq!(reply.head.status, 200);
    assert_eq!(reply.json(), json!({"key": "my key/1", "scripts": 1}));
    assert_eq!(fake.ask("my key/1").content(), "one");

    let two = json!([{"steps": [{"text": "two"}]}, {"status": 500}]);
    fake.call("PUT", "/_fake/scripts/my%20key%2F1", &two.to_string());
    assert_eq!(fake.ask("my key/1").content(), "two");
    assert_eq!(fake.ask("my key/1").head.status, 500);
    assert_eq!(fake.ask("other").content(), "hello");

    let records = fake.call("GET", "/_fake/requests", "").json();
    assert_eq!(records.as_array().unwrap().len(), 4, "control calls are not among them");
    assert_eq!(records[3]["model"], "other");
    assert_eq!(records[3]["headers"][0], json!(["host", "fake"]));
    let records = fake.call("GET", "/_fake/requests?model=my+key%2F1", "").json();
    assert_eq!(records.as_array().unwrap().len(), 3);

    let mut open = Client::connect(fake.address);
    open.ask("other");
    open.read_reply();
    let start = Instant::now();
    let expected = json!({"connections": 5, "open_connections": 1});
    // A close is detected with a delay, and HTTP has no way to wait for it.
    while fake.call("GET", "/_fake/state", "").json() != expected {
        assert!(start.elapsed() < Duration::from_secs(60));
    }

    fake.call("POST", "/_fake/reset", "");
    assert_eq!(fake.call("GET", "/_fake/requests", "").json(), json!([]));
    assert_eq!(fake.ask("my key/1").content(), "hello");
}

#[test]
fn typos_in_control_calls_are_refused() {
    let fake = Process::start(&["--until-stdin-closes"]);
    let reply = fake.call("PUT", "/_fake/scripts/m", r#"{"stpes": []}"#);
    assert_eq!(reply.head.status, 400);
    assert!(reply.text().contains("stpes"), "{}", reply.text());
    assert_eq!(fake.call("GET", "/_fake/stat", "").head.status, 404);
}

#[test]
fn a_file_scripts_it_from_the_start() {
    let file = std::env::temp_dir().join(format!("fake-llm-{}.json", std::process::id()));
    std::fs::write(&file, r#"{"*": {"steps": [{"text": "from the file"}]}}"#).unwrap();
    let fake = Process::start(&["--until-stdin-closes", "--script", file.to_str().unwrap()]);
    std::fs::remove_file(&file).unwrap();
    assert_eq!(fake.ask("any").content(), "from the file");
}

#[test]
fn it_ends_with_its_standard_input() {
    let mut fake = Process::start(&["--until-stdin-closes"]);
    drop(fake.child.stdin.take());
    assert!(fake.exit().success());
}

#[cfg(unix)]
#[test]
fn it_ends_on_a_signal_and_not_with_stdin() {
    let mut fake = Process::start(&["--send-buffer", "4096"]);
    drop(fake.child.stdin.take());
    assert_eq!(fake.ask("m").content(), "hello");
    let pid = fake.child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    assert!(fake.exit().success());
}

#[test]
fn unknown_arguments_are_an_error() {
    let output = Command::new(env!("CARGO_BIN_EXE_fake-llm")).arg("--prot").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("--prot"));
}

#[test]
fn the_store_is_set_up_and_looked_into_over_http() {
    let store = env!("CARGO_BIN_EXE_fake-store");
    let fake = Process::start_program(store, &["--until-stdin-closes"]);
    let workspace = json!({"workspaceId": "w", "memUuid": "u"}).to_string();
    let reply = fake.call("POST", "/_fake/workspace", &workspace).json();
    assert_eq!(reply["workspaceStatus"], "ACTIVE");
    let login = fake.call("POST", "/_fake/login", r#"{"memUuid": "u", "accessMs": 0}"#).json();
    let mut client = Client::connect(fake.address);
    let tokens = ["access", "refresh"].map(|kind| login[kind].as_str().unwrap());
    let [access, refresh] = tokens;
    client.write(
        format!("GET /api/session/w HTTP/1.1\r\nAuthorization: Bearer {access}\r\n").as_bytes(),
    );
    client.write(format!("RefreshToken: Bearer {refresh}\r\n\r\n").as_bytes());
    assert_eq!(client.read_reply().head.header("token-expired"), Some("AccessToken"));

    let stored = fake.call("GET", "/_fake/stored", "").json();
    assert_eq!(stored["sessions"][0]["sessionStatus"], "ACTIVE");
    fake.call("POST", "/_fake/reset", "");
    let stored = fake.call("GET", "/_fake/stored", "").json();
    assert_eq!(stored, json!({"messages": [], "saves": [], "workspaces": [], "sessions": []}));
    assert_eq!(fake.call("POST", "/_fake/advance", "{}").head.status, 404, "it lacks its time");
}

#[test]
fn the_chat_service_is_set_up_and_looked_into_over_http() {
    let chat = env!("CARGO_BIN_EXE_fake-chat");
    let fake = Process::start_program(chat, &["--until-stdin-closes", "--origin", "http://a"]);
    fake.call("POST", "/_fake/workspace", r#"{"workspaceId": "w"}"#);
    fake.call("PUT", "/_fake/dialect", r#"{"bare": true}"#);
    assert_eq!(fake.call("PUT", "/_fake/dialect", r#"{"bear": true}"#).head.status, 400);
    let ask = || {
        let mut client = Client::connect(fake.address);
        let body = r#"{"message": "안녕", "workspaceId": "w"}"#;
        let tokens = "Authorization: Bearer a1\r\nRefreshToken: Bearer r1";
        let head =
            format!("POST /chat/stream HTTP/1.1\r\n{tokens}\r\nContent-Length: {}", body.len());
        client.write(format!("{head}\r\n\r\n{body}").as_bytes());
        client.read_reply().text()
    };
    assert_eq!(ask(), "안녕");
    assert_eq!(fake.call("GET", "/_fake/turns", "").json()[0]["workspaceId"], "w");
    fake.call("POST", "/_fake/refuse", r#"{"access": "a1"}"#);
    assert_eq!(ask(), r#"{"message":"The token has expired"}"#);
}

#[test]
fn an_option_of_one_fake_is_none_of_another() {
    let of = |program| Command::new(program).args(["--older", "--prot"]).output().unwrap();
    let [llm, store] = [env!("CARGO_BIN_EXE_fake-llm"), env!("CARGO_BIN_EXE_fake-store")].map(of);
    assert!(String::from_utf8(llm.stderr).unwrap().contains("what is --older"));
    assert!(String::from_utf8(store.stderr).unwrap().contains("what is --prot"));
}
