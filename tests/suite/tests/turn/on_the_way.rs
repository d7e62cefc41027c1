//! The history of a message contains those before it that have not reached the store yet.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use turnwire::conversation::{ConversationSink, StoreMessage};
use turnwire::outbox::{Outcome, Record};
use turnwire::turn::{HistoryLimits, StageName, StageOutcome};
use turnwire::{ChatStore, Outbox, SqliteStore, TurnRequest, Turns};
use turnwire_fakes::{FakeStore, Script};

use super::{Bench, DEADLINE, USER, WORKSPACE, counts, end, read};

const OTHER_USER: &str = "0b1e55ed-0000-4000-8000-000000000002";
const ID: &str = "0b1e55ed-0000-4000-8000-0000000000aa";
const REPLY_ID: &str = "0b1e55ed-0000-4000-8000-0000000000bb";

/// A bench whose model replies `a`, `b` and so on, and whose store does not answer saves.
async fn bench() -> Bench {
    let bench = Bench::start().await;
    for reply in ["a", "b", "c", "d"] {
        bench.llm.script("m stream", Script::chat([reply]));
    }
    takes_messages(&bench, false);
    bench
}

/// Lets the store save messages, or keeps them from being saved.
fn takes_messages(bench: &Bench, takes: bool) {
    let script = match takes {
        true => json!({"act": "pass"}),
        false => json!({"wait_ms_before_headers": 600_000}),
    };
    bench.store.fake().scripts_from_json(&json!({"save": script}).to_string()).unwrap();
}

fn say(bench: &Bench, text: &str) -> TurnRequest {
    let login = bench.store.login(USER);
    TurnRequest::new(text).user_id(USER).workspace(WORKSPACE).tokens(login.access, login.refresh)
}

async fn send(turns: &Turns, request: TurnRequest) {
    let found = read(&mut turns.start(request)).await;
    assert!(found.error.is_none(), "{found:?}");
}

/// The messages of the last request to the model, as role and text.
fn told(bench: &Bench) -> Vec<String> {
    let requests = bench.llm.requests();
    let asked = requests.iter().rfind(|request| request.json().unwrap()["stream"] == true);
    let asked = asked.unwrap().json().unwrap();
    let text = |message: &Value, name| message[name].as_str().unwrap().to_owned();
    let messages = asked["messages"].as_array().unwrap();
    messages.iter().map(|m| format!("{}: {}", text(m, "role"), text(m, "content"))).collect()
}

fn on(file: &Path) -> Outbox {
    Outbox::open(file).unwrap()
}

/// Saves a message beside the outbox, sent at this time.
async fn store(bench: &Bench, id: &str, text: &str, at: i64) {
    let login = bench.store.login(USER);
    let store = ChatStore::builder(bench.store.url()).no_proxy();
    let store = store.tokens(login.access, login.refresh).build().unwrap();
    let mut message = StoreMessage::from_user(WORKSPACE, USER, text, at);
    message.id = id.to_owned();
    store.save(&message).await.unwrap();
}

#[tokio::test]
async fn a_message_right_after_another_is_told_it_and_its_reply() {
    let folder = tempfile::tempdir().unwrap();
    for outbox in [Outbox::memory(), on(&folder.path().join("outbox.db"))] {
        let bench = bench().await;
        let turns = bench.settings().outbox(outbox).build().unwrap();
        send(&turns, say(&bench, "하나")).await;
        send(&turns, say(&bench, "둘")).await;
        assert_eq!(bench.saved(), []);
        assert_eq!(told(&bench), ["user: 하나", "assistant: a", "user: 둘"]);
    }
}

#[tokio::test]
async fn a_message_that_was_started_later_is_not_told_to_the_one_before() {
    let bench = bench().await;
    let turns = bench.turns();
    let mut first = turns.start(say(&bench, "하나"));
    let mut second = turns.start(say(&bench, "둘"));
    read(&mut first).await;
    assert_eq!(told(&bench), ["user: 하나"]);
    read(&mut second).await;
    assert_eq!(told(&bench), ["user: 하나", "user: 둘"], "its reply came later");
}

#[tokio::test]
async fn messages_of_other_processes_on_the_file_are_told_and_those_of_one_that_has_ended() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("outbox.db");
    let bench = bench().await;
    let [one, other] = [0, 1].map(|_| bench.settings().outbox(on(&file)).build().unwrap());
    send(&one, say(&bench, "하나")).await;
    send(&other, say(&bench, "둘")).await;
    assert_eq!(told(&bench), ["user: 하나", "assistant: a", "user: 둘"]);
    end(one).await;
    send(&other, say(&bench, "셋")).await;
    let before = ["user: 하나", "assistant: a", "user: 둘", "assistant: b"];
    assert_eq!(told(&bench), [&before[..], &["user: 셋"]].concat());
}

#[tokio::test]
async fn without_the_store_the_messages_that_wait_are_the_history_and_the_timeline_says_so() {
    let bench = bench().await;
    store_before(&bench).await;
    bench.store.fake().script("history", FakeStore::refusal(503, "down"));
    let turns = bench.turns();
    send(&turns, say(&bench, "하나")).await;
    let mut turn = turns.start(say(&bench, "둘"));
    read(&mut turn).await;
    assert_eq!(told(&bench), ["user: 하나", "assistant: a", "user: 둘"]);
    let timeline = turn.timeline();
    let outcome = &timeline.stage(StageName::History).unwrap().outcome;
    let StageOutcome::Failed(why) = outcome else { panic!("{outcome:?}") };
    assert!(why.contains("down") && why.contains("wait in the outbox: 2"), "{why}");
}

/// Two messages that are in the store.
async fn store_before(bench: &Bench) {
    takes_messages(bench, true);
    store(bench, "0b1e55ed-0000-4000-8000-000000000011", "일", 1000).await;
    store(bench, ID, "이", 2000).await;
    takes_messages(bench, false);
}

#[tokio::test]
async fn a_store_that_is_too_slow_costs_its_own_messages_only() {
    let bench = bench().await;
    bench.store.fake().script("history", Script::pass().wait_ms_before_headers(600_000));
    let limits = HistoryLimits::default().wait(Duration::from_millis(50));
    let turns = bench.settings().history(limits).build().unwrap();
    send(&turns, say(&bench, "하나")).await;
    send(&turns, say(&bench, "둘")).await;
    assert_eq!(told(&bench), ["user: 하나", "assistant: a", "user: 둘"]);
}

#[tokio::test]
async fn a_text_on_its_way_replaces_the_stored_one_and_the_order_is_that_of_sending() {
    let bench = bench().await;
    store_before(&bench).await;
    takes_messages(&bench, true);
    store(&bench, "0b1e55ed-0000-4000-8000-000000000012", "삼", 3000).await;
    takes_messages(&bench, false);
    let turns = bench.turns();
    send(&turns, say(&bench, "이 (고침)").message_id(ID)).await;
    assert_eq!(told(&bench), ["user: 일", "user: 삼", "user: 이 (고침)"]);
    send(&turns, say(&bench, "넷")).await;
    let all = ["user: 일", "user: 삼", "user: 이 (고침)", "assistant: a", "user: 넷"];
    assert_eq!(told(&bench), all);
}

#[tokio::test]
async fn the_limits_are_those_of_both_together() {
    for (messages, characters, kept) in
        [(3, 8000, 3), (2, 8000, 2), (20, 2, 2), (20, 1, 1), (0, 8000, 0)]
    {
        let bench = bench().await;
        store_before(&bench).await;
        let limits = HistoryLimits::default().messages(messages).characters(characters);
        let turns = bench.settings().history(limits).build().unwrap();
        send(&turns, say(&bench, "둘")).await;
        send(&turns, say(&bench, "셋")).await;
        let all = ["user: 일", "user: 이", "user: 둘", "assistant: a", "user: 셋"];
        assert_eq!(told(&bench), all[4 - kept..], "{messages} messages, {characters} characters");
    }
}

#[tokio::test]
async fn a_reply_that_waits_is_not_told_when_it_is_generated_again() {
    let bench = bench().await;
    let turns = bench.turns();
    for _ in 0..3 {
        send(&turns, say(&bench, "하나").message_id(ID).reply_id(REPLY_ID)).await;
        assert_eq!(told(&bench), ["user: 하나"]);
    }
    send(&turns, say(&bench, "둘")).await;
    assert_eq!(told(&bench), ["user: 하나", "assistant: c", "user: 둘"]);
}

#[tokio::test]
async fn another_users_messages_are_not_told_whatever_workspace_is_named() {
    let folder = tempfile::tempdir().unwrap();
    for outbox in [Outbox::memory(), on(&folder.path().join("outbox.db"))] {
        let bench = bench().await;
        let turns = bench.settings().outbox(outbox).build().unwrap();
        send(&turns, say(&bench, "비밀")).await;
        let login = bench.store.login(OTHER_USER);
        let request = TurnRequest::new("둘").user_id(OTHER_USER).workspace(WORKSPACE);
        send(&turns, request.tokens(login.access, login.refresh)).await;
        assert_eq!(told(&bench), ["user: 둘"]);
    }
}

#[tokio::test]
async fn a_message_that_was_given_up_is_not_told() {
    let bench = bench().await;
    bench.store.fake().scripts_from_json(r#"{"save": {"status": 400}}"#).unwrap();
    let turns = bench.turns();
    send(&turns, say(&bench, "하나")).await;
    assert_eq!(counts(&turns.flush(DEADLINE).await), (0, 0, 2));
    send(&turns, say(&bench, "둘")).await;
    assert_eq!(told(&bench), ["user: 둘"]);
}

#[tokio::test]
async fn the_embedded_store_is_read_in_the_same_way() {
    let folder = tempfile::tempdir().unwrap();
    let bench = bench().await;
    let store = SqliteStore::open(folder.path().join("chat.db")).unwrap();
    let workspace = store.create_workspace(USER, "모두").await.unwrap().id;
    store.save(USER, &StoreMessage::from_user(&workspace, USER, "일", 1000)).await.unwrap();
    let never = |_: Record| std::future::pending::<Outcome>();
    let outbox = Outbox::builder().path(folder.path().join("outbox.db")).sink(never);
    let turns = bench.settings().store(store.clone()).outbox(outbox.start().unwrap());
    let turns = turns.build().unwrap();
    let say = |text: &str| TurnRequest::new(text).user_id(USER).workspace(&workspace);
    send(&turns, say("하나")).await;
    send(&turns, say("둘")).await;
    assert_eq!(told(&bench), ["user: 일", "user: 하나", "assistant: a", "user: 둘"]);
    end(turns).await;

    // The next process delivers them, and they are told once.
    let sink = ConversationSink::new(store.clone());
    let outbox = Outbox::builder().path(folder.path().join("outbox.db")).sink(sink);
    let turns = bench.settings().store(store).outbox(outbox.start().unwrap()).build().unwrap();
    assert_eq!(counts(&turns.flush(DEADLINE).await), (4, 0, 0));
    send(&turns, say("셋")).await;
    let before = ["user: 일", "user: 하나", "assistant: a", "user: 둘", "assistant: b"];
    assert_eq!(told(&bench), [&before[..], &["user: 셋"]].concat());
}
