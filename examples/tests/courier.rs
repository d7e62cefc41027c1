//! The example `courier` as a process, between a NATS server and a chat store. `cargo xtask test nats` runs it, and names the
//! server's program.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

#[allow(dead_code, reason = "each test uses its part")]
mod running;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;
use tempfile::TempDir;
use turnwire::Outbox;
use turnwire::conversation::StoreMessage;
use turnwire::nats::NatsSink;
use turnwire::outbox::Record;
use turnwire_fakes::FakeStore;

const USER: &str = "0b1e55ed-0000-4000-8000-000000000001";
const WORKSPACE: &str = "0b1e55ed-0000-4000-8000-000000000002";

/// A reserved port that nobody listens on.
const NO_BROKER: &str = "nats://127.0.0.1:1";

/// The limit of every wait.
const PATIENCE: Duration = Duration::from_secs(60);

/// A process that ends with its test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // These fail only for a process that has ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Waits for a condition.
fn until<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(begin.elapsed() < PATIENCE, "no {what} within {PATIENCE:?}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// A broker on a port of the system's choice, and its URL.
fn broker(folder: &Path) -> (Running, String) {
    let program = std::env::var_os("TURNWIRE_NATS_RECENT").expect(
        "TURNWIRE_NATS_RECENT names no program: run `cargo xtask test nats`, which sets it",
    );
    let mut command = Command::new(program);
    command.args(["-js", "-a", "127.0.0.1", "-p", "-1", "-sd"]).arg(folder);
    command.arg("--ports_file_dir").arg(folder).stderr(Stdio::null());
    let server = Running(command.spawn().unwrap());
    let url = until("start of nats-server", || {
        let files = fs::read_dir(folder).unwrap().flatten();
        let ports = files
            .map(|file| file.path())
            .find(|path| path.extension() == Some("ports".as_ref()))?;
        let ports: serde_json::Value =
            serde_json::from_str(&fs::read_to_string(ports).ok()?).ok()?;
        Some(ports["nats"][0].as_str()?.to_owned())
    });
    (server, url)
}

/// The courier, and the address of its HTTP port.
struct Courier {
    process: Running,
    address: String,
}

impl Courier {
    fn start(folder: &Path, broker: &str, store: &str) -> Self {
        Self::with(folder, broker, store, &[])
    }

    fn with(folder: &Path, broker: &str, store: &str, more: &[&str]) -> Self {
        let mut command = running::clean("courier");
        command
            .args(more)
            .args(["--nats", broker, "--partitions", "4", "--address", "127.0.0.1:0", "--tokens"])
            .arg(folder.join("tokens.txt"))
            .env("TURNWIRE_STORE_URL", store)
            .stdout(Stdio::piped());
        let mut process = Running(command.spawn().unwrap());
        let mut line = String::new();
        BufReader::new(process.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on http://").unwrap().to_owned();
        Courier { process, address }
    }

    /// Status and body of a page.
    fn get(&self, path: &str) -> (String, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.write_all(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().to_owned(), body.to_owned())
    }

    fn is_ready(&self) -> Option<()> {
        (self.get("/readyz").0 == "200").then_some(())
    }

    /// Sends SIGTERM, and returns the exit code.
    fn terminate(mut self) -> Option<i32> {
        let id = self.process.0.id().to_string();
        assert!(Command::new("kill").arg(id).status().unwrap().success());
        until("end of the courier", || self.process.0.try_wait().unwrap()).code()
    }
}

fn metric(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok())
}

/// A store with one workspace of one user, whose tokens are in the folder.
fn store(folder: &Path) -> FakeStore {
    let store = FakeStore::spawn_thread().unwrap();
    store.add_workspace(WORKSPACE, USER);
    let login = store.login(USER);
    fs::write(folder.join("tokens.txt"), format!("{}\n{}\n", login.access, login.refresh)).unwrap();
    store
}

#[test]
fn records_of_an_outbox_reach_the_store_and_sigterm_ends_the_courier() {
    let folder = TempDir::new().unwrap();
    let (_broker, url) = broker(folder.path());
    let store = store(folder.path());
    let courier = Courier::start(folder.path(), &url, &store.url());
    assert_eq!(courier.get("/healthz"), ("200".to_owned(), "ok\n".to_owned()));
    until("readiness", || courier.is_ready());

    let nats = turnwire::nats::Nats::new(&url).partitions(4);
    let outbox = Outbox::builder().sink(NatsSink::new(nats).unwrap()).start().unwrap();
    let message = StoreMessage::from_user(WORKSPACE, USER, "안녕하세요", 1_700_000_000_000);
    let record = Record::new(WORKSPACE, &message.id, json!(message)).user(USER);
    outbox.enqueue(record).unwrap();
    let delivered = || {
        let (status, text) = courier.get("/metrics");
        assert_eq!(status, "200");
        // Both: a courier counts a delivery after the broker has removed the record, and the two are read one after the other.
        let values = ["turnwire_courier_delivered_total", "turnwire_stream_pending"];
        (values.map(|name| metric(&text, name)) == [Some(1), Some(0)]).then_some(text)
    };
    let text = until("delivery in the metrics", delivered);
    assert_eq!(store.stored().messages.len(), 1);
    for (name, value) in [
        ("turnwire_courier_ready", 1),
        ("turnwire_courier_dead_total", 0),
        ("turnwire_courier_breaker_open", 0),
        ("turnwire_stream_up", 1),
        ("turnwire_stream_parked", 0),
        ("turnwire_stream_dead_letters", 0),
    ] {
        assert_eq!(metric(&text, name), Some(value), "{name} in {text}");
    }
    assert_eq!(courier.terminate(), Some(0));
}

/// Settings of the stream that its publishers have: a courier with others would be refused.
#[test]
fn the_stream_of_publishers_with_other_settings_is_delivered() {
    let folder = TempDir::new().unwrap();
    let (_broker, url) = broker(folder.path());
    let store = store(folder.path());
    let nats = turnwire::nats::Nats::new(&url).partitions(4).max_bytes(1 << 20);
    let outbox = Outbox::builder().sink(NatsSink::new(nats).unwrap()).start().unwrap();
    let message = StoreMessage::from_user(WORKSPACE, USER, "안녕하세요", 1_700_000_000_000);
    let record = Record::new(WORKSPACE, &message.id, json!(message)).user(USER);
    outbox.enqueue(record).unwrap();
    until("publication", || (outbox.stats().pending == 0).then_some(()));

    let more = ["--max-bytes", "1048576", "--counted-for", "7200"];
    let courier = Courier::with(folder.path(), &url, &store.url(), &more);
    until("delivery", || (store.stored().messages.len() == 1).then_some(()));
    assert_eq!(courier.terminate(), Some(0));
}

#[test]
fn without_a_broker_it_is_healthy_and_not_ready_and_ends_at_once() {
    let folder = TempDir::new().unwrap();
    let store = store(folder.path());
    // No port of a broker that has ended: the system may give it to that of another test.
    let courier = Courier::start(folder.path(), NO_BROKER, &store.url());
    assert_eq!(courier.get("/healthz").0, "200");
    assert_eq!(courier.get("/readyz").0, "503");
    let (_, text) = courier.get("/metrics");
    assert_eq!(metric(&text, "turnwire_stream_up"), Some(0));
    assert_eq!(metric(&text, "turnwire_stream_pending"), None, "{text}");
    assert_eq!(courier.terminate(), Some(0));
}

#[test]
fn wrong_usage_is_one_line_with_the_reason() {
    let mut command = running::clean("courier");
    command.args(["--nats", "http://h", "--store", "http://localhost:1", "--tokens", "none"]);
    let (code, _, stderr) = running::run(&mut command);
    assert_eq!(code, 1);
    running::assert_one_error_line(&stderr, "nats://");
}
