//! A session that is not started at once: without it no message of the conversation is counted.

use std::time::Duration;

use turnwire::Turns;
use turnwire_fakes::{FakeStore, Framing, Script};

use super::{Bench, DEADLINE, MESSAGE, ai, counts, read, user};

/// A connection that breaks before the answer.
fn breaks() -> Script {
    Script::new().framing(Framing::Raw).reset()
}

/// A bench whose store answers the requests for a session with these scripts; the last one repeats.
async fn bench(starts: impl IntoIterator<Item = Script>) -> (Bench, Turns) {
    let bench = Bench::replying(Script::chat(["a"])).await;
    starts.into_iter().for_each(|start| bench.store.fake().script("start-session", start));
    let turns = bench.settings().workspace_wait(Duration::from_millis(50)).build().unwrap();
    (bench, turns)
}

/// Asserts that both messages were saved, and so many of them counted, after so many requests for a session.
async fn assert_kept(bench: &Bench, turns: &Turns, counted: usize, starts: usize) {
    assert_eq!(
        counts(&turns.flush(DEADLINE).await),
        (2, 0, 0),
        "{:?}",
        turns.outbox().unwrap().pending()
    );
    assert_eq!(bench.saved(), [user(MESSAGE), ai("a")]);
    assert_eq!(bench.calls("POST /api/session/start"), starts);
    let stored = bench.store.stored();
    let [_, workspace] = &stored.workspaces[..] else { panic!("{:?}", stored.workspaces) };
    assert_eq!(stored.counted(&workspace.workspace_id), counted as u64);
}

#[tokio::test]
async fn a_session_that_the_store_did_not_start_is_started_before_the_first_message() {
    for lost in [
        breaks(),
        FakeStore::refusal(502, "no"),
        FakeStore::refusal(503, "no"),
        FakeStore::refusal(504, "no"),
    ] {
        let (bench, turns) = bench([lost.clone(), lost, Script::pass()]).await;
        read(&mut turns.start(bench.ask_anew())).await;
        assert_kept(&bench, &turns, 2, 3).await;
    }
}

#[tokio::test]
async fn a_session_that_was_started_without_an_answer_is_found() {
    for lost in [breaks().after_commit(), FakeStore::refusal(504, "no").after_commit()] {
        let (bench, turns) = bench([lost]).await;
        read(&mut turns.start(bench.ask_anew())).await;
        assert_kept(&bench, &turns, 2, 1).await;
    }
}

#[tokio::test]
async fn a_store_that_never_starts_one_keeps_no_message_waiting() {
    for (never, starts) in [
        (breaks(), 3),
        (FakeStore::refusal(503, "no"), 3),
        (FakeStore::refusal(500, "no"), 1),
        (FakeStore::refusal(404, "no"), 1),
    ] {
        let (bench, turns) = bench([never.clone(), never]).await;
        read(&mut turns.start(bench.ask_anew())).await;
        assert_kept(&bench, &turns, 0, starts).await;
    }
}
