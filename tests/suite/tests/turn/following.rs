//! A message that names an earlier one in place of its workspace, which does not exist yet.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use turnwire::outbox::PendingState;
use turnwire::turn::TurnsBuilder;
use turnwire::{ErrorKind, Outbox, TurnEvent, TurnRequest, Turns};
use turnwire_fakes::{FakeStore, Script};

use super::{Bench, DEADLINE, Read, USER, ai, counts, end, read, user};

const OTHER_USER: &str = "0b1e55ed-0000-4000-8000-000000000002";
const FIRST: &str = "0b1e55ed-0000-4000-8000-0000000000a1";
const SECOND: &str = "0b1e55ed-0000-4000-8000-0000000000a2";
const SHORT: Duration = Duration::from_millis(50);

#[tokio::test]
async fn a_message_that_is_not_known_may_begin_a_new_workspace() {
    let bench = bench().await;
    let turns = bench.settings().build().unwrap();
    send(&turns, say(&bench, "하나").message_id(FIRST).workspace_of_or_new(SECOND)).await;
    turns.flush(DEADLINE).await;
    assert_eq!(bench.store.stored().workspaces.len(), 2);
    // Known now: the same workspace.
    send(&turns, say(&bench, "둘").message_id(SECOND).workspace_of_or_new(FIRST)).await;
    turns.flush(DEADLINE).await;
    assert_eq!(bench.store.stored().workspaces.len(), 2);
    assert_kept(&bench, &[user("하나"), ai("a"), user("둘"), ai("b")]);
    // Another user's message is as unknown as none.
    bench.store.add_workspace("another", OTHER_USER);
    let login = bench.store.login(OTHER_USER);
    let other = TurnRequest::new("셋").user_id(OTHER_USER).tokens(login.access, login.refresh);
    send(&turns, other.workspace_of_or_new(FIRST)).await;
    turns.flush(DEADLINE).await;
    let workspaces = bench.store.stored().workspaces;
    let ids: std::collections::BTreeSet<_> = workspaces.iter().map(|w| &w.workspace_id).collect();
    assert_eq!((workspaces.len(), ids.len()), (4, 4));
}

/// A bench whose model replies `a`, `b` and `c`.
async fn bench() -> Bench {
    let bench = Bench::start().await;
    for reply in ["a", "b", "c"] {
        bench.llm.script("m stream", Script::chat([reply]));
    }
    bench
}

/// The store's answers to creations from now on.
fn creations(bench: &Bench, scripts: Value) {
    let scripts = json!({"create-workspace": scripts}).to_string();
    bench.store.fake().scripts_from_json(&scripts).unwrap();
}

fn refusal(status: u16, message: &str) -> Value {
    json!(FakeStore::refusal(status, message))
}

fn settings(bench: &Bench, outbox: Outbox) -> TurnsBuilder {
    bench.settings().outbox(outbox).workspace_wait(SHORT)
}

fn outboxes(folder: &Path) -> [Outbox; 2] {
    [Outbox::memory(), Outbox::open(folder.join("outbox.db")).unwrap()]
}

fn say(bench: &Bench, text: &str) -> TurnRequest {
    let login = bench.store.login(USER);
    TurnRequest::new(text).user_id(USER).tokens(login.access, login.refresh)
}

fn first(bench: &Bench) -> TurnRequest {
    say(bench, "하나").message_id(FIRST).new_workspace()
}

async fn send(turns: &Turns, request: TurnRequest) -> Read {
    let found = read(&mut turns.start(request)).await;
    assert!(found.error.is_none(), "{found:?}");
    found
}

/// Waits until this is true.
async fn until(is_true: impl Fn() -> bool) {
    let waiting = async {
        while !is_true() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(DEADLINE, waiting).await.expect("it becomes true");
}

/// The texts that the model was told last.
fn told(bench: &Bench) -> Vec<String> {
    let requests = bench.llm.requests();
    let asked = requests.iter().rfind(|request| request.json().unwrap()["stream"] == true);
    let messages = asked.unwrap().json().unwrap()["messages"].as_array().unwrap().clone();
    messages.iter().map(|message| message["content"].as_str().unwrap().to_owned()).collect()
}

/// Asserts that these messages are in the one new workspace.
fn assert_kept(bench: &Bench, messages: &[(String, String)]) {
    assert_eq!(bench.saved(), messages);
    let stored = bench.store.stored();
    assert_eq!(stored.workspaces.len(), 2, "{:?}", stored.workspaces);
    let id = &stored.workspaces[1].workspace_id;
    assert!(stored.messages.iter().all(|row| row.message["msgWorkspaceId"] == id.as_str()));
    assert_eq!(stored.counted(id), messages.len() as u64);
}

#[tokio::test]
async fn the_model_is_told_the_messages_of_a_workspace_that_has_no_name_yet() {
    let folder = tempfile::tempdir().unwrap();
    for outbox in outboxes(folder.path()) {
        let bench = bench().await;
        bench.llm.script("m whole", Script::new().wait_ms_before_headers(700));
        let turns = settings(&bench, outbox).workspace_wait(DEADLINE).build().unwrap();
        let mut one = turns.start(first(&bench));
        // Its end waits for the workspace.
        tokio::select! {
            _ = read(&mut one) => {}
            () = until(|| turns.outbox().unwrap().stats().accepted == 2) => {}
        }
        let other = say(&bench, "둘").workspace_of(FIRST).message_id(SECOND);
        let other = send(&turns, other).await;
        assert_eq!(told(&bench), ["하나", "a", "둘"]);
        let third = send(&turns, say(&bench, "셋").workspace_of(SECOND)).await;
        assert_eq!(told(&bench), ["하나", "a", "둘", "b", "셋"]);
        assert_eq!(counts(&turns.flush(DEADLINE).await), (6, 0, 0));
        let all = [user("하나"), ai("a"), user("둘"), ai("b"), user("셋"), ai("c")];
        assert_kept(&bench, &all);
        let workspace_id = bench.store.stored().workspaces[1].workspace_id.clone();
        let event = TurnEvent::Workspace { workspace_id };
        for read in [&other, &third] {
            assert!(read.events.contains(&event), "{read:?}");
        }
    }
}

#[tokio::test]
async fn a_store_that_is_down_gets_the_conversation_when_it_is_back() {
    let folder = tempfile::tempdir().unwrap();
    for outbox in outboxes(folder.path()) {
        let bench = bench().await;
        creations(&bench, refusal(503, "down"));
        let turns = settings(&bench, outbox).build().unwrap();
        send(&turns, first(&bench)).await;
        let found = send(&turns, say(&bench, "둘").workspace_of(FIRST)).await;
        assert_eq!(found.kinds(), ["content", "done"]);
        assert_eq!(told(&bench), ["하나", "a", "둘"]);
        creations(&bench, json!({"act": "pass"}));
        assert_eq!(counts(&turns.flush(DEADLINE).await), (4, 0, 0));
        assert_kept(&bench, &[user("하나"), ai("a"), user("둘"), ai("b")]);

        // The workspace exists from now on, and the store has its messages.
        let found = send(&turns, say(&bench, "셋").workspace_of(FIRST)).await;
        assert_eq!(found.kinds(), ["workspace", "content", "done"]);
        assert_eq!(told(&bench), ["하나", "a", "둘", "b", "셋"]);
    }
}

#[tokio::test]
async fn a_refused_token_lets_all_messages_of_the_workspace_wait_for_a_fresh_one() {
    let folder = tempfile::tempdir().unwrap();
    for outbox in outboxes(folder.path()) {
        let bench = bench().await;
        let turns = settings(&bench, outbox).build().unwrap();
        let stale = bench.store.login_for(USER, Duration::ZERO, Duration::ZERO);
        let request = TurnRequest::new("하나").message_id(FIRST).user_id(USER).new_workspace();
        send(&turns, request.tokens(stale.access, stale.refresh)).await;
        let state = || turns.outbox().unwrap().pending().unwrap()[0].state;
        until(|| state() == PendingState::NeedsToken).await;
        assert_eq!(counts(&turns.flush(Duration::ZERO).await), (0, 2, 0));
        send(&turns, say(&bench, "둘").workspace_of(FIRST)).await;
        assert_eq!(told(&bench), ["하나", "a", "둘"]);
        assert_eq!(counts(&turns.flush(DEADLINE).await), (4, 0, 0));
        assert_kept(&bench, &[user("하나"), ai("a"), user("둘"), ai("b")]);
    }
}

#[tokio::test]
async fn the_next_process_continues_a_conversation_that_one_which_has_ended_held() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("outbox.db");
    let bench = bench().await;
    bench.llm.script("m whole", Script::new().wait_ms_before_headers(600_000));
    let turns = settings(&bench, Outbox::open(&file).unwrap()).build().unwrap();
    send(&turns, first(&bench)).await;
    assert_eq!(turns.outbox().unwrap().pending().unwrap()[0].state, PendingState::Held);
    end(turns).await;

    creations(&bench, json!({"act": "pass", "wait_ms_before_headers": 300}));
    let turns = settings(&bench, Outbox::open(&file).unwrap()).build().unwrap();
    send(&turns, say(&bench, "둘").workspace_of(FIRST)).await;
    assert_eq!(told(&bench), ["하나", "a", "둘"]);
    let report = turns.flush(DEADLINE).await;
    assert_eq!(counts(&report), (4, 0, 0), "{:?}", turns.outbox().unwrap().pending());
    assert_kept(&bench, &[user("하나"), ai("a"), user("둘"), ai("b")]);
}

#[tokio::test]
async fn a_reader_in_another_process_is_told_the_workspace_that_is_being_created() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("outbox.db");
    let bench = bench().await;
    creations(&bench, json!({"act": "pass", "wait_ms_before_headers": 300}));
    let [one, other] = [0, 1].map(|_| {
        let settings = settings(&bench, Outbox::open(&file).unwrap());
        settings.workspace_wait(DEADLINE).build().unwrap()
    });
    let mut opening = one.start(first(&bench));
    let follow = say(&bench, "둘").workspace_of(FIRST);
    let (mut behind, mut again) = (other.start(follow), other.start(first(&bench)));
    let (opening, behind, again) =
        tokio::join!(read(&mut opening), read(&mut behind), read(&mut again));
    let workspace = |read: &Read| {
        read.events.iter().find(|event| event.kind() == "workspace").cloned().expect("told")
    };
    assert_eq!(workspace(&opening), workspace(&behind));
    assert_eq!(workspace(&opening), workspace(&again));
}

#[tokio::test]
async fn a_message_whose_workspace_is_lost_or_unknown_or_another_users_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for outbox in outboxes(folder.path()) {
        let bench = bench().await;
        creations(&bench, refusal(503, "down"));
        let turns = settings(&bench, outbox).build().unwrap();
        let refused = |request: TurnRequest, words: &str| {
            let error = turns.try_start(request).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidRequest);
            assert!(error.to_string().contains(words), "{error}");
        };
        refused(say(&bench, "둘").workspace_of(FIRST), "no message of the user");
        refused(say(&bench, "둘").workspace_of("first"), "no UUID");
        refused(TurnRequest::new("둘").workspace_of(FIRST), "needs the user's id");
        send(&turns, first(&bench)).await;
        let login = bench.store.login(OTHER_USER);
        let other = TurnRequest::new("둘").user_id(OTHER_USER).workspace_of(FIRST);
        refused(other.tokens(login.access, login.refresh), "no message of the user");
        creations(&bench, refusal(400, "no room"));
        assert_eq!(counts(&turns.flush(DEADLINE).await), (0, 0, 2));
        refused(say(&bench, "둘").workspace_of(FIRST), "no room");
    }
}

#[tokio::test]
async fn messages_behind_one_that_is_given_up_are_dead_and_requeued_with_it() {
    let folder = tempfile::tempdir().unwrap();
    for outbox in outboxes(folder.path()) {
        let bench = bench().await;
        creations(&bench, refusal(503, "down"));
        let turns = settings(&bench, outbox).build().unwrap();
        send(&turns, first(&bench)).await;
        send(&turns, say(&bench, "둘").workspace_of(FIRST)).await;
        creations(&bench, json!([refusal(400, "no room"), {"act": "pass"}]));
        assert_eq!(counts(&turns.flush(DEADLINE).await), (0, 0, 4));
        let outbox = turns.outbox().unwrap();
        for letter in outbox.dead_letters().unwrap() {
            assert!(letter.reason.contains("no room"), "{letter:?}");
            assert!(outbox.requeue(&letter.id).unwrap());
        }
        assert_eq!(counts(&turns.flush(DEADLINE).await), (4, 0, 0));
        assert_kept(&bench, &[user("하나"), ai("a"), user("둘"), ai("b")]);
    }
}

#[tokio::test]
async fn a_message_that_was_delivered_is_followed_by_its_user_alone() {
    let folder = tempfile::tempdir().unwrap();
    for outbox in outboxes(folder.path()) {
        let bench = bench().await;
        let turns = settings(&bench, outbox).build().unwrap();
        send(&turns, first(&bench)).await;
        send(&turns, say(&bench, "둘").workspace_of(FIRST).message_id(SECOND)).await;
        assert_eq!(counts(&turns.flush(DEADLINE).await), (4, 0, 0));
        let login = bench.store.login(OTHER_USER);
        for id in [FIRST, SECOND] {
            let other = TurnRequest::new("남").user_id(OTHER_USER).workspace_of(id);
            let other = other.tokens(login.access.clone(), login.refresh.clone());
            let error = turns.try_start(other).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidRequest);
            assert!(error.to_string().contains("no message of the user"), "{error}");
        }
        // The second one did not open the workspace, and is followed as well.
        send(&turns, say(&bench, "셋").workspace_of(SECOND)).await;
        // The store sorts by milliseconds.
        let mut told = told(&bench);
        told.sort_unstable();
        assert_eq!(told, ["a", "b", "둘", "셋", "하나"]);
    }
}
