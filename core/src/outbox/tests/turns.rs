//! The rows of running turns in a file that several processes share.

use super::backends::{Scratch, disk, memory};
use crate::outbox::storage::{Backend, RunningTurnRows, TurnChanges};

const NOW: u64 = 1_000_000;

fn started(ids: &[&str]) -> TurnChanges {
    TurnChanges { started: ids.iter().map(|id| (*id).to_owned()).collect(), ..Default::default() }
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
    assert!(other.stop_turn("a", NOW).unwrap());
    assert_eq!(exchange(&mut other, &TurnChanges::default(), NOW), (1, vec![]));
    assert_eq!(exchange(&mut one, &TurnChanges::default(), NOW), (2, vec!["a".to_owned()]));
    let ended = TurnChanges { ended: vec!["a".to_owned()], ..Default::default() };
    assert_eq!(exchange(&mut one, &ended, NOW), (1, vec![]));
}

#[test]
fn a_request_waits_for_its_turn_but_not_for_ever() {
    let scratch = Scratch::new();
    let (mut one, mut other) = (disk(&scratch.file()), disk(&scratch.file()));
    assert!(!other.stop_turn("a", NOW).unwrap());
    assert_eq!(exchange(&mut one, &started(&["a"]), NOW + 9_000), (1, vec!["a".to_owned()]));
    for (asked, later) in [(NOW, NOW + 10_001), (NOW + 10_001, NOW)] {
        // In the second round the clock of the process that asked was wrong.
        assert!(!other.stop_turn("b", asked).unwrap());
        assert_eq!(exchange(&mut one, &started(&["b"]), later), (2, vec!["a".to_owned()]));
        let ended = TurnChanges { ended: vec!["b".to_owned()], ..Default::default() };
        exchange(&mut one, &ended, later);
    }
}

#[test]
fn the_turns_of_a_process_end_with_it() {
    let scratch = Scratch::new();
    let mut one = disk(&scratch.file());
    exchange(&mut one, &started(&["a"]), NOW);
    drop(one);
    // Each process that opens the file looks for others that have ended.
    let mut other = disk(&scratch.file());
    assert!(!other.stop_turn("a", NOW).unwrap());
}

#[test]
fn a_store_that_no_other_process_uses_has_no_rows() {
    assert_eq!(exchange(&mut memory(), &started(&["a"]), NOW), (0, vec![]));
    assert!(!memory().stop_turn("a", NOW).unwrap());
}
