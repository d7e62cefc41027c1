//! Conversations whose place was requested without an answer: they are looked for before they are requested again.

use std::path::Path;
use std::time::Duration;

use super::backends::{Scratch, assert_balanced, disk, new_record, on_each, put as put_each};
use super::opening::{DELIVERED, MINUTE, SECOND, died, first, plan, put};
use super::stage::{Act, Script, Stage};
use crate::outbox::opener::Opened;
use crate::outbox::opening::Opening;
use crate::outbox::storage::{Adopted, Backend, NewRecord};
use crate::outbox::{Delivery, Outcome};

/// A stage whose first request has no answer: its process is killed, the opener never returns, or says so.
async fn doubted(file: &Path, script: &Script, about: &str) -> Stage {
    let lost = Opened::Lost(unavailable());
    script.opens(if about == "says so" { std::slice::from_ref(&lost) } else { &[] });
    let mut stage = Stage::file(file, script);
    put(&stage);
    stage.until(SECOND, |stage| !stage.script.opened().is_empty()).await;
    if about == "killed" {
        stage.kill().await;
        stage = Stage::file(file, script);
    }
    stage
}

fn unavailable() -> Outcome {
    Outcome::unavailable("no answer")
}

const DOUBTS: [&str; 3] = ["killed", "hangs", "says so"];

#[tokio::test(start_paused = true)]
async fn a_place_whose_request_has_no_answer_is_looked_for_after_a_while_and_not_requested_again() {
    for about in DOUBTS {
        let (scratch, script) = (Scratch::new(), Script::default());
        let stage = doubted(&scratch.file(), &script, about).await;
        let began = tokio::time::Instant::now();
        script.opens(&[Opened::Not(unavailable()), Opened::Found("ws-1".into())]);
        stage.until(5 * MINUTE, |stage| stage.script.opened().len() > 1).await;
        assert!(began.elapsed() > 4 * SECOND, "{about}: {:?}", began.elapsed());
        stage.until_done().await;
        let steps = ["open new-1", "look new-1", "look new-1", "begin ws-1"];
        assert_eq!(script.opened(), steps, "{about}");
        assert_eq!(script.places(), ["first ws-1", "behind ws-1"], "{about}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_place_that_is_not_found_is_requested_again_and_looked_for_again_if_that_has_no_answer() {
    for about in DOUBTS {
        let (scratch, script) = (Scratch::new(), Script::default());
        let stage = doubted(&scratch.file(), &script, about).await;
        script.opens(&[Opened::Lost(unavailable()), Opened::As("ws-1".into())]);
        stage.until_done().await;
        let [open, look] = ["open new-1", "look new-1"];
        assert_eq!(script.opened(), [open, look, open, look, open, "begin ws-1"], "{about}");
        assert_eq!(script.delivered(), ["first", "behind"], "{about}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_place_that_nobody_can_look_for_is_a_persons_to_decide() {
    for about in DOUBTS {
        let (scratch, script) = (Scratch::new(), Script::default());
        let stage = doubted(&scratch.file(), &script, about).await;
        script.opens(&[Opened::InDoubt("in doubt".into())]);
        stage.until_done().await;
        assert_eq!(script.opened(), ["open new-1", "look new-1"], "{about}");
        let letters = stage.shared.backend().dead(9).unwrap();
        let reasons: Vec<_> = letters.iter().map(|letter| letter.reason.as_str()).collect();
        assert_eq!(reasons, ["in doubt"; 2], "{about}");

        // Then the person has looked.
        script.opens(&[Opened::As("ws-1".into())]);
        for id in ["first", "behind"] {
            assert!(stage.shared.backend().requeue(id, stage.shared.clock.now()).unwrap());
        }
        stage.shared.wake_if_idle();
        stage.until_done().await;
        assert_eq!(script.opened()[2..], ["open new-1", "begin ws-1"], "{about}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_place_that_is_found_by_two_conversations_is_the_one_that_named_itself_first() {
    let (scratch, script) = (Scratch::new(), Script::default());
    let stage = doubted(&scratch.file(), &script, "says so").await;
    // Another conversation takes the place while it is looked for, and waits for its delivery.
    script.on("older", &[Act::Is(Outcome::NeedsToken)]);
    stage.put("ws-1", "older");
    script.opens(&[Opened::Found("ws-1".into()), Opened::As("ws-2".into())]);
    stage.until(5 * MINUTE, |stage| stage.script.delivered().len() == 2).await;
    assert_eq!(script.places(), ["first ws-2", "behind ws-2"]);
}

#[tokio::test(start_paused = true)]
async fn a_place_that_is_anothers_is_no_failure_of_the_record_nor_of_the_service() {
    let (scratch, script) = (Scratch::new(), Script::default());
    let stage = doubted(&scratch.file(), &script, "says so").await;
    script.on("older", &[Act::Is(Outcome::NeedsToken)]);
    stage.put("ws-1", "older");
    script.opens(&vec![Opened::Found("ws-1".into()); 9]);
    stage.until(20 * MINUTE, |stage| stage.script.opened().len() == 10).await;
    let row = |stage: &Stage| {
        let rows = stage.shared.backend().pending(9).unwrap();
        rows.into_iter().find(|row| row.id == "first").unwrap()
    };
    stage.until(SECOND, |stage| row(stage).reason.unwrap().contains("of another conv")).await;
    assert_eq!(row(&stage).attempt.failures, 1, "that of the lost answer");
    stage.put("other", "other");
    stage.until(SECOND, |stage| stage.script.delivered() == ["other"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_doubted_letter_says_so_and_is_looked_for_as_of_its_first_acceptance_when_it_is_requeued()
{
    for about in DOUBTS {
        let (scratch, script) = (Scratch::new(), Script::default());
        let stage = doubted(&scratch.file(), &script, about).await;
        let accepted_at = stage.shared.backend().pending(9).unwrap()[0].attempt.accepted_at;
        // Others get through, while this one cannot be looked for: it becomes poison.
        script.opens(&vec![Opened::Not(Outcome::retry("HTTP 500")); 20]);
        let mut others = 0;
        while stage.counters().0.dead < 2 {
            others += 1;
            stage.put("other", &format!("other-{others}"));
            stage.pass(MINUTE).await;
            assert!(others < 99, "{about}: {:?}", stage.counters());
        }
        for letter in stage.shared.backend().dead(9).unwrap() {
            assert!(letter.reason.contains("may have been created"), "{about}: {letter:?}");
        }
        let looks = script.opened().len();
        script.opens(&[Opened::Found("ws-1".into())]);
        for id in ["first", "behind"] {
            assert!(stage.shared.backend().requeue(id, stage.shared.clock.now()).unwrap());
        }
        stage.shared.wake_if_idle();
        stage.until_done().await;
        assert_eq!(script.opened()[looks..], ["look new-1", "begin ws-1"], "{about}");
        assert_eq!(script.since(), Some(accepted_at), "{about}");
    }
}

#[test]
fn the_wait_before_a_search_has_a_floor_and_a_ceiling() {
    let wait = |backoff| Delivery::new().initial_backoff(backoff).bounded().doubt();
    assert_eq!(wait(Duration::ZERO), 5 * SECOND);
    assert_eq!(wait(SECOND), 10 * SECOND);
    assert_eq!(wait(MINUTE), MINUTE);
    assert_eq!(wait(Duration::MAX), MINUTE);
    assert_eq!(Delivery::default().doubt(), 5 * SECOND);
}

#[test]
fn a_place_is_not_adopted_while_another_record_of_the_user_may_be_about_to_get_it() {
    on_each(|backend| {
        let of = |id: &str, user: &str| NewRecord {
            user: Some(user.into()),
            opening: Some(Opening::Planned(plan())),
            ..new_record(&format!("new-{id}"), id)
        };
        backend.insert(&[of("a", "ada"), of("b", "ada"), of("c", "cleo")], 0).unwrap();
        let mut claimed = backend.claim(9, 5).unwrap();
        claimed.sort_by(|a, b| a.id.cmp(&b.id));
        let [mut a, b, mut c] = claimed.try_into().unwrap();
        let opened = Opening::Opened(plan());
        let adopt = |backend: &mut dyn Backend, claimed| {
            backend.adopt(claimed, "ws-a", &opened, 6).unwrap()
        };
        for other in [&mut a, &mut c] {
            other.opening = Some(Opening::Requested(plan()));
            assert!(backend.save_opening(other, 6).unwrap());
        }
        assert_eq!(adopt(backend, &b), Adopted::Taken, "the answer to a's request may be ws-a");
        let named = backend.open(&a, "ws-a", &opened, 7).unwrap().unwrap();
        assert_eq!(adopt(backend, &b), Adopted::Taken, "it is");
        backend.settle(&named, &DELIVERED, 8).unwrap();
        assert_eq!(adopt(backend, &b), Adopted::Taken, "a sink may have what the service has not");
        let Adopted::Named(Some(named)) = backend.adopt(&b, "ws-b", &opened, 9).unwrap() else {
            panic!("c is another user's");
        };
        backend.settle(&named, &DELIVERED, 9).unwrap();
        assert_balanced(backend);
    });
}

#[test]
fn an_answer_that_comes_after_another_process_has_put_it_in_doubt_is_not_used() {
    let mut disk = disk(&Scratch::new().file());
    disk.insert(&[first()], 0).unwrap();
    let mut claimed = disk.claim(9, 5).unwrap().remove(0);
    claimed.opening = Some(Opening::Requested(plan()));
    assert!(disk.save_opening(&claimed, 1).unwrap());
    let doubted = Opening::Doubted { plan: plan(), since: 0 };
    disk.tamper(&format!("UPDATE record SET opening = '{}'", doubted.to_json()));
    let opened = Opening::Opened(plan());
    assert_eq!(disk.open(&claimed, "ws-1", &opened, 2).unwrap(), None);
    let again = disk.claim(9, 5).unwrap().remove(0);
    assert_eq!((again.conversation.as_str(), &again.opening), ("new-1", &Some(doubted)));
    let Adopted::Named(Some(_)) = disk.adopt(&again, "ws-1", &opened, 3).unwrap() else {
        panic!("it is found")
    };
}

#[test]
fn a_name_is_taken_while_a_record_of_its_conversation_is_pending_dead_or_remembered() {
    on_each(|backend| {
        put_each(backend, &[("ws-1", "older")], 0);
        backend.insert(&[first()], 0).unwrap();
        let mut claimed = backend.claim(9, 5).unwrap();
        claimed.sort_by(|a, b| a.id.cmp(&b.id));
        let opened = Opening::Opened(plan());
        let adopt =
            |backend: &mut dyn Backend, name| backend.adopt(&claimed[0], name, &opened, 6).unwrap();
        assert_eq!(adopt(backend, "ws-1"), Adopted::Taken);
        backend.settle(&claimed[1], &died("refused"), 7).unwrap();
        assert!(backend.is_taken("ws-1").unwrap());
        assert_eq!(adopt(backend, "ws-1"), Adopted::Taken);
        assert!(backend.discard("older", 8).unwrap());
        assert!(!backend.is_taken("ws-1").unwrap());
        let Adopted::Named(Some(named)) = adopt(backend, "ws-1") else { panic!("{claimed:?}") };
        assert_eq!((named.conversation.as_str(), named.opening.as_ref()), ("ws-1", Some(&opened)));
        backend.settle(&named, &DELIVERED, 9).unwrap();
        assert!(backend.is_taken("ws-1").unwrap());
        assert_balanced(backend);
    });
}
