//! Sentiment of the message: in time it is sent to the model, and the reply never waits longer for it.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use tokio::sync::Notify;
use turnwire::turn::{LlmSentiment, StageName, StageOutcome, TurnsBuilder};
use turnwire::{Error, ErrorKind, TurnEvent};
use turnwire_fakes::Script;

use super::{Bench, content, read};

const LONG: Duration = Duration::from_secs(60);

/// The system prompt that the model was given.
fn system(bench: &Bench) -> String {
    let first = bench.asked()["messages"][0].clone();
    assert_eq!(first["role"], "system");
    first["content"].as_str().unwrap().to_owned()
}

fn prompted(bench: &Bench) -> TurnsBuilder {
    bench.settings().system_prompt("be kind").sentiment_events(true)
}

fn label(text: &str) -> TurnEvent {
    TurnEvent::sentiment(text)
}

#[tokio::test]
async fn a_label_in_time_goes_into_the_system_prompt() {
    let bench = Bench::replying(Script::chat(["a"])).await;
    let settings = prompted(&bench).sentiment_budget(LONG).sentiment_hint("mood: {label}");
    let settings = settings.sentiment(|text: String| async move { Ok(format!(" {text}\n")) });
    let mut turn = settings.build().unwrap().start(bench.ask_on());
    let read = read(&mut turn).await;
    assert_eq!(system(&bench), format!("be kind\n\nmood: {}", super::MESSAGE));
    assert_eq!(read.events[1..], [label(super::MESSAGE), content("a"), TurnEvent::done()]);
    let stage = turn.timeline().stage(StageName::Sentiment).unwrap().outcome.clone();
    assert_eq!(stage, StageOutcome::Done);
}

#[tokio::test]
async fn a_late_label_is_told_the_reader_alone() {
    let bench = Bench::replying(Script::new().role("assistant").text("a").stall()).await;
    let go = Arc::new(Notify::new());
    let searching = go.clone();
    let sentiment = move |_: String| {
        let go = searching.clone();
        async move {
            go.notified().await;
            Ok("기쁨".to_owned())
        }
    };
    let settings = prompted(&bench).sentiment_budget(Duration::from_millis(20));
    let mut turn = settings.sentiment(sentiment).build().unwrap().start(bench.ask_on());
    assert_eq!(turn.next().await.unwrap().unwrap().kind(), "workspace");
    assert_eq!(turn.next().await.unwrap().unwrap(), content("a"));
    go.notify_one();
    assert_eq!(turn.next().await.unwrap().unwrap(), label("기쁨"));
    assert_eq!(system(&bench), "be kind");
    let stage = turn.timeline().stage(StageName::Sentiment).unwrap().outcome.clone();
    assert_eq!(stage, StageOutcome::Late);
}

#[tokio::test]
async fn without_a_budget_the_reply_never_waits() {
    let bench = Bench::replying(Script::chat(["a"])).await;
    let settings = prompted(&bench).sentiment_budget(Duration::ZERO);
    let turns = settings.sentiment(|_: String| async { Ok("기쁨".to_owned()) }).build().unwrap();
    let mut turn = turns.start(bench.ask_on());
    // For any result of the classification so far.
    tokio::task::yield_now().await;
    read(&mut turn).await;
    assert_eq!(system(&bench), "be kind");
}

#[tokio::test]
async fn a_search_that_fails_does_not_use_up_the_budget() {
    let failing = |how: &'static str| {
        move |_: String| async move {
            match how {
                "empty" => Ok(" ".to_owned()),
                "error" => Err(Error::new(ErrorKind::Api, "bert", "no such file")),
                _ => panic!("a bug in the callback"),
            }
        }
    };
    for how in ["empty", "error", "panic"] {
        let bench = Bench::replying(Script::chat(["a"])).await;
        let settings = prompted(&bench).sentiment_budget(LONG).sentiment(failing(how));
        let mut turn = settings.build().unwrap().start(bench.ask_on());
        assert_eq!(read(&mut turn).await.kinds(), ["workspace", "content", "done"], "{how}");
        assert_eq!(system(&bench), "be kind");
        let stage = turn.timeline().stage(StageName::Sentiment).unwrap().outcome.clone();
        assert!(matches!(stage, StageOutcome::Failed(_)), "{how}: {stage:?}");
    }
}

#[tokio::test]
async fn a_search_ends_with_its_turn() {
    let bench = Bench::replying(Script::chat(["a"])).await;
    let alive = Arc::new(());
    let held = alive.clone();
    let sentiment = move |_: String| {
        let held = held.clone();
        async move {
            let _held = held;
            pending().await
        }
    };
    let settings = prompted(&bench).sentiment_budget(Duration::from_millis(10));
    let turns = settings.sentiment(sentiment).build().unwrap();
    let mut turn = turns.start(bench.ask_on());
    read(&mut turn).await;
    while Arc::strong_count(&alive) > 2 {
        tokio::task::yield_now().await;
    }
    let stage = turn.timeline().stage(StageName::Sentiment).unwrap().outcome.clone();
    assert_eq!(stage, StageOutcome::Cancelled);
}

#[tokio::test]
async fn a_model_can_be_asked_for_the_label() {
    for (answer, expected) in [("슬픔입니다.", "슬픔"), ("모르겠어요", "중립")] {
        let bench = Bench::replying(Script::chat(["a"])).await;
        let answer = serde_json::json!({"choices": [{"index": 0, "finish_reason": "stop",
            "message": {"role": "assistant", "content": answer}}]});
        bench.llm.script("s", Script::body(answer));
        let labels = LlmSentiment::new(bench.openai()).model("s").labels(["기쁨", "슬픔", "중립"]);
        let settings = prompted(&bench).sentiment_budget(LONG).sentiment(labels);
        let read = read(&mut settings.build().unwrap().start(bench.ask_on())).await;
        assert_eq!(read.events[1], label(expected));
        assert_eq!(
            system(&bench),
            format!("be kind\n\nThe sentiment of the user's message: {expected}")
        );
        // Reasoning models refuse a limit on the tokens, or spend it before they answer.
        let asked = bench
            .llm
            .requests()
            .iter()
            .find_map(|request| request.json().filter(|json| json["model"] == "s"));
        let asked = asked.unwrap();
        let mut fields = asked.as_object().unwrap().keys();
        assert!(fields.all(|field| !field.starts_with("max_")), "{asked:?}");
    }
}
