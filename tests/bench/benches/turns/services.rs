//! The services of a measurement: a model and a chat store.

use std::cell::Cell;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use turnwire_bench::process::{Facts, Server};
use turnwire_fakes::{Fake, FakeStore, Login, Script};

const USER: &str = "0b1e55ed-0000-4000-8000-000000000001";

/// Times of the steps before a first content, in milliseconds, as they are in a real service.
const SENTIMENT_MS: u64 = 300;
const NAMING_MS: u64 = 800;
const CREATE_MS: u64 = 50;
const SESSION_MS: u64 = 50;
const FIRST_TOKEN_MS: u64 = 400;

/// New conversations of a measurement, and one before it.
const FIRSTS: usize = 5;

/// Streams of the measurement of delays.
const DELAYED: usize = 50;

/// The load of a measurement of tokens.
pub(super) struct Load {
    pub(super) streams: usize,
    pub(super) tokens: usize,
    pub(super) pace_ms: u64,
    /// The number of times that each of the streams is opened.
    pub(super) batches: usize,
}

pub(super) struct Services {
    model: Model,
    store: FakeStore,
    login: Login,
    workspaces: Vec<String>,
    batches: usize,
    pace_ms: u64,
    facts: Option<Facts>,
    /// The number of turns that the measured process was asked for.
    turns: Cell<usize>,
}

enum Model {
    /// A cheap one, with bodies as a service sends them.
    Paced { _server: Server, base: String },
    /// One that takes its time for each kind of call.
    Slow(Fake),
}

impl Services {
    pub(super) fn start(what: &str, load: &Load) -> Result<Self> {
        let store = FakeStore::spawn_thread()?;
        let login = store.login(USER);
        let (streams, batches) = match what {
            "cpu" => (load.streams, load.batches),
            "delay" => (DELAYED, 1),
            _ => (1, 1),
        };
        let workspaces: Vec<_> = (0..streams).map(|n| format!("workspace-of-{n}")).collect();
        workspaces.iter().for_each(|workspace| store.add_workspace(workspace, USER));
        let (model, facts) = match what {
            "first" => (slow(&store)?, None),
            _ => {
                let server = Server::start(Path::new(env!("CARGO_BIN_EXE_turnwire-bench-server")))?;
                let base =
                    format!("{}/openai/packet/{}/{}", server.url(), load.pace_ms, load.tokens);
                let facts = Facts::request(&base)?;
                (Model::Paced { _server: server, base }, Some(facts))
            }
        };
        let turns = Cell::new(match what {
            // The first batch connects.
            "cpu" => streams * (batches + 1),
            "delay" => streams,
            "first" => FIRSTS + 1,
            _ => 0,
        });
        Ok(Services {
            model,
            store,
            login,
            workspaces,
            batches,
            pace_ms: load.pace_ms,
            facts,
            turns,
        })
    }

    /// All that the measured process needs to know.
    pub(super) fn place(&self) -> Value {
        let base = match &self.model {
            Model::Paced { base, .. } => base.clone(),
            Model::Slow(fake) => fake.url(),
        };
        json!({
            "model": format!("{base}/v1"), "store": self.store.url(), "user": USER,
            "access": self.login.access, "refresh": self.login.refresh,
            "workspaces": self.workspaces, "batches": self.batches, "firsts": FIRSTS,
            "sentiment_ms": SENTIMENT_MS, "pace_ms": self.pace_ms,
            "tokens": self.facts.map(|facts| facts.chunks),
        })
    }

    /// Checks that the measured process has done all of its work: every turn's messages are stored and counted.
    pub(super) fn check(&self) -> Result<()> {
        let stored = self.store.stored();
        let expected = 2 * self.turns.get();
        ensure!(
            stored.messages.len() == expected,
            "{} messages are stored, not {expected}",
            stored.messages.len()
        );
        let counted: u64 =
            stored.sessions.iter().map(|session| session.session_message_count).sum();
        ensure!(
            usize::try_from(counted)? == expected,
            "{counted} messages are counted, not {expected}"
        );
        Ok(())
    }
}

/// The services of a new conversation, and their delays.
fn slow(store: &FakeStore) -> Result<Model> {
    let llm = Fake::spawn_thread().context("starting the model")?;
    let name = json!({
        "id": "name", "object": "chat.completion", "created": 0, "model": "m",
        "choices": [{
            "index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "오늘의 기분"},
        }],
    });
    llm.script("m whole", Script::body(name).wait_ms_before_headers(NAMING_MS));
    let reply = Script::new().role("assistant").wait_ms(FIRST_TOKEN_MS);
    llm.script(
        "m stream",
        reply.repeat(20, |body| body.text("안녕").wait_ms(5)).finish("stop").done(),
    );
    for (call, ms) in [("create-workspace", CREATE_MS), ("start-session", SESSION_MS)] {
        store.fake().script(call, Script::pass().wait_ms_before_headers(ms));
    }
    Ok(Model::Slow(llm))
}
