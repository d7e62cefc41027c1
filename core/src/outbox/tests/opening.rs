//! Conversations that their first record opens: every backend, and the worker.

use std::time::Duration;

use serde_json::json;

use super::backends::{Scratch, assert_balanced, disk, ids, memory, new_record, on_each};
use super::stage::{Act, Script, Stage, dead, unreachable};
use crate::outbox::opener::Opened;
use crate::outbox::opening::Opening;
use crate::outbox::state::AttemptState;
use crate::outbox::storage::{Ahead, Backend, ClaimedRecord, NewRecord, Transition};
use crate::outbox::{Outbox, Outcome, PendingState};

pub(super) const SECOND: Duration = Duration::from_secs(1);
pub(super) const MINUTE: Duration = Duration::from_secs(60);
pub(super) const DELIVERED: Transition =
    Transition::Delivered { poisoned: Vec::new(), continue_conversation: true };

pub(super) fn plan() -> serde_json::Value {
    json!({"name": "a new one"})
}

pub(super) fn first() -> NewRecord {
    let payload = r#"{"text":"first","place":"new-1"}"#.to_owned();
    NewRecord { payload, opening: Some(Opening::Planned(plan())), ..new_record("new-1", "first") }
}

fn behind() -> NewRecord {
    let payload = r#"{"text":"behind","place":"new-1"}"#.to_owned();
    NewRecord {
        payload,
        opening: Some(Opening::Behind("first".into())),
        ..new_record("new-1", "behind")
    }
}

fn claim_one(backend: &mut dyn Backend) -> ClaimedRecord {
    let mut claimed = backend.claim(9, 5).unwrap();
    assert_eq!(claimed.len(), 1, "{claimed:?}");
    claimed.remove(0)
}

pub(super) fn died(reason: &str) -> Transition {
    let attempt = AttemptState { failures: 1, ..AttemptState::default() };
    Transition::Dead { attempt, reason: reason.into(), continue_conversation: true }
}

#[test]
fn a_conversation_that_is_opened_takes_its_name_its_payloads_and_its_claim_along() {
    on_each(|backend| {
        backend.insert(&[first(), behind()], 0).unwrap();
        let mut claimed = claim_one(backend);
        claimed.opening = Some(Opening::Requested(plan()));
        assert!(backend.save_opening(&claimed, 1).unwrap());
        let opened = Opening::Opened(plan());
        let claimed = backend.open(&claimed, "ws-1", &opened, 1).unwrap().unwrap();
        assert_eq!(
            (claimed.conversation.as_str(), claimed.opening.as_ref()),
            ("ws-1", Some(&opened))
        );
        assert_eq!(claimed.payload, r#"{"text":"first","place":"ws-1"}"#);
        assert_eq!(backend.claim(9, 5).unwrap(), [], "it is claimed still");
        let next = backend.settle(&claimed, &DELIVERED, 2).unwrap().next.unwrap();
        assert_eq!((next.id.as_str(), next.opening.as_ref()), ("behind", None));
        assert_eq!(next.payload, r#"{"text":"behind","place":"ws-1"}"#);
        backend.settle(&next, &DELIVERED, 3).unwrap();
        assert_balanced(backend);
    });
}

#[test]
fn a_record_that_comes_late_follows_the_one_that_opened_its_conversation() {
    for is_delivered in [false, true] {
        on_each(|backend| {
            backend.insert(&[first()], 0).unwrap();
            let claimed = claim_one(backend);
            let claimed = backend.open(&claimed, "ws-1", &Opening::Begun, 1).unwrap().unwrap();
            if is_delivered {
                backend.settle(&claimed, &DELIVERED, 2).unwrap();
            }
            backend.insert(&[behind()], 3).unwrap();
            let row = backend.pending(9).unwrap().pop().unwrap();
            assert_eq!((row.id.as_str(), row.conversation.as_str()), ("behind", "ws-1"));
            if !is_delivered {
                let next = backend.settle(&claimed, &DELIVERED, 4).unwrap().next.unwrap();
                backend.unclaim(&next, 4).unwrap();
            }
            assert_eq!(claim_one(backend).payload, r#"{"text":"behind","place":"ws-1"}"#);
            assert_balanced(backend);
        });
    }
}

#[test]
fn a_record_behind_one_that_waits_itself_follows_the_one_that_opens() {
    on_each(|backend| {
        backend.insert(&[first(), behind()], 0).unwrap();
        let opens = Ahead::Opens { name: "new-1".into(), opener: "first".into() };
        let last = NewRecord {
            payload: r#"{"place":"new-2"}"#.to_owned(),
            opening: Some(Opening::Behind("behind".into())),
            ..new_record("new-2", "last")
        };
        backend.insert(&[last], 0).unwrap();
        for id in ["first", "behind", "last"] {
            assert_eq!(backend.ahead(id).unwrap(), opens, "{id}");
        }
        let claimed = claim_one(backend);
        backend.settle(&claimed, &died("no place"), 1).unwrap();
        for id in ["first", "behind", "last"] {
            assert_eq!(backend.ahead(id).unwrap(), Ahead::Dead("no place".into()), "{id}");
        }

        // Each is requeued, the last one first, and still follows.
        assert!(backend.requeue("last", 2).unwrap());
        let alone = claim_one(backend);
        assert!(matches!(alone.opening, Some(Opening::Unopened { .. })), "{alone:?}");
        backend.settle(&alone, &died("no place"), 2).unwrap();
        for id in ["first", "behind", "last"] {
            assert!(backend.requeue(id, 3).unwrap());
        }
        let claimed = claim_one(backend);
        let claimed = backend.open(&claimed, "ws-1", &Opening::Begun, 4).unwrap().unwrap();
        for id in ["first", "behind", "last"] {
            assert_eq!(backend.ahead(id).unwrap(), Ahead::In("ws-1".into()), "{id}");
        }
        let next = backend.settle(&claimed, &DELIVERED, 5).unwrap().next.unwrap();
        let next = backend.settle(&next, &DELIVERED, 5).unwrap().next.unwrap();
        assert_eq!((next.id.as_str(), next.payload.as_str()), ("last", r#"{"place":"ws-1"}"#));
        assert_balanced(backend);
    });
}

#[test]
fn a_record_that_cannot_open_its_conversation_takes_all_behind_it_along() {
    on_each(|backend| {
        backend.insert(&[first(), behind()], 0).unwrap();
        let mut claimed = claim_one(backend);
        claimed.opening = Some(Opening::Requested(plan()));
        backend.save_opening(&claimed, 1).unwrap();
        let settled = backend.settle(&claimed, &died("no place"), 2).unwrap();
        let letters = ["first", "behind"].map(|id| (id.to_owned(), "no place".to_owned()));
        assert_eq!((settled.died, settled.next), (letters.to_vec(), None));
        let letters = backend.dead(9).unwrap();
        assert!(letters.iter().all(|letter| letter.reason == "no place"), "{letters:?}");
        assert_balanced(backend);

        // A record that arrives late receives the reason.
        let late = NewRecord { id: "late".into(), ..behind() };
        backend.insert(&[late], 3).unwrap();
        let late = claim_one(backend);
        let reason = "no place".to_owned();
        assert_eq!(late.opening, Some(Opening::Unopened { behind: "first".into(), reason }));
        backend.settle(&late, &died("no place"), 4).unwrap();

        // After a person requeues them, they start over.
        for id in ["first", "behind", "late"] {
            assert!(backend.requeue(id, 5).unwrap());
        }
        let claimed = claim_one(backend);
        assert_eq!(
            (claimed.id.as_str(), &claimed.opening),
            ("first", &Some(Opening::Planned(plan())))
        );
        let claimed = backend.open(&claimed, "ws-2", &Opening::Begun, 6).unwrap().unwrap();
        let next = backend.settle(&claimed, &DELIVERED, 7).unwrap().next.unwrap();
        assert_eq!((next.id.as_str(), next.conversation.as_str()), ("behind", "ws-2"));
        assert_balanced(backend);
    });
}

#[test]
fn a_conversation_that_exists_under_the_name_keeps_its_order_and_its_claim() {
    on_each(|backend| {
        super::backends::put(backend, &[("ws-1", "older")], 0);
        backend.insert(&[first()], 0).unwrap();
        let mut claimed = backend.claim(9, 5).unwrap();
        claimed.sort_by(|a, b| a.id.cmp(&b.id));
        assert_eq!(ids(&claimed), ["first", "older"]);
        let opened = backend.open(&claimed[0], "ws-1", &Opening::Begun, 6).unwrap();
        assert_eq!(opened, None, "the other delivery goes first");
        let next = backend.settle(&claimed[1], &DELIVERED, 7).unwrap().next.unwrap();
        assert_eq!((next.id.as_str(), &next.opening), ("first", &Some(Opening::Begun)));
        assert_balanced(backend);
    });
}

#[test]
fn what_a_process_held_with_a_plan_is_anybodys_when_it_has_died() {
    let scratch = Scratch::new();
    let mut dying = disk(&scratch.file());
    let planned = NewRecord { is_held: true, ..first() };
    let held = NewRecord { is_held: true, ..new_record("other", "held") };
    dying.insert(&[planned, behind(), held], 0).unwrap();
    assert_eq!(dying.claim(9, 5).unwrap(), []);
    drop(dying);

    let mut next = disk(&scratch.file());
    assert_eq!(claim_one(&mut next).id, "first");
    let states: Vec<_> = next.pending(9).unwrap().into_iter().map(|row| row.state).collect();
    assert_eq!(states, [PendingState::Sending, PendingState::Queued, PendingState::Held]);
    assert_balanced(&mut next);
}

#[test]
fn what_was_opened_in_memory_is_known_in_the_file() {
    let (scratch, mut memory) = (Scratch::new(), memory());
    memory.insert(&[first()], 0).unwrap();
    let claimed = claim_one(&mut memory);
    let claimed = memory.open(&claimed, "ws-1", &Opening::Begun, 1).unwrap().unwrap();
    memory.settle(&claimed, &DELIVERED, 2).unwrap();
    let mut disk = disk(&scratch.file());
    disk.import(&memory.movable(), 3).unwrap();
    disk.insert(&[behind()], 4).unwrap();
    assert_eq!(claim_one(&mut disk).conversation, "ws-1");
    assert_balanced(&mut disk);
}

/// Both records, in a process with this script.
pub(super) fn put(stage: &Stage) {
    for record in [first(), behind()] {
        stage.put_record(NewRecord { attempt: stage.born(), ..record });
    }
}

#[tokio::test(start_paused = true)]
async fn a_place_is_opened_then_begun_and_then_gets_its_records() {
    let script = Script::default();
    script.opens(&[Opened::As("ws-1".into())]);
    let stage = Stage::memory(&script);
    put(&stage);
    stage.until_done().await;
    assert_eq!(script.opened(), ["open new-1", "begin ws-1"]);
    assert_eq!(script.places(), ["first ws-1", "behind ws-1"]);
}

#[tokio::test(start_paused = true)]
async fn an_opening_that_certainly_did_nothing_is_tried_until_it_succeeds() {
    let scratch = Scratch::new();
    for path in [None, Some(scratch.file())] {
        let script = Script::default();
        let refused = |act| match act {
            Act::Is(outcome) => Opened::Not(outcome),
            other => panic!("{other:?}"),
        };
        let mut answers = vec![refused(unreachable()); 6];
        answers.push(Opened::Not(Outcome::NeedsToken));
        answers.push(Opened::As("ws-1".into()));
        script.opens(&answers);
        let stage = match path {
            Some(path) => Stage::file(&path, &script),
            None => Stage::memory(&script),
        };
        put(&stage);
        stage.until_done().await;
        assert_eq!(script.opened().len(), 9);
        assert_eq!((stage.counters().0.delivered, stage.counters().0.dead), (2, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn a_place_is_begun_again_until_the_service_is_reached_also_by_the_next_process() {
    let scratch = Scratch::new();
    for is_killed in [false, true] {
        let script = Script::default();
        script.opens(&[Opened::As("ws-1".into())]);
        script.begins_later(if is_killed { usize::MAX } else { 3 });
        let file = scratch.file().with_extension(if is_killed { "killed" } else { "db" });
        let mut stage = Stage::file(&file, &script);
        put(&stage);
        stage.until(MINUTE, |stage| stage.script.opened().len() > 3).await;
        if is_killed {
            stage.kill().await;
            script.begins_later(0);
            stage = Stage::file(&file, &script);
        }
        stage.until_done().await;
        let opened = script.opened();
        assert_eq!(opened[..2], ["open new-1", "begin ws-1"]);
        assert!(opened[2..].iter().all(|step| step == "begin ws-1 again"), "{opened:?}");
        assert_eq!(script.places(), ["first ws-1", "behind ws-1"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_process_that_dies_between_the_answer_and_the_delivery_leaves_the_rest_to_the_next() {
    let (scratch, script) = (Scratch::new(), Script::default());
    script.opens(&[Opened::As("ws-1".into())]);
    script.otherwise(Some(Act::Hangs));
    let stage = Stage::file(&scratch.file(), &script);
    put(&stage);
    stage.until(10 * SECOND, |stage| stage.script.calls_of("first") == 1).await;
    stage.kill().await;
    script.otherwise(None);
    let stage = Stage::file(&scratch.file(), &script);
    stage.until_done().await;
    assert_eq!(script.opened(), ["open new-1", "begin ws-1"]);
    assert_eq!(script.delivered(), ["first", "behind"]);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_cannot_be_written_down_is_not_sent_and_an_answer_that_cannot_be_is_kept() {
    let (scratch, script) = (Scratch::new(), Script::default());
    script.opens(&[Opened::As("ws-1".into())]);
    let stage = Stage::file(&scratch.file(), &script);
    stage.put("a", "a1");
    stage.until_done().await;
    // It is in the file, which is full when its request is written.
    let disk = |is_full| stage.shared.backend().disk().pretend_full(is_full);
    put(&stage);
    disk(true);
    stage.pass(MINUTE).await;
    assert_eq!(script.opened(), [""; 0]);
    disk(false);
    stage.until_done().await;
    assert_eq!(script.opened(), ["open new-1", "begin ws-1"]);
}

#[tokio::test(start_paused = true)]
async fn a_first_message_that_the_service_refuses_leaves_the_place_to_the_others() {
    let script = Script::default();
    script.opens(&[Opened::As("ws-1".into())]);
    script.on("first", &[dead()]);
    let stage = Stage::memory(&script);
    put(&stage);
    stage.until_done().await;
    assert_eq!((script.delivered(), stage.counters().0.dead), (vec!["behind".to_owned()], 1));
}

#[tokio::test(start_paused = true)]
async fn without_anything_that_opens_conversations_the_others_go_on_until_there_is_an_opener() {
    let scratch = Scratch::new();
    for builder in [Outbox::builder(), Outbox::builder().path(scratch.file())] {
        let script = Script::default();
        let stage = Stage::new(builder, &script);
        for n in 0..10 {
            let (conversation, attempt) = (format!("new-{n}"), stage.born());
            stage.put_record(NewRecord { id: n.to_string(), conversation, attempt, ..first() });
        }
        stage.pass(SECOND).await;
        // Ten records that wait are no failures of the service.
        stage.put("b", "b1");
        stage.until(SECOND, |stage| stage.script.delivered() == ["b1"]).await;
        let rows = stage.shared.backend().pending(99).unwrap();
        for row in &rows {
            assert!(row.reason.as_ref().unwrap().contains("attach the store"), "{rows:?}");
        }
        let places: Vec<_> = (0..10).map(|n| Opened::As(format!("ws-{n}"))).collect();
        script.opens(&places);
        stage.shared.wake.notify_one();
        stage.until(SECOND, |stage| stage.script.delivered().len() == 11).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_record_whose_first_one_was_discarded_is_dead() {
    let script = Script::default();
    script.opens(&[Opened::As("ws-1".into())]);
    let stage = Stage::memory(&script);
    stage.put_record(NewRecord { is_held: true, ..first() });
    assert!(stage.shared.backend().discard("first", 1).unwrap());
    stage.put_record(behind());
    stage.until_done().await;
    let letters = stage.shared.backend().dead(9).unwrap();
    assert!(letters[0].reason.contains("is gone"), "{letters:?}");
}
