//! A turn is stopped from another process: here from a second outbox on the same file, which is another process to it.

use std::path::Path;
use std::time::Duration;

use futures::StreamExt;
use tokio::time::timeout;
use turnwire::turn::{OnDisconnect, StopOutcome};
use turnwire::{Outbox, Turn, TurnEvent, Turns};
use turnwire_fakes::Script;

use super::{Bench, DEADLINE, MESSAGE, USER, ai, counts, end, read, user};

/// A reply of two pieces whose end never arrives.
fn endless() -> Script {
    Script::new().role("assistant").text("a").text("b").stall()
}

fn turns(bench: &Bench, file: &Path) -> Turns {
    let settings = bench.settings().on_disconnect(OnDisconnect::Finish);
    settings.outbox(Outbox::open(file).unwrap()).build().unwrap()
}

async fn until_text(turn: &mut Turn) {
    while turn.partial() != "ab" {
        turn.next().await.unwrap().unwrap();
    }
}

/// Repeats a stop until the turn is known: a turn is not in the file at once.
async fn stop_when_known(turns: &Turns, id: &str) {
    while !turns.stop(id) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn another_process_stops_a_turn_and_its_text_is_kept() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("outbox.db");
    let bench = Bench::replying(endless()).await;
    let (here, there) = (turns(&bench, &file), turns(&bench, &file));
    let mut turn = here.start(bench.ask_on());
    until_text(&mut turn).await;
    stop_when_known(&there, turn.id()).await;
    let rest = read(&mut turn).await;
    assert_eq!(rest.events, [TurnEvent::stopped()]);
    bench.llm.wait_for(|log| log.open_connections == 0).await;
    assert_eq!(counts(&here.flush(DEADLINE).await), (2, 0, 0));
    assert_eq!(bench.saved(), [user(MESSAGE), ai("ab")]);
    // The row of an ended turn goes at the next exchange; a stop of it harms nobody.
    while there.stop(turn.id()) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_request_that_comes_before_the_turn_is_in_the_file_stops_it() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("outbox.db");
    let bench = Bench::replying(endless()).await;
    let (here, there) = (turns(&bench, &file), turns(&bench, &file));
    let mut turn = here.start(bench.ask_on());
    let _ = there.stop(turn.id());
    let found = read(&mut turn).await;
    assert_eq!(found.events.last(), Some(&TurnEvent::stopped()));
}

#[tokio::test]
async fn a_turn_that_is_finished_without_a_reader_can_be_stopped() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("outbox.db");
    let bench = Bench::replying(endless()).await;
    let (here, there) = (turns(&bench, &file), turns(&bench, &file));
    let mut turn = here.start(bench.ask_on());
    until_text(&mut turn).await;
    let id = turn.id().to_owned();
    drop(turn);
    stop_when_known(&there, &id).await;
    assert_eq!(here.flush(DEADLINE).await.delivered, 2);
    assert_eq!(bench.saved(), [user(MESSAGE), ai("ab")]);
}

#[tokio::test]
async fn turns_of_a_process_that_has_ended_are_not_known_any_more() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("outbox.db");
    let bench = Bench::replying(endless()).await;
    let (here, there) = (turns(&bench, &file), turns(&bench, &file));
    let mut turn = here.start(bench.ask_on());
    until_text(&mut turn).await;
    let id = turn.id().to_owned();
    stop_when_known(&there, &id).await;
    end(here).await;
    while there.stop(&id) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn without_a_file_only_turns_of_this_process_are_found() {
    let bench = Bench::replying(endless()).await;
    let (here, there) = (bench.turns(), bench.turns());
    let mut turn = here.start(bench.ask_on());
    until_text(&mut turn).await;
    assert!(!there.stop(turn.id()));
    assert!(!there.stop("../../etc/passwd"));
    assert!(here.stop(turn.id()));
    assert_eq!(read(&mut turn).await.events, [TurnEvent::stopped()]);
}

#[tokio::test]
async fn a_user_stops_no_turn_of_another_process_that_is_not_theirs() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("outbox.db");
    let bench = Bench::replying(endless()).await;
    let (here, there) = (turns(&bench, &file), turns(&bench, &file));
    let mut turn = here.start(bench.ask_on());
    until_text(&mut turn).await;
    let id = turn.id().to_owned();
    let mut outcome = StopOutcome::Unknown;
    while outcome == StopOutcome::Unknown {
        outcome = there.stop_of_user(&id, "another user");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(outcome, StopOutcome::OtherUser);
    assert_eq!(here.stop_of_user(&id, "another user"), StopOutcome::OtherUser);
    // Longer than the exchange of two processes takes.
    assert!(timeout(Duration::from_millis(200), turn.next()).await.is_err(), "it runs on");
    assert_eq!(there.stop_of_user(&id, USER), StopOutcome::Stopped);
    assert_eq!(read(&mut turn).await.events, [TurnEvent::stopped()]);
}
