//! The worker and the outcomes of deliveries.

use std::time::Duration;

use super::backends::Scratch;
use super::stage::{Act, Script, Stage, dead, failed, refused, unreachable};
use crate::outbox::{Delivery, Outbox, OutboxBuilder, Outcome};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test(start_paused = true)]
async fn records_of_a_conversation_arrive_in_order_and_conversations_side_by_side() {
    let script = Script::default();
    script.otherwise(Some(Act::Takes(SECOND)));
    let stage = Stage::memory(&script);
    for n in 0..5 {
        for conversation in ["a", "b", "c"] {
            stage.put(conversation, &format!("{conversation}{n}"));
        }
    }
    let took = stage.until_done().await;
    assert!(took >= 5 * SECOND && took < 6 * SECOND, "{took:?}");
    for conversation in ["a", "b", "c"] {
        let own: Vec<_> = (0..5).map(|n| format!("{conversation}{n}")).collect();
        let mut arrived = script.delivered();
        arrived.retain(|id| id.starts_with(conversation));
        assert_eq!(arrived, own);
    }
    assert_eq!(script.notes(|notes| notes.most_at_once), 3);
}

#[tokio::test(start_paused = true)]
async fn no_more_conversations_run_at_once_than_allowed() {
    let script = Script::default();
    script.otherwise(Some(Act::Takes(SECOND)));
    let delivery = Delivery::new().concurrency(2);
    let stage = Stage::new(Outbox::builder().delivery(delivery), &script);
    for n in 0..6 {
        stage.put(&n.to_string(), &n.to_string());
    }
    let took = stage.until_done().await;
    assert_eq!(script.notes(|notes| notes.most_at_once), 2);
    assert!(took >= 3 * SECOND, "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_delivered_record_is_counted_once_after_it_was_written_down() {
    let script = Script::default();
    script.on("a1", &[unreachable(), failed(), Act::Is(Outcome::Delivered)]);
    let stage = Stage::memory(&script);
    stage.put("a", "a1");
    stage.until_done().await;
    stage.pass(SECOND).await;
    assert_eq!(script.calls_of("a1"), 3);
    assert_eq!(script.notes(|notes| notes.counted.clone()), ["a1"]);
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_the_service_asks_for_is_kept() {
    let script = Script::default();
    script.on("a1", &[refused(90 * SECOND), Act::Is(Outcome::Delivered)]);
    let stage = Stage::memory(&script);
    stage.put("a", "a1");
    stage.put("b", "b1");
    let took = stage.until_done().await;
    assert!(took >= 90 * SECOND && took < 95 * SECOND, "{took:?}");
    assert_eq!(script.delivered(), ["b1", "a1"]);
}

#[tokio::test(start_paused = true)]
async fn what_the_service_will_never_take_is_dead_and_holds_nobody() {
    let script = Script::default();
    script.on("a1", &[dead()]);
    let stage = Stage::memory(&script);
    stage.put("a", "a1");
    stage.put("a", "a2");
    stage.until_done().await;
    assert_eq!(script.delivered(), ["a2"]);
    let letters = stage.shared.backend().dead(9).unwrap();
    assert_eq!((letters[0].id.as_str(), letters[0].reason.as_str()), ("a1", "HTTP 400: empty"));

    script.on("a1", &[Act::Is(Outcome::Delivered)]);
    assert!(stage.shared.backend().requeue("a1", stage.shared.clock.now()).unwrap());
    stage.shared.wake.notify_one();
    stage.until_done().await;
    assert_eq!(script.delivered(), ["a2", "a1"]);
}

#[tokio::test(start_paused = true)]
async fn poison_is_dead_after_five_tries_while_others_get_through() {
    let script = Script::default();
    script.on("bad", &[failed()]);
    let stage = Stage::memory(&script);
    stage.put("a", "bad");
    stage.put("b", "b1");
    stage.until_done().await;
    assert_eq!(script.calls_of("bad"), 5);
    let letters = stage.shared.backend().dead(9).unwrap();
    assert!(letters[0].reason.contains("HTTP 500: broken"), "{}", letters[0].reason);
    assert_eq!(letters[0].attempt.failures, 5);
}

#[tokio::test(start_paused = true)]
async fn a_record_that_its_sink_does_not_blame_is_never_poison() {
    for is_blamed in [true, false] {
        let script = Script::default();
        script.on("large", &[unreachable()]);
        if !is_blamed {
            script.blames_no_record();
        }
        let stage = Stage::memory(&script);
        stage.put("a", "large");
        stage.put("a", "next");
        for n in 0..100 {
            stage.put("b", &n.to_string());
            stage.pass(MINUTE).await;
        }
        assert_eq!(stage.counters().0.dead, u64::from(is_blamed));
        assert_eq!(script.calls_of("next"), usize::from(is_blamed), "not before the other one");
    }
}

#[tokio::test(start_paused = true)]
async fn poison_does_not_block_its_conversation_where_there_is_no_other_one() {
    let script = Script::default();
    script.on("bad", &[failed()]).on("worse", &[failed()]);
    let stage = Stage::memory(&script);
    for id in ["first", "bad", "worse", "next", "last"] {
        stage.put("only", id);
    }
    let took = stage.until_done().await;
    assert_eq!(script.delivered(), ["first", "next", "last"]);
    assert_eq!(stage.counters().0.dead, 2);
    assert!(took < 10 * MINUTE, "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn while_everything_fails_nothing_is_poison() {
    let script = Script::default();
    let stage = Stage::memory(&script);
    stage.put("x", "x0");
    stage.until_done().await;
    script.otherwise(Some(failed()));
    for n in 0..3 {
        stage.put("a", &format!("a{n}"));
        stage.put("b", &format!("b{n}"));
    }
    stage.pass(10 * 60 * MINUTE).await;
    assert_eq!((stage.counters().0.pending, stage.counters().0.dead), (6, 0));
    script.otherwise(None);
    let took = stage.until_done().await;
    assert!(took < 7 * MINUTE, "{took:?}");
    assert_eq!(stage.counters().0.delivered, 7);
    for conversation in ["a", "b"] {
        let mut arrived = script.delivered();
        arrived.retain(|id| id.starts_with(conversation));
        assert!(arrived.is_sorted(), "{arrived:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_met_with_few_requests_and_ends_with_all_delivered() {
    let script = Script::default();
    script.otherwise(Some(unreachable()));
    let stage = Stage::memory(&script);
    for n in 0..40 {
        stage.put(&n.to_string(), &n.to_string());
    }
    stage.pass(60 * MINUTE).await;
    let calls = script.notes(|notes| notes.calls.len());
    assert!(calls < 60, "{calls} requests in an hour of outage");
    assert_eq!(stage.counters().0.pending, 40);
    script.otherwise(None);
    stage.until_done().await;
    assert_eq!(stage.counters().0.delivered, 40);
}

#[tokio::test(start_paused = true)]
async fn a_record_is_given_up_after_three_days() {
    let script = Script::default();
    script.otherwise(Some(unreachable()));
    let stage = Stage::memory(&script);
    stage.put("a", "a1");
    stage.pass(71 * 60 * MINUTE).await;
    assert_eq!(stage.counters().0.pending, 1);
    stage.pass(2 * 60 * MINUTE).await;
    let letters = stage.shared.backend().dead(9).unwrap();
    assert!(letters[0].reason.starts_with("given up after 72 h"), "{}", letters[0].reason);
}

#[tokio::test(start_paused = true)]
async fn a_record_waits_for_a_fresh_token_and_is_neither_lost_nor_dead() {
    let script = Script::default();
    script.on("a1", &[Act::Is(Outcome::NeedsToken)]);
    let stage = Stage::memory(&script);
    stage.put_with("a", "a1", "user", "stale");
    stage.pass(60 * MINUTE).await;
    assert_eq!((stage.counters().0.pending, stage.counters().0.dead), (1, 0));
    let tokens = script.notes(|notes| notes.calls.clone());
    assert_eq!(tokens[0].1.as_deref(), Some("stale"));
    assert_eq!(tokens[1].1, None, "tokens that were refused are not used again");
    let tries = tokens.len();
    assert!((10..600).contains(&tries), "{tries} tries in an hour");

    script.on("a1", &[Act::Is(Outcome::Delivered)]);
    stage.put_with("b", "b1", "user", "record");
    let took = stage.until_done().await;
    assert!(took < SECOND, "{took:?}");
    let last = script.notes(|notes| notes.calls.iter().rfind(|(id, _)| id == "a1").cloned());
    assert_eq!(last.unwrap().1.as_deref(), Some("record"));
}

#[tokio::test(start_paused = true)]
async fn a_user_without_accepted_tokens_holds_back_no_other_user() {
    let script = Script::default();
    script.on("v1", &[Act::Is(Outcome::NeedsToken)]);
    let stage = Stage::memory(&script);
    stage.put_with("a", "v1", "v", "stale");
    stage.put_with("a", "v2", "v", "stale");
    stage.put_with("a", "u1", "u", "fresh");
    stage.until(SECOND, |stage| stage.script.delivered() == ["u1"]).await;
    stage.pass(10 * MINUTE).await;
    // A record with tokens makes the waiting one due, and passes it.
    stage.put_with("a", "u2", "u", "fresh");
    stage.until(SECOND, |stage| stage.script.delivered() == ["u1", "u2"]).await;
    assert_eq!((script.calls_of("v2"), stage.counters().0.dead), (0, 0));
    script.on("v1", &[Act::Is(Outcome::Delivered)]);
    stage.put_with("b", "v3", "v", "fresh");
    stage.until_done().await;
    let mut of_v = script.delivered();
    of_v.retain(|id| id == "v1" || id == "v2");
    assert_eq!(of_v, ["v1", "v2"]);
}

#[tokio::test(start_paused = true)]
async fn one_conversation_that_hangs_does_not_hold_the_others() {
    let script = Script::default();
    script.on("a1", &[Act::Hangs]);
    let stage = Stage::memory(&script);
    stage.put("a", "a1");
    stage.put("a", "a2");
    stage.put("b", "b1");
    stage.until(SECOND, |stage| stage.script.delivered() == ["b1"]).await;
    stage.pass(MINUTE).await;
    assert_eq!(script.calls_of("a2"), 0);
}

/// Records whose first calls hang, as many as there are deliveries in several rounds.
fn hanging(stage: &Stage, later: &[Act]) {
    for n in 0..70 {
        let id = format!("h{n}");
        stage.script.on(&id, &[&[Act::Hangs], later].concat());
        stage.put(&id, &id);
    }
}

fn impatient() -> OutboxBuilder {
    Outbox::builder().delivery(Delivery::new().limit(SECOND / 5))
}

#[tokio::test(start_paused = true)]
async fn records_that_hang_once_do_not_pass_for_an_outage() {
    let (scratch, script) = (Scratch::new(), Script::default());
    for builder in [impatient(), impatient().path(scratch.file())] {
        let stage = Stage::new(builder, &script);
        hanging(&stage, &[Act::Is(Outcome::Delivered)]);
        stage.pass(6 * SECOND).await;
        stage.put("good", "good");
        let took = stage.until(MINUTE, |stage| stage.script.calls_of("good") > 0).await;
        assert!(took < 15 * SECOND, "{took:?}");
        let took = stage.until_done().await;
        assert!(took < 15 * SECOND, "{took:?}");
        assert_eq!(stage.counters().0.dead, 0);
        script.reset();
    }
}

#[tokio::test(start_paused = true)]
async fn a_new_record_is_tried_before_those_that_always_hang() {
    let (scratch, script) = (Scratch::new(), Script::default());
    for builder in [impatient(), impatient().path(scratch.file())] {
        let stage = Stage::new(builder, &script);
        hanging(&stage, &[]);
        // Each of them has been tried, in probes of half a minute.
        stage.pass(2 * 60 * MINUTE).await;
        assert!((0..70).all(|n| script.calls_of(&format!("h{n}")) > 0));
        stage.put("good", "good");
        let took = stage.until(5 * MINUTE, |stage| stage.script.delivered() == ["good"]).await;
        assert!(took < MINUTE + SECOND, "{took:?}");
        script.reset();
    }
}
