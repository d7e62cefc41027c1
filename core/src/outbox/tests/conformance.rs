//! The conformance suite that every backend passes.

use super::backends::{assert_balanced, ids, new_record, on_each, put, words};
use crate::outbox::PendingState;
use crate::outbox::opening::Opening;
use crate::outbox::state::AttemptState;
use crate::outbox::storage::{Backend, ClaimedRecord, NewRecord, Settled, Transition};

const DELIVERED: Transition =
    Transition::Delivered { poisoned: Vec::new(), continue_conversation: true };

fn later(due_at: u64) -> Transition {
    let attempt = AttemptState { failures: 1, strikes: 4, ..AttemptState::default() };
    let reason = "HTTP 500".to_owned();
    Transition::Later { attempt, due_at, needs_token: false, reason, skip: false }
}

fn dead(reason: &str) -> Transition {
    let attempt = AttemptState { failures: 1, ..AttemptState::default() };
    Transition::Dead { attempt, reason: reason.into(), continue_conversation: true }
}

fn claim_one(backend: &mut dyn Backend, now: u64) -> ClaimedRecord {
    let mut claimed = backend.claim(1, now).unwrap();
    assert_eq!(claimed.len(), 1);
    claimed.remove(0)
}

fn next_id(settled: Settled) -> Option<String> {
    assert!(settled.is_applied);
    settled.next.map(|claimed| claimed.id)
}

#[test]
fn a_conversation_is_first_in_first_out_and_others_go_beside_it() {
    on_each(|backend| {
        put(backend, &[("a", "a1"), ("a", "a2"), ("b", "b1"), ("a", "a3")], 10);
        let claimed = backend.claim(9, 10).unwrap();
        assert_eq!(ids(&claimed), ["a1", "b1"]);
        assert_eq!(backend.claim(9, 10).unwrap(), [], "one in flight in each conversation");
        assert_eq!(next_id(backend.settle(&claimed[1], &DELIVERED, 11).unwrap()), None);
        let second = backend.settle(&claimed[0], &DELIVERED, 11).unwrap().next.unwrap();
        assert_eq!(second.id, "a2");
        let third = backend.settle(&second, &DELIVERED, 12).unwrap().next.unwrap();
        assert_eq!(next_id(backend.settle(&third, &DELIVERED, 13).unwrap()), None);
        assert_eq!(backend.counts().unwrap().delivered, 4);
        assert_eq!(backend.next_due(13).unwrap(), None);
        assert_balanced(backend);
    });
}

#[test]
fn a_known_id_is_the_same_record_whatever_became_of_it() {
    on_each(|backend| {
        put(backend, &[("a", "1"), ("b", "2"), ("c", "3")], 0);
        let claimed = backend.claim(3, 0).unwrap();
        backend.settle(&claimed[0], &DELIVERED, 1).unwrap();
        backend.settle(&claimed[1], &dead("no"), 1).unwrap();
        let again = [
            new_record("x", "1"),
            new_record("x", "2"),
            new_record("x", "3"),
            new_record("x", "4"),
        ];
        let answers = backend.insert(&again, 2).unwrap();
        assert_eq!(words(&answers), ["known", "known", "known", "new"]);
        assert_balanced(backend);
    });
}

#[test]
fn only_so_many_delivered_ids_are_remembered() {
    on_each(|backend| {
        for n in 0..120 {
            put(backend, &[("a", &format!("{n}"))], n);
            let claimed = claim_one(backend, n);
            backend.settle(&claimed, &DELIVERED, n).unwrap();
        }
        assert_eq!(words(&backend.insert(&[new_record("a", "119")], 0).unwrap()), ["known"]);
        assert_eq!(words(&backend.insert(&[new_record("a", "20")], 0).unwrap()), ["known"]);
        assert_eq!(words(&backend.insert(&[new_record("a", "19")], 0).unwrap()), ["new"]);
        assert_balanced(backend);
    });
}

#[test]
fn a_record_that_waits_holds_its_conversation_until_its_time() {
    on_each(|backend| {
        put(backend, &[("a", "a1"), ("a", "a2")], 0);
        let claimed = claim_one(backend, 0);
        assert_eq!(next_id(backend.settle(&claimed, &later(500), 1).unwrap()), None);
        assert_eq!(backend.claim(9, 499).unwrap(), []);
        assert_eq!(backend.next_due(499).unwrap(), Some(500));
        let again = claim_one(backend, 500);
        assert_eq!(
            (again.id.as_str(), again.attempt.failures, again.attempt.strikes),
            ("a1", 1, 4)
        );
        let rows = backend.pending(9).unwrap();
        assert_eq!((rows[0].state, rows[1].state), (PendingState::Sending, PendingState::Queued));
        assert_eq!(rows[0].reason.as_deref(), Some("HTTP 500"));
        assert_balanced(backend);
    });
}

#[test]
fn a_time_further_ahead_than_any_wait_was_written_by_a_wrong_clock() {
    on_each(|backend| {
        let year = 365 * 24 * 3_600_000;
        put(backend, &[("a", "a1")], year);
        assert_eq!(claim_one(backend, 0).id, "a1");
        assert_balanced(backend);
    });
}

#[test]
fn a_dead_record_does_not_hold_its_conversation_and_can_be_requeued() {
    on_each(|backend| {
        put(backend, &[("a", "a1"), ("a", "a2")], 0);
        let claimed = claim_one(backend, 0);
        let next = backend.settle(&claimed, &dead("HTTP 400: empty"), 5).unwrap().next.unwrap();
        assert_eq!(next.id, "a2");
        let letters = backend.dead(9).unwrap();
        assert_eq!(letters[0].id, "a1");
        assert_eq!((letters[0].reason.as_str(), letters[0].died_at), ("HTTP 400: empty", 5));
        assert_eq!(letters[0].payload, "{\"text\":\"a1\"}");
        assert_balanced(backend);

        assert!(backend.requeue("a1", 6).unwrap() && !backend.requeue("a2", 6).unwrap());
        let next = backend.settle(&next, &DELIVERED, 7).unwrap().next.unwrap();
        assert_eq!((next.id.as_str(), next.attempt.failures), ("a1", 0));
        assert_eq!(next.attempt.accepted_at, 6, "its age begins anew");
        assert_balanced(backend);
    });
}

#[test]
fn what_is_discarded_is_gone_and_counted_and_what_is_sent_cannot_be() {
    on_each(|backend| {
        put(backend, &[("a", "a1"), ("b", "b1"), ("c", "c1")], 0);
        let claimed = backend.claim(2, 0).unwrap();
        backend.settle(&claimed[0], &dead("no"), 1).unwrap();
        assert!(backend.discard("a1", 2).unwrap(), "a dead letter");
        assert!(!backend.discard("b1", 2).unwrap(), "is being sent");
        assert!(backend.discard("c1", 2).unwrap(), "waits");
        assert!(!backend.discard("c1", 2).unwrap(), "is gone");
        assert_eq!(backend.counts().unwrap().discarded, 2);
        assert_eq!(words(&backend.insert(&[new_record("c", "c1")], 3).unwrap()), ["new"]);
        assert_balanced(backend);
    });
}

#[test]
fn a_held_record_holds_its_conversation_and_keeps_its_place_when_it_is_released() {
    on_each(|backend| {
        let held = NewRecord { is_held: true, ..new_record("new", "h1") };
        backend.insert(&[held, new_record("new", "h2")], 0).unwrap();
        assert_eq!(backend.claim(9, 0).unwrap(), []);
        assert_eq!(backend.next_due(0).unwrap(), None);
        assert_balanced(backend);
        put(backend, &[("ws-1", "w1")], 1);
        assert_eq!(backend.release(&new_record("ws-1", "w1"), 2).unwrap(), None, "it is not held");
        let complete = NewRecord { payload: "{\"ws\":1}".into(), ..new_record("ws-1", "h1") };
        assert!(backend.release(&complete, 2).unwrap().is_some());
        let claimed = backend.claim(9, 2).unwrap();
        let mut names = ids(&claimed);
        names.sort_unstable();
        assert_eq!(names, ["h1", "h2"]);
        let first = claimed.iter().find(|claimed| claimed.id == "h1").unwrap();
        assert_eq!((first.conversation.as_str(), first.payload.as_str()), ("ws-1", "{\"ws\":1}"));
        assert_eq!(next_id(backend.settle(first, &DELIVERED, 3).unwrap()).as_deref(), Some("w1"));
        assert_balanced(backend);
    });
}

#[test]
fn a_record_that_needs_a_token_tries_at_once_when_one_comes_for_its_user_or_conversation() {
    on_each(|backend| {
        let of = |user: &str, record: NewRecord| NewRecord { user: Some(user.into()), ..record };
        backend.insert(&[of("u", new_record("a", "a1")), new_record("b", "b1")], 0).unwrap();
        for claimed in backend.claim(2, 0).unwrap() {
            let (attempt, reason) = (claimed.attempt, "no token".to_owned());
            let transition = Transition::Later {
                attempt,
                due_at: 9_000,
                needs_token: true,
                reason,
                skip: false,
            };
            backend.settle(&claimed, &transition, 1).unwrap();
        }
        assert_eq!(backend.claim(9, 2).unwrap(), []);
        assert_eq!(backend.pending(9).unwrap()[0].state, PendingState::NeedsToken);
        let with_tokens = |record| NewRecord { has_tokens: true, ..record };
        backend.insert(&[with_tokens(of("u", new_record("other", "o1")))], 3).unwrap();
        let claimed = backend.claim(9, 3).unwrap();
        let mut names = ids(&claimed);
        names.sort_unstable();
        assert_eq!(names, ["a1", "o1"]);
        backend.insert(&[with_tokens(of("v", new_record("b", "b2")))], 4).unwrap();
        assert_eq!(claim_one(backend, 4).id, "b1");
        assert_balanced(backend);
    });
}

#[test]
fn records_that_wait_for_a_users_tokens_are_passed_by_those_of_other_users() {
    on_each(|backend| {
        let of =
            |user: &str, id: &str| NewRecord { user: Some(user.into()), ..new_record("a", id) };
        let wait = |backend: &mut dyn Backend, claimed: &ClaimedRecord, now: u64| {
            let (attempt, reason) = (claimed.attempt, "no token".to_owned());
            let due_at = now + 1_000;
            let waits =
                Transition::Later { attempt, due_at, needs_token: true, reason, skip: true };
            next_id(backend.settle(claimed, &waits, now).unwrap())
        };
        let records = [("v", "v1"), ("u", "u1"), ("v", "v2"), ("w", "w1"), ("u", "u2")];
        backend.insert(&records.map(|(user, id)| of(user, id)), 0).unwrap();
        put(backend, &[("a", "nobody's")], 0);
        backend.insert(&[of("u", "u3")], 0).unwrap();
        let mut flight = claim_one(backend, 0);
        assert_eq!(flight.id, "v1");
        let mut next = wait(backend, &flight, 0);
        for id in ["u1", "w1", "u2"] {
            assert_eq!(next.as_deref(), Some(id), "each user's records stay in order");
            assert_eq!(backend.claim(9, 0).unwrap(), [], "one in flight");
            flight.id = id.to_owned();
            flight.seq = backend.pending(9).unwrap().iter().find(|row| row.id == id).unwrap().seq;
            next = next_id(backend.settle(&flight, &DELIVERED, 0).unwrap());
        }
        assert_eq!(next, None, "a record without a user keeps its place, also before u3");
        assert_eq!(backend.claim(9, 999).unwrap(), []);

        // Each attempt of the waiting record lets the others pass again.
        backend.insert(&[NewRecord { has_tokens: true, ..of("v", "v3") }], 1_000).unwrap();
        let mut flight = claim_one(backend, 1_000);
        for id in ["v1", "v2", "nobody's", "u3"] {
            assert_eq!(flight.id, id);
            flight = backend.settle(&flight, &DELIVERED, 1_000).unwrap().next.unwrap();
        }
        assert_eq!(wait(backend, &flight, 1_000), None);
        assert_balanced(backend);
    });
}

#[test]
fn a_record_that_opens_its_conversation_is_passed_by_nobody() {
    on_each(|backend| {
        let of =
            |user: &str, id: &str| NewRecord { user: Some(user.into()), ..new_record("a", id) };
        let opening = Some(Opening::Planned(serde_json::json!({})));
        backend.insert(&[NewRecord { opening, ..of("v", "v1") }, of("u", "u1")], 0).unwrap();
        let claimed = claim_one(backend, 0);
        let (attempt, reason) = (claimed.attempt, "no token".to_owned());
        let waits = Transition::Later { attempt, due_at: 9, needs_token: true, reason, skip: true };
        assert_eq!(next_id(backend.settle(&claimed, &waits, 0).unwrap()), None);
        assert_eq!(claim_one(backend, 9).id, "v1");
    });
}

#[test]
fn skipping_keeps_the_claim_and_a_delivery_behind_makes_the_skipped_record_a_dead_letter() {
    on_each(|backend| {
        put(backend, &[("a", "a1"), ("a", "a2"), ("a", "a3")], 0);
        let suspect = claim_one(backend, 0);
        let Transition::Later { attempt, due_at, needs_token, reason, .. } = later(9_000) else {
            unreachable!()
        };
        let over = Transition::Later { attempt, due_at, needs_token, reason, skip: true };
        let second = backend.settle(&suspect, &over, 1).unwrap().next.unwrap();
        assert_eq!(second.id, "a2");
        assert_eq!(backend.claim(9, 9_000).unwrap(), [], "it is claimed still");
        let poisoned = vec![("a1".to_owned(), "poison".to_owned())];
        let died = poisoned.clone();
        let settled = backend.settle(
            &second,
            &Transition::Delivered { poisoned, continue_conversation: true },
            2,
        );
        assert_eq!(settled.as_ref().unwrap().died, died);
        assert_eq!(next_id(settled.unwrap()).as_deref(), Some("a3"));
        let letters = backend.dead(9).unwrap();
        assert_eq!((letters[0].id.as_str(), letters[0].attempt.failures), ("a1", 1));
        assert_balanced(backend);

        // Without a next record, nothing is skipped to.
        put(backend, &[("b", "b1")], 3);
        let alone = claim_one(backend, 3);
        assert_eq!(backend.settle(&alone, &over, 4).unwrap().next, None);
        assert_eq!(backend.claim(9, 9_000).unwrap()[0].id, "b1");
        assert_balanced(backend);
    });
}

#[test]
fn a_record_knows_how_many_were_delivered_when_it_first_went_out() {
    on_each(|backend| {
        put(backend, &[("a", "a1"), ("a", "a2")], 0);
        let first = claim_one(backend, 0);
        assert_eq!(first.attempt.mark, 0);
        let second = backend.settle(&first, &DELIVERED, 1).unwrap().next.unwrap();
        assert_eq!(second.attempt.mark, 1);
    });
}

#[test]
fn settling_twice_changes_nothing() {
    on_each(|backend| {
        put(backend, &[("a", "a1"), ("a", "a2")], 0);
        let claimed = claim_one(backend, 0);
        let stop = Transition::Delivered { poisoned: Vec::new(), continue_conversation: false };
        backend.settle(&claimed, &stop, 1).unwrap();
        for transition in [stop, dead("no"), later(5)] {
            assert!(!backend.settle(&claimed, &transition, 2).unwrap().is_applied);
        }
        let counts = backend.counts().unwrap();
        assert_eq!((counts.delivered, counts.dead, counts.pending), (1, 0, 1));
        assert_eq!(claim_one(backend, 3).id, "a2");
        assert_balanced(backend);
    });
}

#[test]
fn a_claim_can_be_ended() {
    on_each(|backend| {
        put(backend, &[("a", "a1")], 0);
        let claimed = claim_one(backend, 0);
        backend.unclaim(&claimed, 1).unwrap();
        assert_eq!(claim_one(backend, 1).id, "a1");
    });
}

#[test]
fn waiting_looks_at_what_was_taken_before() {
    on_each(|backend| {
        let held = NewRecord { is_held: true, ..new_record("h", "h1") };
        backend.insert(&[held], 0).unwrap();
        let held = backend.position();
        assert!(!backend.is_waiting(held).unwrap(), "held records wait for no delivery");
        put(backend, &[("a", "a1")], 0);
        let last = backend.position();
        put(backend, &[("b", "b1")], 0);
        assert!(backend.is_waiting(last).unwrap());
        let claimed = claim_one(backend, 0);
        assert!(backend.is_waiting(last).unwrap(), "while it is being sent as well");
        backend.settle(&claimed, &DELIVERED, 1).unwrap();
        assert!(!backend.is_waiting(last).unwrap());
    });
}

#[test]
fn the_undelivered_records_of_a_users_conversation_are_its_latest_in_order_in_any_state() {
    on_each(|backend| {
        let of = |user: &str, record: NewRecord| NewRecord { user: Some(user.into()), ..record };
        let texts = |backend: &mut dyn Backend, user: &str, limit| -> Vec<String> {
            let payloads = backend.undelivered("a", user, limit).unwrap();
            let text = |payload: &String| payload[9..payload.len() - 2].to_owned();
            payloads.iter().map(text).collect()
        };
        let records = ["a1", "a2", "a3", "a4", "a5"].map(|id| of("u", new_record("a", id)));
        backend.insert(&records, 0).unwrap();
        let held = NewRecord { is_held: true, ..of("u", new_record("a", "held")) };
        let others = [of("v", new_record("a", "v1")), of("u", new_record("b", "b1"))];
        backend.insert(&[held, others[0].clone(), others[1].clone()], 0).unwrap();
        put(backend, &[("a", "nobody's")], 0);
        assert_eq!(texts(backend, "u", 99), ["a1", "a2", "a3", "a4", "a5", "held"]);
        assert_eq!(texts(backend, "u", 3), ["a4", "a5", "held"]);
        assert_eq!((texts(backend, "v", 99), texts(backend, "w", 99)), (vec!["v1".into()], vec![]));

        // One is delivered, one is dead, one waits for its next attempt, and one is being sent.
        let first = backend.claim(1, 0).unwrap().remove(0);
        let second = backend.settle(&first, &DELIVERED, 1).unwrap().next.unwrap();
        let third = backend.settle(&second, &dead("no"), 1).unwrap().next.unwrap();
        let Transition::Later { attempt, due_at, needs_token, reason, .. } = later(9_000) else {
            unreachable!()
        };
        let over = Transition::Later { attempt, due_at, needs_token, reason, skip: true };
        assert_eq!(backend.settle(&third, &over, 1).unwrap().next.unwrap().id, "a4");
        assert_eq!(texts(backend, "u", 99), ["a3", "a4", "a5", "held"]);
    });
}
