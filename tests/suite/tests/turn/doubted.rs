//! A new workspace whose creation is not answered: the store is looked at before it is asked again.

use std::time::Duration;

use turnwire::conversation::StoreMessage;
use turnwire::{ChatStore, Turns};
use turnwire_fakes::{FakeStore, Framing, Script};

use super::{Bench, DEADLINE, MESSAGE, USER, ai, counts, read, user};

const SHORT: Duration = Duration::from_millis(50);

/// A connection that breaks before the answer.
fn breaks() -> Script {
    Script::new().framing(Framing::Raw).reset()
}

/// A bench whose store answers the first creation with this script, and an engine that does not wait for it.
async fn bench(creation: Script) -> (Bench, Turns) {
    bench_of([creation, Script::pass()]).await
}

async fn bench_of(creations: impl IntoIterator<Item = Script>) -> (Bench, Turns) {
    let bench = Bench::replying(Script::chat(["a"])).await;
    creations.into_iter().for_each(|each| bench.store.fake().script("create-workspace", each));
    let turns = bench.settings().workspace_wait(SHORT).build().unwrap();
    (bench, turns)
}

/// A client with the user's tokens.
fn client(bench: &Bench) -> ChatStore {
    let login = bench.store.login(USER);
    let store = ChatStore::builder(bench.store.url()).no_proxy();
    store.tokens(login.access, login.refresh).build().unwrap()
}

/// The ids of the workspaces that have the name of the message.
fn made(bench: &Bench) -> Vec<String> {
    let made = bench.store.stored().workspaces.into_iter();
    made.filter(|made| made.workspace_name == MESSAGE).map(|made| made.workspace_id).collect()
}

/// Asserts that both messages were saved in this workspace alone, and counted there.
fn assert_in(bench: &Bench, workspace: &str) {
    assert_eq!(bench.saved(), [user(MESSAGE), ai("a")]);
    let stored = bench.store.stored();
    assert!(stored.messages.iter().all(|row| row.message["msgWorkspaceId"] == workspace));
    assert_eq!(stored.counted(workspace), 2);
    let sessions = stored.sessions.iter().filter(|one| one.session_workspace_id == workspace);
    assert_eq!(sessions.count(), 1);
}

#[tokio::test]
async fn a_workspace_whose_answer_was_lost_is_found_and_takes_both_messages() {
    let gateway = |status| FakeStore::refusal(status, "no").after_commit();
    for lost in [breaks().after_commit(), gateway(502), gateway(504)] {
        let (bench, turns) = bench(lost).await;
        read(&mut turns.start(bench.ask_anew())).await;
        assert_eq!(counts(&turns.flush(DEADLINE).await), (2, 0, 0));
        assert_eq!(bench.calls("POST /api/workspace/create"), 1);
        let [workspace] = made(&bench).try_into().unwrap();
        assert_in(&bench, &workspace);
    }
}

#[tokio::test]
async fn a_request_that_the_store_never_got_is_sent_again() {
    for lost in [breaks(), FakeStore::refusal(502, "no"), FakeStore::refusal(504, "no")] {
        let (bench, turns) = bench(lost).await;
        read(&mut turns.start(bench.ask_anew())).await;
        assert_eq!(counts(&turns.flush(DEADLINE).await), (2, 0, 0));
        assert_eq!(bench.calls("POST /api/workspace/create"), 2);
        let [workspace] = made(&bench).try_into().unwrap();
        assert_in(&bench, &workspace);
    }
}

#[tokio::test]
async fn a_store_that_cannot_be_looked_at_is_looked_at_again() {
    let (bench, turns) = bench(breaks().after_commit()).await;
    for trouble in [breaks(), FakeStore::refusal(500, "no"), FakeStore::refusal(503, "no")] {
        bench.store.fake().script("workspaces", trouble);
    }
    bench.store.fake().script("workspaces", Script::pass());
    bench.store.fake().script("session", FakeStore::refusal(500, "no"));
    bench.store.fake().script("session", Script::pass());
    bench.store.fake().script("history", breaks());
    bench.store.fake().script("history", Script::pass());
    read(&mut turns.start(bench.ask_anew())).await;
    assert_eq!(counts(&turns.flush(DEADLINE).await), (2, 0, 0), "{:?}", turns.outbox());
    assert_eq!(bench.calls("POST /api/workspace/create"), 1);
    let [workspace] = made(&bench).try_into().unwrap();
    assert_in(&bench, &workspace);
}

#[tokio::test]
async fn a_store_that_does_not_let_the_user_look_leaves_the_decision_to_a_person() {
    let (bench, turns) = bench(breaks().after_commit()).await;
    bench.store.fake().script("workspaces", FakeStore::refusal(403, "no"));
    read(&mut turns.start(bench.ask_anew())).await;
    assert_eq!(counts(&turns.flush(DEADLINE).await), (0, 0, 2));
    for letter in turns.outbox().unwrap().dead_letters().unwrap() {
        assert!(letter.reason.contains("may have created it"), "{letter:?}");
    }
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_leaves_the_decision_to_a_person() {
    let unreadable = Script::body(serde_json::json!({"success": true, "data": {}})).status(201);
    let (bench, turns) = bench(unreadable.after_commit()).await;
    read(&mut turns.start(bench.ask_anew())).await;
    assert_eq!(counts(&turns.flush(DEADLINE).await), (0, 0, 2));
    assert_eq!(bench.calls("POST /api/workspace/create"), 1);
}

#[tokio::test]
async fn a_workspace_that_is_used_or_old_is_not_the_one_that_is_looked_for() {
    let bench = Bench::replying(Script::chat(["a"])).await;
    let store = client(&bench);
    let named = async |name: &str| store.create_workspace(USER, name).await.unwrap().id;
    let with_message = named(MESSAGE).await;
    let message = StoreMessage::from_user(&with_message, USER, MESSAGE, 1);
    store.save(&message).await.unwrap();
    let with_session = named(MESSAGE).await;
    store.start_session(&with_session, USER).await.unwrap();
    let of_another_name = named("다른 이름").await;
    let of_another_time = named(MESSAGE).await;
    let mut listed = serde_json::json!(bench.store.stored().workspaces);
    listed.as_array_mut().unwrap().last_mut().unwrap()["workspaceCreatedAt"] = 1.into();
    let listed = serde_json::json!({"success": true, "data": listed});
    bench.store.fake().script("workspaces", Script::body(listed));
    bench.store.fake().script("create-workspace", breaks());
    bench.store.fake().script("create-workspace", Script::pass());
    let turns = bench.settings().workspace_wait(SHORT).build().unwrap();

    read(&mut turns.start(bench.ask_anew())).await;
    assert_eq!(counts(&turns.flush(DEADLINE).await), (2, 0, 0));
    let stored = bench.store.stored();
    let workspace = &stored.workspaces.last().unwrap().workspace_id;
    let others = [with_message, with_session, of_another_name, of_another_time];
    assert!(!others.contains(workspace), "{:?}", stored.workspaces);
    assert_eq!(stored.counted(workspace), 2);
    assert_eq!(stored.messages.len(), 3);
}

#[tokio::test]
async fn a_workspace_that_only_a_clock_excludes_is_a_persons_to_decide() {
    let bench = Bench::replying(Script::chat(["a"])).await;
    client(&bench).create_workspace(USER, MESSAGE).await.unwrap();
    let mut listed = serde_json::json!(bench.store.stored().workspaces);
    // As a store west of Greenwich writes it, without a zone.
    let made = listed.as_array_mut().unwrap().last_mut().unwrap();
    let made_at = made["workspaceCreatedAt"].as_i64().unwrap();
    made["workspaceCreatedAt"] = (made_at - 9 * 3_600_000).into();
    let listed = serde_json::json!({"success": true, "data": listed});
    bench.store.fake().script("workspaces", Script::body(listed));
    bench.store.fake().script("create-workspace", breaks());
    let turns = bench.settings().workspace_wait(SHORT).build().unwrap();
    read(&mut turns.start(bench.ask_anew())).await;
    assert_eq!(counts(&turns.flush(DEADLINE).await), (0, 0, 2));
    assert_eq!(bench.calls("POST /api/workspace/create"), 2);
    for letter in turns.outbox().unwrap().dead_letters().unwrap() {
        assert!(letter.reason.contains("check the store"), "{letter:?}");
    }
}

#[tokio::test]
async fn a_workspace_of_another_conversation_that_is_not_delivered_yet_is_not_taken_from_it() {
    let (bench, turns) = bench_of([Script::pass(), breaks(), Script::pass()]).await;
    for session in [FakeStore::refusal(500, "no"), Script::pass()] {
        bench.store.fake().script("start-session", session);
    }
    bench.store.fake().script("save", FakeStore::refusal(503, "no"));
    let is_made = |calls| {
        let is_create = |path: &str| path == "/api/workspace/create";
        move |log: &turnwire_fakes::Log| {
            log.requests.iter().filter(|request| is_create(&request.path)).count() == calls
        }
    };
    for calls in [1, 2] {
        read(&mut turns.start(bench.ask_anew())).await;
        bench.store.fake().wait_for(is_made(calls)).await;
    }
    bench.store.fake().wait_for(is_made(3)).await;
    bench.store.fake().scripts_from_json(r#"{"save": {"act": "pass"}}"#).unwrap();
    assert_eq!(counts(&turns.flush(DEADLINE).await), (4, 0, 0));
    let workspaces = made(&bench);
    assert_eq!(workspaces.len(), 2);
    let stored = bench.store.stored();
    for workspace in &workspaces {
        let rows = stored.messages.iter();
        let mine = rows.filter(|row| row.message["msgWorkspaceId"] == workspace.as_str());
        assert_eq!(mine.count(), 2, "{:?}", stored.messages);
    }
}
