//! The public API of the turn engine, against the fake LLM and the fake store.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod clock;
mod doubted;
mod elsewhere;
mod ending;
mod faults;
mod following;
mod guarded;
mod history;
mod kept;
mod leaving;
mod naming;
mod on_the_way;
mod own_store;
mod poison;
mod prompts;
mod refusal;
mod reopened;
mod repeated;
mod resumed;
mod routes;
mod routes_vectors;
mod sentiment;
mod server;
mod sessions;
mod shown;
mod spoken;
mod stopping;
mod timeline;
mod told;
mod ui;
mod vector_settings;
mod vectors;
mod whole;
mod wire;

use std::time::Duration;

use futures::{Stream, StreamExt};
use serde_json::Value;
use turnwire::config::{RetryPolicy, Timeouts};
use turnwire::outbox::{Delivery, FlushReport};
use turnwire::turn::TurnsBuilder;
use turnwire::{ChatStore, Error, OpenAi, Outbox, TurnEvent, TurnRequest, Turns};
use turnwire_fakes::{Fake, FakeStore, Record, ReservedPort, Script};

const USER: &str = "0b1e55ed-0000-4000-8000-000000000001";
const WORKSPACE: &str = "workspace-of-the-test";
const MESSAGE: &str = "오늘 기분이 어때요?";

/// Time limit of a flush; without pending work a flush returns at once.
const DEADLINE: Duration = Duration::from_secs(60);

/// An LLM with the model `m`, and a store with a workspace of the user.
struct Bench {
    llm: Fake,
    store: FakeStore,
}

impl Bench {
    async fn start() -> Self {
        let bench =
            Bench { llm: Fake::start().await.unwrap(), store: FakeStore::start().await.unwrap() };
        bench.store.add_workspace(WORKSPACE, USER);
        bench
    }

    /// The same, with an LLM that streams this reply.
    async fn replying(script: Script) -> Self {
        let bench = Bench::start().await;
        bench.llm.script("m stream", script);
        bench
    }

    /// The same, with a store whose port stays the bench's own when the store is gone.
    async fn at_reserved_port(script: Script) -> (Self, ReservedPort) {
        let reserved = ReservedPort::new().unwrap();
        let store = store_at(&reserved).await;
        let Bench { llm, .. } = Bench::replying(script).await;
        store.add_workspace(WORKSPACE, USER);
        (Bench { llm, store }, reserved)
    }

    fn openai(&self) -> OpenAi {
        let settings = OpenAi::builder().base_url(self.llm.base_url()).api_key("sk-of-the-test");
        settings.no_proxy().retry(impatient()).build().unwrap()
    }

    /// Settings with short waits.
    fn settings(&self) -> TurnsBuilder {
        self.settings_with(self.openai())
    }

    fn settings_with(&self, llm: OpenAi) -> TurnsBuilder {
        self.settings_within(llm, DEADLINE)
    }

    /// The same, with this time limit for a store that does not answer.
    fn settings_within(&self, llm: OpenAi, total: Duration) -> TurnsBuilder {
        let timeouts = Timeouts::new().total(total);
        let store = ChatStore::builder(self.store.url()).no_proxy().retry(impatient());
        let delivery = Delivery::new()
            .initial_backoff(Duration::from_millis(5))
            .max_backoff(Duration::from_millis(20))
            .breaker_wait(Duration::from_millis(40))
            .max_breaker_wait(Duration::from_millis(80))
            .doubt_wait(Duration::from_millis(50));
        Turns::builder(llm)
            .model("m")
            .store(store.timeouts(timeouts).build().unwrap())
            .outbox(Outbox::builder().delivery(delivery).start().unwrap())
            .workspace_wait(DEADLINE)
            .naming_limit(DEADLINE)
    }

    fn turns(&self) -> Turns {
        self.settings().build().unwrap()
    }

    /// The user's message, without a workspace.
    fn ask(&self) -> TurnRequest {
        let login = self.store.login(USER);
        TurnRequest::new(MESSAGE).user_id(USER).tokens(login.access, login.refresh)
    }

    fn ask_anew(&self) -> TurnRequest {
        self.ask().new_workspace()
    }

    fn ask_on(&self) -> TurnRequest {
        self.ask().workspace(WORKSPACE)
    }

    /// The request for the streamed reply, as JSON.
    fn asked(&self) -> Value {
        let requests = self.llm.requests();
        let streamed = requests.iter().filter_map(Record::json).find(|json| json["stream"] == true);
        streamed.expect("the LLM was asked for a stream")
    }

    /// The stored messages in the order of saving, as role and text.
    fn saved(&self) -> Vec<(String, String)> {
        let text = |message: &Value, name: &str| message[name].as_str().unwrap().to_owned();
        let rows = self.store.stored().messages;
        rows.iter()
            .map(|row| (text(&row.message, "msgSenderRole"), text(&row.message, "msgContent")))
            .collect()
    }

    /// Number of these calls at the store, by method and path.
    fn calls(&self, call: &str) -> usize {
        let requests = self.store.fake().requests();
        requests.iter().filter(|r| format!("{} {}", r.method, r.path) == call).count()
    }
}

/// A new store at this port.
async fn store_at(reserved: &ReservedPort) -> FakeStore {
    FakeStore::builder().on(Fake::builder().port(reserved.port())).start().await.unwrap()
}

/// Retries with short waits.
fn impatient() -> RetryPolicy {
    RetryPolicy::new()
        .max_retries(1)
        .initial_backoff(Duration::from_millis(5))
        .max_backoff(Duration::from_millis(10))
}

/// The frames of an event stream, without the comments of a long silence, as in a pause of the machine.
fn frames(text: &str) -> impl Iterator<Item = &str> {
    let whole = text.rfind("\n\n").map_or("", |end| &text[..end + 2]);
    whole.split_terminator("\n\n").filter(|frame| !frame.starts_with(':'))
}

fn user(text: &str) -> (String, String) {
    ("USER".to_owned(), text.to_owned())
}

fn ai(text: &str) -> (String, String) {
    ("AI".to_owned(), text.to_owned())
}

fn content(text: &str) -> TurnEvent {
    TurnEvent::Content { content: text.to_owned() }
}

/// Ends a process: what its outbox keeps waits for the next one.
async fn end(turns: Turns) -> FlushReport {
    let outbox = turns.outbox().unwrap().clone();
    let report = outbox.shutdown(Duration::ZERO).await;
    turns.shutdown(Duration::ZERO).await;
    // Each waits a moment for the end of the worker, which on a busy machine may take several.
    for _ in 0..100 {
        outbox.shutdown(Duration::ZERO).await;
    }
    report
}

fn counts(report: &FlushReport) -> (u64, u64, u64) {
    (report.delivered, report.pending, report.dead)
}

/// Result of a turn: its events, and the error that ended it.
#[derive(Debug)]
struct Read {
    events: Vec<TurnEvent>,
    error: Option<Error>,
}

impl Read {
    fn kinds(&self) -> Vec<&'static str> {
        self.events.iter().map(TurnEvent::kind).collect()
    }

    fn text(&self) -> String {
        let text = |event: &TurnEvent| match event {
            TurnEvent::Content { content } => Some(content.clone()),
            _ => None,
        };
        self.events.iter().filter_map(text).collect()
    }
}

async fn read(turn: &mut (impl Stream<Item = Result<TurnEvent, Error>> + Unpin)) -> Read {
    let mut events = Vec::new();
    while let Some(event) = turn.next().await {
        match event {
            Ok(event) => events.push(event),
            Err(error) => {
                assert!(turn.next().await.is_none(), "a turn ends with its error");
                return Read { events, error: Some(error) };
            }
        }
    }
    assert!(turn.next().await.is_none(), "a turn stays ended");
    Read { events, error: None }
}
