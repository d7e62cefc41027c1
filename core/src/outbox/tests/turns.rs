//! The rows of running turns in a file that several processes share.

use std::sync::mpsc;
use std::time::Duration;

use super::backends::{Scratch, disk, memory};
use crate::outbox::Outbox;
use crate::outbox::storage::{Backend, RunningTurnRows, StopAsked, TurnChanges, UserTurn};
use crate::process::new_id;

const NOW: u64 = 1_000_000;

fn turn(id: &str, user: Option<&str>) -> UserTurn {
    UserTurn { id: id.to_owned(), user: user.map(str::to_owned) }
}

/// Turns of the user `user`.
fn started(ids: &[&str]) -> TurnChanges {
    let started = ids.iter().map(|id| turn(id, Some("user"))).collect();
    TurnChanges { started, ..Default::default() }
}

/// Asks for the end of a turn on behalf of the service.
fn stop(backend: &mut dyn Backend, id: &str, now: u64) -> StopAsked {
    backend.stop_turn(&turn(id, None), now).unwrap()
}

fn exchange(backend: &mut dyn Backend, changes: &TurnChanges, now: u64) -> (usize, Vec<String>) {
    let RunningTurnRows { rows, stopped } = backend.exchange_turns(changes, now).unwrap();
    (rows, stopped)
}

#[test]
fn a_process_learns_which_of_its_turns_are_to_be_stopped() {
    let scratch = Scratch::new();
    let (mut one, mut other) = (disk(&scratch.file()), disk(&scratch.file()));
    assert_eq!(exchange(&mut one, &started(&["a", "b"]), NOW), (2, vec![]));
    assert_eq!(exchange(&mut other, &started(&["c"]), NOW), (1, vec![]));
    assert_eq!(stop(&mut other, "a", NOW), StopAsked::Told);
    assert_eq!(exchange(&mut other, &TurnChanges::default(), NOW), (1, vec![]));
    assert_eq!(exchange(&mut one, &TurnChanges::default(), NOW), (2, vec!["a".to_owned()]));
    let ended = TurnChanges { ended: vec!["a".to_owned()], ..Default::default() };
    assert_eq!(exchange(&mut one, &ended, NOW), (1, vec![]));
}

#[test]
fn a_request_waits_for_its_turn_but_not_for_ever() {
    let scratch = Scratch::new();
    let (mut one, mut other) = (disk(&scratch.file()), disk(&scratch.file()));
    assert_eq!(stop(&mut other, "a", NOW), StopAsked::Unknown);
    assert_eq!(exchange(&mut one, &started(&["a"]), NOW + 9_000), (1, vec!["a".to_owned()]));
    for (asked, later) in [(NOW, NOW + 10_001), (NOW + 10_001, NOW)] {
        // In the second round the clock of the process that asked was wrong.
        assert_eq!(stop(&mut other, "b", asked), StopAsked::Unknown);
        assert_eq!(exchange(&mut one, &started(&["b"]), later), (2, vec!["a".to_owned()]));
        let ended = TurnChanges { ended: vec!["b".to_owned()], ..Default::default() };
        exchange(&mut one, &ended, later);
    }
}

#[test]
fn a_user_stops_no_turn_of_another() {
    let scratch = Scratch::new();
    let (mut one, mut other) = (disk(&scratch.file()), disk(&scratch.file()));
    exchange(&mut one, &started(&["a"]), NOW);
    let by = |user| turn("a", Some(user));
    assert_eq!(other.stop_turn(&by("another"), NOW).unwrap(), StopAsked::OtherUser);
    assert_eq!(exchange(&mut one, &TurnChanges::default(), NOW), (1, vec![]));
    assert_eq!(other.stop_turn(&by("user"), NOW).unwrap(), StopAsked::Told);
    assert_eq!(exchange(&mut one, &TurnChanges::default(), NOW), (1, vec!["a".to_owned()]));
}

#[test]
fn a_request_that_comes_before_its_turn_is_that_of_its_user_alone() {
    for (users, is_stopped) in [
        (&["another"][..], false),
        (&["user"], true),
        (&["another", "user"], true),
        (&["user", "another"], true),
    ] {
        let scratch = Scratch::new();
        let (mut one, mut other) = (disk(&scratch.file()), disk(&scratch.file()));
        for user in users {
            let asked = other.stop_turn(&turn("a", Some(user)), NOW).unwrap();
            assert_eq!(asked, StopAsked::Unknown, "{users:?}");
        }
        let (_, stopped) = exchange(&mut one, &started(&["a"]), NOW);
        assert_eq!(stopped == ["a"], is_stopped, "{users:?}");
    }
}

#[test]
fn requests_for_turns_that_nobody_runs_do_not_fill_the_file() {
    let scratch = Scratch::new();
    let (mut one, mut other) = (disk(&scratch.file()), disk(&scratch.file()));
    let mut ask = |id: &str, user: Option<&str>, now| {
        assert_eq!(other.stop_turn(&turn(id, user), now).unwrap(), StopAsked::Unknown);
    };
    for at in 0..64 {
        ask(&format!("unknown-{at}"), Some("user"), NOW);
    }
    // Only this user waits, and only until the requests before have waited long enough.
    ask("a", Some("user"), NOW);
    ask("b", None, NOW);
    ask("unknown-0", Some("user"), NOW + 1);
    assert_eq!(exchange(&mut one, &started(&["a", "b"]), NOW), (2, vec!["b".to_owned()]));
    ask("c", Some("user"), NOW + 10_001);
    let (_, stopped) = exchange(&mut one, &started(&["c", "unknown-0"]), NOW + 10_001);
    assert_eq!(stopped, ["b", "c", "unknown-0"]);
}

#[test]
fn the_turns_of_a_process_end_with_it() {
    let scratch = Scratch::new();
    let mut one = disk(&scratch.file());
    exchange(&mut one, &started(&["a"]), NOW);
    drop(one);
    // Each process that opens the file looks for others that have ended.
    let mut other = disk(&scratch.file());
    assert_eq!(stop(&mut other, "a", NOW), StopAsked::Unknown);
}

#[test]
fn a_store_that_no_other_process_uses_has_no_rows() {
    assert_eq!(exchange(&mut memory(), &started(&["a"]), NOW), (0, vec![]));
    assert_eq!(stop(&mut memory(), "a", NOW), StopAsked::Unknown);
}

/// The longest wait for the worker's thread.
const SOON: Duration = Duration::from_secs(60);

#[test]
fn a_request_that_the_file_cannot_take_is_written_later_by_a_process_without_records() {
    let scratch = Scratch::new();
    let (one, other) =
        (Outbox::open(scratch.file()).unwrap(), Outbox::open(scratch.file()).unwrap());
    let id = new_id().to_string();
    let writer = disk(&scratch.file());
    writer.tamper("BEGIN IMMEDIATE");
    assert_eq!(other.stop_elsewhere(&id, None), StopAsked::Unknown);
    writer.tamper("COMMIT");

    let (stop, stopped) = mpsc::channel();
    let _announced = one.announce(&id, None, move || stop.send(()).unwrap_or_default());
    one.ensure_worker().unwrap();
    stopped.recv_timeout(SOON).unwrap();
}

#[test]
fn a_stop_that_panics_stops_neither_the_other_stops_nor_the_worker() {
    let scratch = Scratch::new();
    let outbox = Outbox::open(scratch.file()).unwrap();
    outbox.ensure_worker().unwrap();
    let ids = [new_id(), new_id()].map(|id| id.to_string());
    for id in &ids {
        outbox.stop_elsewhere(id, None);
    }
    let (called, calls) = mpsc::channel();
    let _announced = [0, 1].map(|n| {
        let (called, file) = (called.clone(), outbox.clone());
        let stop = move || {
            // A woken reader may use the outbox at once.
            file.stats();
            called.send(n).unwrap_or_default();
            assert!(n > 0, "the waker of turn {n}");
        };
        outbox.announce(&ids[n], None, stop)
    });
    // Each exchange calls both again, as long as they run; the first one may have found one of them.
    let first: Vec<usize> = (0..6).map(|_| calls.recv_timeout(SOON).unwrap()).collect();
    let times = |n| first.iter().filter(|called| **called == n).count();
    assert!(times(0) >= 2 && times(1) >= 2, "{first:?}");
}
