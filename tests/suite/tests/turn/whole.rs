//! A turn's handle: its ids, its checked start, and its whole answer.

use futures::{FutureExt, StreamExt};
use turnwire::{ErrorKind, Turn, TurnEvent, TurnRequest, Turns};
use turnwire_fakes::Script;

use super::{Bench, DEADLINE, MESSAGE, WORKSPACE, counts, read};

#[tokio::test]
async fn the_answer_is_there_as_a_whole() {
    let bench = Bench::replying(Script::chat(["안녕", "하세요"])).await;
    let answer = bench.turns().start(bench.ask_on()).finish().await.unwrap();
    assert_eq!((answer.reply.as_str(), answer.stopped), ("안녕하세요", false));
    assert_eq!(answer.workspace_id.as_deref(), Some(WORKSPACE));
}

#[tokio::test]
async fn the_text_so_far_and_the_whole_of_a_turn_that_is_read() {
    let bench = Bench::replying(Script::chat(["a", "b"])).await;
    let mut turn = bench.turns().start(bench.ask_on());
    assert_eq!(turn.partial(), "");
    let mut seen = String::new();
    while let Some(event) = turn.next().await {
        if let TurnEvent::Content { content } = event.unwrap() {
            seen += &content;
        }
        assert_eq!(turn.partial(), seen);
    }
    assert_eq!(turn.partial(), "ab");
    assert_eq!(turn.into_answer().unwrap().reply, "ab");
}

#[tokio::test]
async fn a_turn_that_was_not_read_to_its_end_has_no_answer_but_the_text_so_far() {
    let begun = async || {
        let bench = Bench::replying(Script::new().role("assistant").text("a").stall()).await;
        let mut turn = bench.turns().start(bench.ask_on());
        while turn.partial().is_empty() {
            turn.next().await.unwrap().unwrap();
        }
        turn
    };
    let code = |turn: Turn| {
        let error = turn.into_answer().unwrap_err();
        assert_eq!(error.partial(), Some("a"), "{error}");
        error.code()
    };
    assert_eq!(code(begun().await), "truncated");
    let mut cancelled = begun().await;
    cancelled.cancel();
    assert_eq!(cancelled.partial(), "a");
    assert_eq!(code(cancelled), "cancelled");
}

#[tokio::test]
async fn the_error_that_ended_a_turn_stays_with_it() {
    let script = || Script::new().role("assistant").text("a").reset();
    let bench = Bench::replying(script()).await;
    let turns = bench.turns();
    let mut turn = turns.start(bench.ask_on());
    let error = read(&mut turn).await.error.unwrap();
    assert_eq!(turn.partial(), "a");
    assert_eq!(turn.into_answer().unwrap_err().to_string(), error.to_string());
    bench.llm.script("m stream", script());
    let error = turns.start(bench.ask_on()).finish().await.unwrap_err();
    assert_eq!(error.partial(), Some("a"));
}

#[tokio::test]
async fn a_request_is_checked_before_anything_runs() {
    let bench = Bench::start().await;
    let turns = bench.turns();
    let error = turns.try_start(bench.ask_on().tokens("", "")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    let error = turns.start(TurnRequest::new(" ")).finish().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    assert_eq!(counts(&turns.flush(DEADLINE).await), (0, 0, 0));
    assert_eq!(bench.llm.requests().len(), 0);
}

#[test]
fn outside_of_a_runtime_a_turn_is_an_error_and_no_panic() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let bench = runtime.block_on(Bench::start());
    let turns = Turns::builder(bench.openai()).model("m").build().unwrap();
    let error = turns.try_start(TurnRequest::new(MESSAGE)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("turnwire::blocking::Turns"), "{error}");
    let mut refused = turns.start(TurnRequest::new(MESSAGE));
    let found = read(&mut refused).now_or_never().unwrap();
    assert_eq!(found.error.unwrap().kind(), ErrorKind::Config);
    let body = turns.start(TurnRequest::new(MESSAGE)).sse();
    let pieces = body.collect::<Vec<_>>().now_or_never().unwrap();
    assert!(pieces[0].as_ref().unwrap().starts_with(b"data: {\"type\": \"error\""), "{pieces:?}");
    drop(bench);
}

#[tokio::test]
async fn the_messages_are_saved_under_the_turns_ids() {
    for is_new in [true, false] {
        let bench = Bench::replying(Script::chat(["a"])).await;
        let turns = bench.turns();
        let mut turn = turns.start(if is_new { bench.ask_anew() } else { bench.ask_on() });
        assert!(read(&mut turn).await.error.is_none());
        assert_eq!(counts(&turns.flush(DEADLINE).await), (2, 0, 0));
        let rows = bench.store.stored().messages;
        let ids: Vec<_> = rows.iter().map(|row| row.message["msgId"].as_str().unwrap()).collect();
        assert_eq!(ids, [turn.message_id(), turn.reply_id()]);
        assert!(![turn.message_id(), turn.reply_id()].contains(&turn.id()));
    }
}
