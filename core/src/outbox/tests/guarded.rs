//! A sink that panics or never answers, a disk that cannot be written, a worker with a bug: everything else continues.

use std::sync::atomic::Ordering;
use std::time::Duration;

use async_trait::async_trait;

use super::backends::Scratch;
use super::stage::{Act, Script, Stage, record};
use crate::credentials::Tokens;
use crate::outbox::shared::lock;
use crate::outbox::storage::NewRecord;
use crate::outbox::tokens::Holder;
use crate::outbox::{Delivery, Outbox, OutboxBuilder, Outcome, Record, Sink};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

/// One delivery at a time: a delivery that keeps its slot stops everything.
fn narrow() -> OutboxBuilder {
    Outbox::builder().delivery(Delivery::new().concurrency(1))
}

#[tokio::test(start_paused = true)]
async fn a_sink_that_panics_is_a_failure_like_any_other() {
    for act in [Act::Panics, Act::PanicsAtOnce] {
        let script = Script::default();
        // The second attempt takes a while, so that the first one's reason is visible.
        script.on("a1", &[act.clone(), Act::Takes(SECOND / 10)]);
        let stage = Stage::new(narrow(), &script);
        stage.put("a", "a1");
        stage
            .until(SECOND, |stage| {
                let rows = stage.shared.backend().pending(9).unwrap();
                let reason = rows.first().and_then(|row| row.reason.clone()).unwrap_or_default();
                reason.contains("Script` panicked")
            })
            .await;
        stage.put("b", "b1");
        stage.until_done().await;
        assert_eq!((script.calls_of("a1"), script.calls_of("b1")), (2, 1), "{act:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_count_that_panics_at_once_ends_nothing() {
    let script = Script::default();
    script.counting_panics();
    let stage = Stage::new(narrow(), &script);
    for id in ["a1", "b1"] {
        stage.put(id, id);
        stage.until(SECOND, |stage| stage.script.delivered().contains(&id.to_owned())).await;
    }
    stage.until(SECOND, |stage| stage.shared.hooks.load(Ordering::SeqCst) == 0).await;
    assert_eq!(script.notes(|notes| notes.counted.clone()), ["a1", "b1"]);
}

/// A type whose futures panic when dropped.
struct Undroppable;

struct Bad;

impl Drop for Bad {
    fn drop(&mut self) {
        panic!("as told");
    }
}

#[async_trait]
impl Sink for Undroppable {
    async fn deliver(&self, _: &Record) -> Outcome {
        let _bad = Bad;
        tokio::task::yield_now().await;
        Outcome::Delivered
    }
}

#[tokio::test]
async fn what_cannot_be_dropped_costs_a_try_and_not_the_worker() {
    let outbox = Outbox::builder().sink(Undroppable).start().unwrap();
    for id in ["a1", "b1"] {
        outbox.enqueue(record(id, id)).unwrap();
    }
    // The panic occurs while the future returns, so that the delivery counts as failed.
    assert_eq!(outbox.flush(Duration::from_millis(20)).await.pending, 2);
    assert!(outbox.pending().unwrap().iter().all(|row| row.reason.is_some()));
}

#[tokio::test(start_paused = true)]
async fn a_delivery_that_never_ends_is_cancelled_and_tried_again() {
    let script = Script::default();
    script.on("a1", &[Act::Hangs, Act::Is(Outcome::Delivered)]);
    let stage = Stage::new(narrow(), &script);
    stage.put("a", "a1");
    stage.until(10 * SECOND, |stage| stage.script.calls_of("a1") == 1).await;
    stage.put("b", "b1");
    let took = stage.until_done().await;
    assert!(took >= 2 * MINUTE - SECOND && took < 2 * MINUTE + SECOND, "{took:?}");
    assert_eq!(script.delivered().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn deliveries_that_cannot_be_written_down_leave_their_slots_to_others() {
    let (scratch, script) = (Scratch::new(), Script::default());
    script.otherwise(Some(Act::Takes(SECOND)));
    let stage = Stage::new(narrow().path(scratch.file()), &script);
    stage.put("a", "a1");
    stage.put("a", "a2");
    stage.until(10 * SECOND, |stage| stage.script.calls_of("a1") == 1).await;
    stage.shared.backend().disk().pretend_full(true);
    stage.pass(2 * SECOND).await;
    for n in 0..5 {
        assert!(!stage.put(&format!("m{n}"), &format!("m{n}")), "not durable");
    }
    stage.until(MINUTE, |stage| stage.script.delivered().len() == 6).await;
    assert_eq!(script.calls_of("a1"), 1, "it is not sent again");

    stage.shared.backend().disk().pretend_full(false);
    stage.until_done().await;
    stage.pass(2 * SECOND).await;
    assert_eq!((script.calls_of("a1"), script.calls_of("a2")), (1, 1));
    assert_eq!(stage.shared.running.load(Ordering::SeqCst), 0);
    assert_eq!(script.notes(|notes| notes.most_at_once), 1);
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_panics_starts_again_with_what_it_had_claimed() {
    let scratch = Scratch::new();
    for path in [None, Some(scratch.file())] {
        let script = Script::default();
        let builder = match path {
            Some(path) => narrow().path(path),
            None => narrow(),
        };
        let stage = Stage::new(builder, &script);
        stage.shared.panics.store(true, Ordering::SeqCst);
        stage.put("a", "a1");
        stage.until_done().await;
        stage.put("a", "a2");
        let took = stage.until_done().await;
        assert!(took < 3 * SECOND, "{took:?}");
        assert_eq!(script.delivered(), ["a1", "a2"]);
        assert_eq!(stage.shared.running.load(Ordering::SeqCst), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_conversation_that_is_named_like_a_user_does_not_get_that_users_tokens() {
    let script = Script::default();
    let stage = Stage::memory(&script);
    stage.put_with("elsewhere", "theirs", "user-1", "secret of user-1");
    stage.put("user-1", "nobodys");
    let holder = Holder::Conversation("user-2".into());
    lock(&stage.shared.tokens).keep(holder, Tokens::new("of the conversation", "refresh"));
    let record = super::backends::new_record("other", "of-user-2");
    stage.put_record(NewRecord { user: Some("user-2".into()), ..record });
    stage.put("user-2", "of-the-conversation");
    stage.until_done().await;
    let mut calls = script.notes(|notes| notes.calls.clone());
    calls.sort();
    let expected = [
        ("nobodys", None),
        ("of-the-conversation", Some("of the conversation")),
        ("of-user-2", None),
        ("theirs", Some("secret of user-1")),
    ];
    assert_eq!(calls, expected.map(|(id, token)| (id.to_owned(), token.map(str::to_owned))));
}
