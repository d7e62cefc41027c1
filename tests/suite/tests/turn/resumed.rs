//! A new workspace whose process ends before it exists: the next process continues with the file, and never creates it twice.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;
use turnwire::credentials::{TokenRequest, Tokens};
use turnwire::outbox::{Delivery, OutboxBuilder, Outcome, PendingState, Record, Sink};
use turnwire::turn::TurnsBuilder;
use turnwire::{ChatStore, Outbox, TurnEvent, Turns};
use turnwire_fakes::{FakeStore, Framing, Script};

use super::{Bench, DEADLINE, MESSAGE, USER, ai, counts, end, impatient, read, store_at, user};

const SHORT: Duration = Duration::from_millis(50);

/// An outbox in a file, with short retry waits.
fn outbox(file: &Path) -> OutboxBuilder {
    let delivery = Delivery::new()
        .initial_backoff(Duration::from_millis(5))
        .max_backoff(Duration::from_millis(20))
        .breaker_wait(Duration::from_millis(20))
        .max_breaker_wait(Duration::from_millis(40))
        .doubt_wait(Duration::from_millis(50));
    Outbox::builder().path(file).delivery(delivery)
}

/// A client of the store in a process without tokens, but with a token provider.
fn store(bench: &Bench) -> ChatStore {
    let login = bench.store.login(USER);
    let provider = move |asked: TokenRequest| {
        assert_eq!(asked.user.as_deref(), Some(USER));
        std::future::ready(Ok(Some(Tokens::new(login.access.as_str(), login.refresh.as_str()))))
    };
    ChatStore::builder(bench.store.url())
        .no_proxy()
        .retry(impatient())
        .token_provider(provider)
        .build()
        .unwrap()
}

fn settings(bench: &Bench, file: &Path) -> TurnsBuilder {
    bench.settings().outbox(outbox(file).start().unwrap()).workspace_wait(SHORT)
}

/// The next process, which has only the file and the store.
fn next(bench: &Bench, file: &Path) -> Outbox {
    outbox(file).sink(store(bench)).start().unwrap()
}

/// Waits until this condition is true.
async fn until(holds: impl Fn() -> bool) {
    let waiting = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(DEADLINE, waiting).await.unwrap();
}

/// Asserts that both messages are in one workspace of this name, whose session was started before them.
fn assert_kept(bench: &Bench, name: &str) {
    assert_eq!(bench.saved(), [user(MESSAGE), ai("a")]);
    let stored = bench.store.stored();
    let made: Vec<_> =
        stored.workspaces.iter().filter(|made| made.workspace_name == name).collect();
    assert_eq!(made.len(), 1, "{:?}", stored.workspaces);
    let id = &made[0].workspace_id;
    assert!(stored.messages.iter().all(|row| row.message["msgWorkspaceId"] == id.as_str()));
    assert_eq!(stored.counted(id), 2);
    assert_eq!(bench.calls("POST /api/session/start"), 1);
}

#[tokio::test]
async fn a_store_that_is_down_at_the_end_gets_the_conversation_from_the_next_process() {
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("outbox.db");
    let (bench, reserved) = Bench::at_reserved_port(Script::chat(["a"])).await;
    let name = json!({"role": "assistant", "content": "오늘의 기분"});
    let choices = json!([{"index": 0, "message": name, "finish_reason": "stop"}]);
    bench.llm.script("m whole", Script::body(json!({"choices": choices})));
    let turns = settings(&bench, &file).build().unwrap();
    let request = bench.ask_anew();
    let Bench { llm, store } = bench;
    drop(store);
    assert_eq!(read(&mut turns.start(request)).await.kinds(), ["content", "done"]);
    until(|| turns.outbox().unwrap().stats().held == 0).await;
    assert_eq!(counts(&turns.flush(SHORT).await), (0, 2, 0));
    end(turns).await;

    let bench = Bench { llm, store: store_at(&reserved).await };
    let outbox = next(&bench, &file);
    assert_eq!(counts(&outbox.flush(DEADLINE).await), (2, 0, 0), "{:?}", outbox.pending());
    assert_kept(&bench, "오늘의 기분");
}

#[tokio::test]
async fn a_workspace_that_has_no_name_yet_at_the_end_gets_the_messages() {
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("outbox.db");
    let bench = Bench::replying(Script::chat(["a"])).await;
    bench.llm.script("m whole", Script::new().wait_ms_before_headers(60_000));
    let turns = settings(&bench, &file).build().unwrap();
    read(&mut turns.start(bench.ask_anew())).await;
    let states = || -> Vec<PendingState> {
        turns.outbox().unwrap().pending().unwrap().iter().map(|row| row.state).collect()
    };
    assert_eq!(states(), [PendingState::Held, PendingState::Queued]);
    assert_eq!(counts(&end(turns).await), (0, 2, 0));
    let outbox = next(&bench, &file);
    assert_eq!(counts(&outbox.flush(DEADLINE).await), (2, 0, 0), "{:?}", outbox.pending());
    assert_kept(&bench, MESSAGE);
}

#[test]
fn a_runtime_that_is_dropped_leaves_the_workspace_to_the_outbox() {
    let runtime = || tokio::runtime::Runtime::new().unwrap();
    let fakes = runtime();
    let bench = fakes.block_on(Bench::replying(Script::chat(["a"])));
    bench.llm.script("m whole", Script::new().wait_ms_before_headers(60_000));
    let turns = bench.settings().workspace_wait(SHORT).build().unwrap();
    // Before its first poll, and during the request for a name.
    for reads in [true, false] {
        let own = runtime();
        let request = bench.ask_anew();
        own.block_on(async {
            let mut turn = turns.start(request);
            if reads {
                read(&mut turn).await;
            }
        });
        own.shutdown_background();
    }
    // A runtime that is dropped in the background drops its tasks soon: the engine's flush waits for them.
    let report = fakes.block_on(turns.flush(DEADLINE));
    assert_eq!(counts(&report), (3, 0, 0), "{:?}", turns.outbox().unwrap().pending());
    assert_eq!(bench.store.stored().workspaces.len(), 3, "the bench's own, and two");
}

#[tokio::test]
async fn a_token_provider_that_panics_strands_nothing() {
    let bench = Bench::replying(Script::chat(["a"])).await;
    let (login, asked) = (bench.store.login(USER), Arc::new(AtomicUsize::new(0)));
    let count = asked.clone();
    let provider = move |_: TokenRequest| {
        // Fails in the call, then in the poll, then returns tokens.
        let times = count.fetch_add(1, Ordering::SeqCst);
        assert!(times != 0, "in the call");
        let tokens = Tokens::new(login.access.as_str(), login.refresh.as_str());
        async move {
            assert!(times != 1, "in the poll");
            Ok(Some(tokens))
        }
    };
    let store = ChatStore::builder(bench.store.url()).no_proxy().token_provider(provider);
    let turns = bench.settings().store(store.build().unwrap()).workspace_wait(SHORT);
    let turns = turns.build().unwrap();
    let request = turnwire::TurnRequest::new(MESSAGE).user_id(USER).new_workspace();
    read(&mut turns.start(request)).await;
    assert_eq!(counts(&turns.flush(DEADLINE).await), (2, 0, 0));
    assert!(asked.load(Ordering::SeqCst) > 2);
    assert_kept(&bench, MESSAGE);
}

#[tokio::test]
async fn a_creation_whose_answer_did_not_come_before_the_end_is_found_by_the_next_process() {
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("outbox.db");
    let bench = Bench::replying(Script::chat(["a"])).await;
    let hangs = Script::new().framing(Framing::Raw).stall().after_commit();
    bench.store.fake().script("create-workspace", hangs);
    bench.store.fake().script("create-workspace", Script::pass());
    let turns = settings(&bench, &file).build().unwrap();
    read(&mut turns.start(bench.ask_anew())).await;
    bench
        .store
        .fake()
        .wait_for(|log| log.requests.iter().any(|request| request.path == "/api/workspace/create"))
        .await;
    assert_eq!(counts(&end(turns).await), (0, 2, 0));
    let outbox = next(&bench, &file);
    assert_eq!(counts(&outbox.flush(DEADLINE).await), (2, 0, 0), "{:?}", outbox.pending());
    assert_eq!(bench.calls("POST /api/workspace/create"), 1);
    assert_kept(&bench, MESSAGE);
}

#[tokio::test]
async fn a_refused_token_lets_the_workspace_wait_for_fresh_ones_whichever_process_gets_them() {
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("outbox.db");
    let bench = Bench::replying(Script::chat(["a"])).await;
    let stale = bench.store.login_for(USER, Duration::ZERO, Duration::ZERO);
    let [one, other] = [0, 1].map(|_| settings(&bench, &file).build().unwrap());
    let request = turnwire::TurnRequest::new(MESSAGE).user_id(USER).new_workspace();
    let request = request.tokens(stale.access, stale.refresh);
    assert_eq!(read(&mut one.start(request)).await.kinds(), ["content", "done"]);
    let report = one.flush(SHORT).await;
    assert_eq!((report.pending, report.dead), (2, 0));

    // The same user's next message arrives at another process.
    assert_eq!(
        read(&mut other.start(bench.ask_on())).await.kinds(),
        ["workspace", "content", "done"]
    );
    until(|| other.outbox().unwrap().stats().pending == 0).await;
    other.flush(DEADLINE).await;
    let stats = other.outbox().unwrap().stats();
    assert_eq!((stats.delivered, stats.dead), (4, 0), "{stats:?}");
    let stored = bench.store.stored();
    let made = stored.workspaces.iter().filter(|made| made.workspace_name == MESSAGE);
    let ids: Vec<_> = made.map(|made| made.workspace_id.clone()).collect();
    assert_eq!(ids.len(), 1, "{:?}", stored.workspaces);
    assert_eq!(stored.counted(&ids[0]), 2);
}

/// A sink that is no store, and its log of places.
#[derive(Clone, Default)]
struct Broker(Arc<std::sync::Mutex<Vec<String>>>);
#[turnwire::async_trait]
impl Sink for Broker {
    async fn deliver(&self, record: &Record) -> Outcome {
        let place = record.payload()["msgWorkspaceId"].as_str().unwrap().to_owned();
        assert_eq!(record.conversation(), place);
        self.0.lock().unwrap().push(place);
        Outcome::Delivered
    }
}

#[tokio::test]
async fn a_sink_of_another_kind_gets_whole_messages_and_the_reader_the_workspace() {
    let bench = Bench::replying(Script::chat(["a"])).await;
    let broker = Broker::default();
    let outbox = Outbox::builder().sink(broker.clone()).start().unwrap();
    let turns = bench.settings().outbox(outbox).build().unwrap();
    let read = read(&mut turns.start(bench.ask_anew())).await;
    assert_eq!(counts(&turns.flush(DEADLINE).await), (2, 0, 0));
    let id = bench.store.stored().workspaces[1].workspace_id.clone();
    assert!(read.events.contains(&TurnEvent::Workspace { workspace_id: id.clone() }), "{read:?}");
    assert_eq!(*broker.0.lock().unwrap(), [id.clone(), id]);
}

#[tokio::test]
async fn an_outbox_that_delivers_before_there_is_an_engine_opens_workspaces_once_there_is_one() {
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("outbox.db");
    let bench = Bench::replying(Script::chat(["a"])).await;
    bench.llm.script("m whole", Script::new().wait_ms_before_headers(60_000));
    let turns = settings(&bench, &file).build().unwrap();
    read(&mut turns.start(bench.ask_anew())).await;
    end(turns).await;

    let broker = Broker::default();
    let outbox = Outbox::builder().path(&file).sink(broker.clone()).start().unwrap();
    until(|| outbox.pending().unwrap()[0].reason.is_some()).await;
    let turns = bench.settings().store(store(&bench)).outbox(outbox).build().unwrap();
    let report = turns.flush(DEADLINE).await;
    assert_eq!(counts(&report), (2, 0, 0), "{:?}", turns.outbox().unwrap().pending());
    let id = bench.store.stored().workspaces[1].workspace_id.clone();
    assert_eq!(*broker.0.lock().unwrap(), [id.clone(), id]);
}

#[tokio::test]
async fn every_engine_on_one_outbox_tells_its_own_workspaces() {
    let bench = Bench::replying(Script::chat(["a"])).await;
    let outbox = Outbox::memory();
    let settings = bench.settings().outbox(outbox.clone());
    let turns: [Turns; 2] = [0, 1].map(|_| settings.clone().build().unwrap());
    let mut timelines = Vec::new();
    for turns in &turns {
        let mut turn = turns.start(bench.ask_anew());
        let read = read(&mut turn).await;
        assert!(read.kinds().contains(&"workspace"), "{read:?}");
        timelines.push(turn);
    }
    assert_eq!(counts(&outbox.flush(DEADLINE).await), (4, 0, 0));
    for turn in timelines {
        let shown = turn.timeline().to_string();
        assert!(shown.contains("save"), "{shown}");
    }
    let other = bench.settings().outbox(outbox.clone()).build().unwrap_err();
    assert!(other.message().contains("the store of other turns"), "{other}");
    let [one, other] = turns;
    one.shutdown(Duration::ZERO).await;
    refused(&one, bench.ask_on(), "the turns were shut down").await;
    read(&mut other.start(bench.ask_on())).await;
    assert_eq!(counts(&other.flush(DEADLINE).await), (2, 0, 0), "the outbox is still open");
    outbox.shutdown(DEADLINE).await;
    refused(&other, bench.ask_on(), "the outbox of the turns was shut down").await;
    let closed = settings.build().unwrap_err();
    assert!(closed.message().contains("the outbox was shut down"), "{closed}");
}

#[tokio::test]
async fn a_workspace_without_a_name_yet_is_created_by_an_outbox_that_outlives_its_engine() {
    let bench = Bench::replying(Script::chat(["a"])).await;
    bench.llm.script("m whole", Script::new().wait_ms_before_headers(60_000));
    let outbox = Outbox::memory();
    let turns = bench.settings().outbox(outbox.clone()).workspace_wait(SHORT).build().unwrap();
    read(&mut turns.start(bench.ask_anew())).await;
    turns.shutdown(SHORT).await;
    assert_eq!(outbox.flush(DEADLINE).await.pending, 0, "{:?}", outbox.pending());
    assert_kept(&bench, MESSAGE);
}

async fn refused(turns: &Turns, request: turnwire::TurnRequest, why: &str) {
    let error = read(&mut turns.start(request)).await.error.unwrap();
    assert!(error.message().contains(why), "{error}");
}

#[tokio::test]
async fn a_creation_that_was_refused_is_tried_again() {
    for status in [503, 500, 429] {
        let bench = Bench::replying(Script::chat(["a"])).await;
        bench.store.fake().script("create-workspace", FakeStore::refusal(status, "no"));
        bench.store.fake().script("create-workspace", Script::pass());
        let turns = bench.settings().workspace_wait(SHORT).build().unwrap();
        read(&mut turns.start(bench.ask_anew())).await;
        let report = turns.flush(DEADLINE).await;
        assert_eq!((report.pending, report.dead), (0, 0), "{status}");
        assert_eq!(bench.calls("POST /api/workspace/create"), 2, "{status}");
    }
}
