//! The reader leaves: the request to the model is closed at once, and the text is kept as configured.

use std::time::{Duration, Instant};

use futures::{FutureExt, StreamExt};
use turnwire::turn::{OnDisconnect, StageName, StageOutcome};
use turnwire::{Turn, TurnEvent};
use turnwire_fakes::{Outcome, Script};

use super::{Bench, DEADLINE, MESSAGE, ai, user};

use OnDisconnect::{Discard, Finish, SavePartial};

/// A turn after reading at most this many events, and their text.
async fn read_some(turn: &mut Turn, events: usize) -> String {
    let mut text = String::new();
    for _ in 0..events {
        if let TurnEvent::Content { content } = turn.next().await.unwrap().unwrap() {
            text.push_str(&content);
        }
    }
    text
}

/// Time from the reader's leaving until the LLM detected it.
async fn let_go(bench: &Bench, turn: Turn) -> Option<Duration> {
    let is_stream = |body: &str| body.contains("\"stream\":true");
    let is_asked = bench.llm.requests().iter().any(|request| is_stream(&request.body));
    let left = Instant::now();
    drop(turn);
    if !is_asked {
        return None;
    }
    let gone = bench.llm.wait_for(|log| {
        log.requests.iter().any(|r| is_stream(&r.body) && r.outcome == Some(Outcome::ClientClosed))
    });
    gone.await;
    Some(left.elapsed())
}

#[tokio::test]
async fn at_every_event_the_service_is_let_go_and_what_was_promised_is_kept() {
    let mut waits = Vec::new();
    for choice in [SavePartial, Discard] {
        for is_new in [true, false] {
            // The workspace and three pieces; the end never arrives.
            for events in 0..=4 {
                let script = Script::new().role("assistant").text("a").text("b").text("c").stall();
                let bench = Bench::replying(script).await;
                let turns = bench.settings().on_disconnect(choice).build().unwrap();
                let mut turn = turns.start(if is_new { bench.ask_anew() } else { bench.ask_on() });
                let text = read_some(&mut turn, events).await;
                waits.extend(let_go(&bench, turn).await);
                turns.flush(DEADLINE).await;
                let mut expected = vec![user(MESSAGE)];
                if choice == SavePartial && !text.is_empty() {
                    expected.push(ai(&text));
                }
                assert_eq!(bench.saved(), expected, "{choice:?}, new: {is_new}, {events} events");
            }
        }
    }
    // One of them may run on a busy machine.
    waits.sort_unstable();
    assert!(waits.len() >= 12 && waits[waits.len() / 2] < Duration::from_millis(100), "{waits:?}");
}

#[tokio::test]
async fn at_every_event_a_reply_that_is_to_be_finished_is_finished_and_kept() {
    for is_new in [true, false] {
        for events in 0..=5 {
            let bench = Bench::replying(Script::chat(["a", "b", "c"])).await;
            let turns = bench.settings().on_disconnect(Finish).build().unwrap();
            let mut turn = turns.start(if is_new { bench.ask_anew() } else { bench.ask_on() });
            read_some(&mut turn, events).await;
            drop(turn);
            turns.flush(DEADLINE).await;
            let expected = [user(MESSAGE), ai("abc")];
            assert_eq!(bench.saved(), expected, "new: {is_new}, {events} events");
        }
    }
}

#[test]
fn a_reply_that_was_to_be_finished_is_kept_as_far_as_its_runtime_lived() {
    let runtime = || tokio::runtime::Runtime::new().unwrap();
    let fakes = runtime();
    for leaves_first in [true, false] {
        let script = Script::new().role("assistant").text("a").text("b").stall();
        let bench = fakes.block_on(Bench::replying(script));
        let turns = bench.settings().on_disconnect(Finish).build().unwrap();
        let own = runtime();
        let mut left = Some(own.block_on(async {
            let mut turn = turns.start(bench.ask_on());
            assert_eq!(read_some(&mut turn, 3).await, "ab");
            turn
        }));
        if leaves_first {
            left.take();
        }
        drop(own);
        drop(left);
        fakes.block_on(turns.flush(DEADLINE));
        assert_eq!(bench.saved(), [user(MESSAGE), ai("ab")], "leaves first: {leaves_first}");
    }
}

#[tokio::test]
async fn before_the_first_byte_of_the_reply_nothing_but_the_message_is_kept() {
    for choice in [SavePartial, Discard] {
        let bench = Bench::replying(Script::new().wait_ms_before_headers(60_000)).await;
        let turns = bench.settings().on_disconnect(choice).build().unwrap();
        let mut turn = turns.start(bench.ask_on().history([]));
        turn.next().await.unwrap().unwrap();
        tokio::select! {
            event = turn.next() => panic!("{event:?}"),
            _ = bench.llm.wait_for(|log| !log.requests.is_empty()) => {}
        }
        assert!(let_go(&bench, turn).await.is_some());
        turns.flush(DEADLINE).await;
        assert_eq!(bench.saved(), [user(MESSAGE)]);
    }
}

#[tokio::test]
async fn a_whole_reply_is_kept_even_if_nobody_waits_for_the_end() {
    for choice in [SavePartial, Discard, Finish] {
        let bench = Bench::replying(Script::chat(["a"])).await;
        bench.store.fake().script("create-workspace", Script::pass().wait_ms_before_headers(300));
        let turns = bench.settings().on_disconnect(choice).build().unwrap();
        let mut turn = turns.start(bench.ask_anew());
        assert_eq!(read_some(&mut turn, 1).await, "a");
        // The model is done; the turn only waits for the workspace.
        while turn.timeline().stage(StageName::Reply).unwrap().ended.is_none() {
            assert!(turn.next().now_or_never().is_none());
            tokio::task::yield_now().await;
        }
        drop(turn);
        turns.flush(DEADLINE).await;
        assert_eq!(bench.saved(), [user(MESSAGE), ai("a")], "{choice:?}");
    }
}

#[tokio::test]
async fn a_cancelled_turn_stays_ended_and_tells_what_it_was() {
    let bench = Bench::replying(Script::new().role("assistant").text("a").stall()).await;
    let turns = bench.turns();
    let mut turn = turns.start(bench.ask_on());
    assert_eq!(read_some(&mut turn, 2).await, "a");
    turn.cancel();
    assert!(turn.next().await.is_none());
    let line = turn.timeline();
    assert_eq!(line.stage(StageName::Reply).unwrap().outcome, StageOutcome::Cancelled);
    assert!(line.total.is_some());
    turns.flush(DEADLINE).await;
    assert_eq!(bench.saved(), [user(MESSAGE), ai("a")]);
}

#[tokio::test]
async fn who_waits_for_all_work_is_not_kept_by_another_who_gives_up() {
    let script = Script::new().role("assistant").text("a").wait_ms(300).finish("stop").done();
    let bench = Bench::replying(script).await;
    let turns = bench.settings().on_disconnect(Finish).build().unwrap();
    let mut turn = turns.start(bench.ask_on());
    assert_eq!(read_some(&mut turn, 2).await, "a");
    drop(turn);
    let mut patient = std::pin::pin!(turns.flush(Duration::MAX));
    assert!(patient.as_mut().now_or_never().is_none(), "the reply has not ended");
    turns.flush(Duration::from_millis(1)).await;
    let report = tokio::time::timeout(DEADLINE, patient).await.unwrap();
    assert_eq!((report.pending, bench.saved()), (0, vec![user(MESSAGE), ai("a")]));
}
