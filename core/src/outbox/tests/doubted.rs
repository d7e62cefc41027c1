//! Conversations whose place was requested without an answer: they are looked for before they are requested again.

use std::path::Path;

use super::backends::{Scratch, assert_balanced, on_each, put as put_each};
use super::opening::{DELIVERED, MINUTE, SECOND, died, first, plan, put};
use super::stage::{Act, Script, Stage};
use crate::outbox::Outcome;
use crate::outbox::opener::Opened;
use crate::outbox::opening::Opening;
use crate::outbox::storage::{Adopted, Backend};

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

#[test]
fn a_name_is_taken_while_a_record_of_its_conversation_is_pending_or_dead() {
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
        assert_balanced(backend);
    });
}
