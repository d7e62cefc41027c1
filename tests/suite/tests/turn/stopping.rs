//! A turn is stopped from outside its reader: the request to the model is closed at once, and the text so far is kept.

use std::task::Poll;

use futures::StreamExt;
use turnwire::speech::SpeechMode;
use turnwire::turn::OnDisconnect::{Discard, Finish};
use turnwire::turn::{StageName, StageOutcome, Turn};
use turnwire::{Bytes, TurnEvent, TurnRequest, Turns};
use turnwire_fakes::{Outcome, Script};

use super::spoken::speaker;
use super::{Bench, DEADLINE, MESSAGE, WORKSPACE, ai, content, counts, read, user};

/// A reply of two pieces whose end never arrives.
fn endless() -> Script {
    Script::new().role("assistant").text("a").text("b").stall()
}

#[tokio::test]
async fn a_stopped_turn_lets_the_model_go_keeps_its_text_and_ends_well() {
    // A stopped reply is kept, regardless of the setting for a reader that leaves.
    for (index, choice) in [Discard, Finish].into_iter().enumerate() {
        let bench = Bench::replying(endless()).await;
        let turns = bench.settings().on_disconnect(choice).build().unwrap();
        let mut turn = turns.start(bench.ask_on());
        let (id, stopper) = (turn.id().to_owned(), turn.stopper());
        let workspace = TurnEvent::workspace(WORKSPACE);
        for expected in [workspace, content("a"), content("b")] {
            assert_eq!(turn.next().await.unwrap().unwrap(), expected);
        }
        assert_eq!(turn.partial(), "ab");
        // The reader waits while another task stops the turn.
        let reader = tokio::spawn(async move { (read(&mut turn).await, turn) });
        tokio::task::yield_now().await;
        match index {
            0 => stopper.stop(),
            _ => assert!(turns.stop(&id)),
        }
        let (rest, turn) = reader.await.unwrap();
        assert_eq!(rest.events, [TurnEvent::stopped()]);
        assert!(rest.error.is_none(), "{rest:?}");
        assert_eq!(
            turn.timeline().stage(StageName::Reply).unwrap().outcome,
            StageOutcome::Cancelled
        );
        bench.llm.wait_for(|log| log.open_connections == 0).await;
        let outcomes: Vec<_> = bench.llm.requests().into_iter().map(|r| r.outcome).collect();
        assert_eq!(outcomes, [Some(Outcome::ClientClosed)]);
        assert_eq!(counts(&turns.flush(DEADLINE).await), (2, 0, 0));
        assert_eq!(bench.saved(), [user(MESSAGE), ai("ab")]);
        let answer = turn.into_answer().unwrap();
        assert_eq!((answer.reply.as_str(), answer.stopped), ("ab", true));
        assert_eq!(answer.workspace_id.as_deref(), Some(WORKSPACE));
    }
}

#[tokio::test]
async fn a_turn_can_be_stopped_before_its_reply_begins() {
    let bench = Bench::replying(Script::chat(["a"]).wait_ms_before_headers(60_000)).await;
    let turns = bench.turns();
    let mut turn = turns.start(bench.ask_on());
    turn.stopper().stop();
    assert_eq!(read(&mut turn).await.kinds(), ["workspace", "done"]);
    assert_eq!(counts(&turns.flush(DEADLINE).await), (1, 0, 0));
    assert_eq!(bench.saved(), [user(MESSAGE)], "without text there is no message of the AI");
}

#[tokio::test]
async fn a_stopped_turn_still_names_its_new_workspace() {
    let bench = Bench::replying(endless()).await;
    bench.llm.script("m whole", Script::pass().wait_ms_before_headers(50));
    let turns = bench.turns();
    let mut turn = turns.start(bench.ask_anew());
    turn.stopper().stop();
    let read = read(&mut turn).await;
    assert_eq!(read.kinds(), ["workspace", "done"]);
    assert_eq!(read.events.last(), Some(&TurnEvent::stopped()));
}

#[tokio::test]
async fn the_body_of_a_response_ends_with_a_done_that_says_so() {
    let bench = Bench::replying(endless()).await;
    let turns = Turns::builder(bench.openai()).model("m").turn_events(true);
    let turns = turns.keep_alive(DEADLINE).build().unwrap();
    let turn = turns.try_start(TurnRequest::new(MESSAGE)).unwrap();
    let ids = (turn.id().to_owned(), turn.message_id().to_owned(), turn.reply_id().to_owned());
    let mut body = turn.sse();
    let mut text = String::new();
    while !text.contains("\"b\"") {
        text += std::str::from_utf8(&body.next().await.unwrap().unwrap()).unwrap();
    }
    let first = TurnEvent::turn(ids.0.as_str(), ids.1.as_str(), ids.2.as_str()).to_json();
    assert!(text.starts_with(&format!("data: {first}\n\n")), "{text}");
    assert!(turns.stop(&ids.0));
    let last: Vec<Bytes> = body.by_ref().map(Result::unwrap).collect().await;
    let (turn, message, reply) = &ids;
    let told = format!(
        "\"turnId\": \"{turn}\", \"messageId\": \"{message}\", \"replyId\": \"{reply}\", \"model\": \"m\""
    );
    let expected = format!("data: {{\"type\": \"done\", \"stopped\": true, {told}}}\n\n");
    assert_eq!(String::from_utf8(last.concat()).unwrap(), expected);
    assert!(!turns.stop(&ids.0), "it does not run any more");
    assert!(!turns.stop("another"));
}

#[tokio::test]
async fn speech_that_goes_on_after_the_text_can_be_stopped() {
    let bench = Bench::replying(Script::chat(["One sentence."])).await;
    bench.llm.script("voice", Script::new().stall());
    let turns = bench.settings().speaker(speaker(&bench)).speech_mode(SpeechMode::AfterText);
    let turns = turns.build().unwrap();
    let mut turn = turns.start(bench.ask_on());
    while turn.partial().is_empty() {
        turn.next().await.unwrap().unwrap();
    }
    // The speech begins with the poll that finds the text's end, and never ends.
    while turn.timeline().stage(StageName::Speech).is_none() {
        assert!(futures::poll!(turn.next()).is_pending());
        tokio::task::yield_now().await;
    }
    turn.stopper().stop();
    assert_eq!(turn.next().await.unwrap().unwrap(), TurnEvent::stopped());
    assert_eq!(turns.flush(DEADLINE).await.delivered, 2);
    assert_eq!(bench.saved(), [user(MESSAGE), ai("One sentence.")]);
}

#[tokio::test]
async fn speech_that_goes_on_after_a_broken_reply_can_be_stopped() {
    let broken = Script::new().role("assistant").text("One sentence. Two").truncate();
    let bench = Bench::replying(broken).await;
    bench.llm.script("voice", Script::new().stall());
    let turns = bench.settings().speaker(speaker(&bench)).speech_mode(SpeechMode::Streaming);
    let turns = turns.build().unwrap();
    let mut turn = turns.start(bench.ask_on());
    let is_broken = |turn: &Turn| {
        let reply = turn.timeline().stage(StageName::Reply).map(|reply| reply.outcome.clone());
        matches!(reply, Some(StageOutcome::Failed(_)))
    };
    while !is_broken(&turn) {
        if let Poll::Ready(event) = futures::poll!(turn.next()) {
            event.unwrap().unwrap();
        }
        tokio::task::yield_now().await;
    }
    assert!(futures::poll!(turn.next()).is_pending(), "its sentence is still spoken");
    turn.stopper().stop();
    assert_eq!(turn.next().await.unwrap().unwrap_err().code(), "truncated");
}

#[tokio::test]
async fn a_turn_that_is_over_is_not_stopped_any_more() {
    let bench = Bench::replying(Script::chat(["a"])).await;
    let turns = bench.turns();
    let mut turn = turns.start(bench.ask_on());
    let found = read(&mut turn).await;
    assert_eq!(found.events.last(), Some(&TurnEvent::done()));
    turn.stopper().stop();
    assert!(turn.next().await.is_none());
    assert!(!turn.into_answer().unwrap().stopped);
}
