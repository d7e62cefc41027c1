//! A first message that is sent again, as after a lost connection: every turn of it tells the one workspace.

use std::time::Duration;

use turnwire::turn::{StageName, StageOutcome};
use turnwire::{ErrorKind, Outbox, TurnEvent, TurnRequest};
use turnwire_fakes::{FakeStore, Script};

use super::{Bench, DEADLINE, MESSAGE, Read, ai, counts, read, user};

const MESSAGE_ID: &str = "0b1e55ed-0000-4000-8000-0000000000aa";
const REPLY_ID: &str = "0b1e55ed-0000-4000-8000-0000000000bb";

fn ask(bench: &Bench) -> TurnRequest {
    bench.ask_anew().message_id(MESSAGE_ID).reply_id(REPLY_ID)
}

/// The workspaces that a turn told.
fn workspaces(read: &Read) -> Vec<&TurnEvent> {
    read.events.iter().filter(|event| event.kind() == "workspace").collect()
}

fn outboxes(folder: &std::path::Path) -> [Outbox; 2] {
    [Outbox::memory(), Outbox::open(folder.join("outbox.db")).unwrap()]
}

#[tokio::test]
async fn every_turn_is_told_the_workspace_that_is_being_created() {
    let folder = tempfile::tempdir().unwrap();
    for outbox in outboxes(folder.path()) {
        let bench = Bench::replying(Script::chat(["a"])).await;
        bench.store.fake().script("create-workspace", Script::pass().wait_ms_before_headers(100));
        let turns = bench.settings().outbox(outbox).build().unwrap();
        let [mut first, mut second] = [0, 1].map(|_| turns.start(ask(&bench)));
        let (first, second) = tokio::join!(read(&mut first), read(&mut second));
        assert_eq!(workspaces(&first).len(), 1, "{first:?}");
        assert_eq!(workspaces(&first), workspaces(&second));
        turns.flush(DEADLINE).await;
        assert_eq!(bench.saved(), [user(MESSAGE), ai("a")]);
        assert_eq!(bench.calls("POST /api/workspace/create"), 1);
    }
}

#[tokio::test]
async fn a_turn_is_told_the_workspace_of_a_message_that_was_delivered() {
    let folder = tempfile::tempdir().unwrap();
    for outbox in outboxes(folder.path()) {
        let bench = Bench::replying(Script::chat(["a"])).await;
        let turns = bench.settings().outbox(outbox).build().unwrap();
        let first = read(&mut turns.start(ask(&bench))).await;
        assert_eq!(turns.flush(DEADLINE).await.delivered, 2);
        let second = read(&mut turns.start(ask(&bench))).await;
        assert_eq!(workspaces(&second).len(), 1, "{second:?}");
        assert_eq!(workspaces(&first), workspaces(&second));
    }
}

#[tokio::test]
async fn a_turn_of_a_message_whose_workspace_was_given_up_says_so_and_waits_for_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for outbox in outboxes(folder.path()) {
        let bench = Bench::replying(Script::chat(["a"])).await;
        bench.store.fake().script("create-workspace", FakeStore::refusal(400, "no room"));
        let settings = bench.settings().outbox(outbox).workspace_wait(Duration::from_secs(600));
        let turns = settings.build().unwrap();
        read(&mut turns.start(ask(&bench))).await;
        assert_eq!(counts(&turns.flush(DEADLINE).await), (0, 0, 2));
        let mut turn = turns.start(ask(&bench));
        let second = tokio::time::timeout(DEADLINE, read(&mut turn)).await.unwrap();
        assert_eq!(second.kinds(), ["content", "done"]);
        turns.flush(DEADLINE).await;
        for stage in [StageName::SaveUser, StageName::SaveAi] {
            let timeline = turn.timeline();
            let outcome = &timeline.stage(stage).unwrap().outcome;
            let is_told = matches!(outcome, StageOutcome::Failed(why) if why.contains("no room"));
            assert!(is_told, "{stage:?}: {outcome:?}");
        }
    }
}

#[tokio::test]
async fn a_turn_in_another_process_is_told_the_workspace_from_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("outbox.db");
    let bench = Bench::replying(Script::chat(["a"])).await;
    let [one, other] = [0, 1].map(|_| {
        let outbox = Outbox::open(&file).unwrap();
        bench.settings().outbox(outbox).build().unwrap()
    });
    let first = read(&mut one.start(ask(&bench))).await;
    let second = read(&mut other.start(ask(&bench))).await;
    assert_eq!(workspaces(&second).len(), 1, "{second:?}");
    assert_eq!(workspaces(&first), workspaces(&second));
}

#[tokio::test]
async fn another_users_message_is_never_replaced() {
    const OTHER_USER: &str = "0b1e55ed-0000-4000-8000-000000000002";
    let folder = tempfile::tempdir().unwrap();
    for outbox in outboxes(folder.path()) {
        let bench = Bench::replying(Script::chat(["a"])).await;
        let turns = bench.settings().outbox(outbox).build().unwrap();
        let login = bench.store.login(OTHER_USER);
        let other = || {
            let request = TurnRequest::new("남").user_id(OTHER_USER).new_workspace();
            request.tokens(login.access.clone(), login.refresh.clone())
        };
        bench.store.fake().script("create-workspace", Script::pass().wait_ms_before_headers(100));
        read(&mut turns.start(ask(&bench))).await;
        // While they wait, and after they are delivered.
        for _ in 0..2 {
            for request in [other().message_id(MESSAGE_ID), other().reply_id(REPLY_ID)] {
                let error = turns.try_start(request).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::InvalidRequest);
                assert!(error.to_string().contains("another user's message"), "{error}");
            }
            turns.flush(DEADLINE).await;
        }
        assert_eq!(bench.saved(), [user(MESSAGE), ai("a")]);
    }
}
