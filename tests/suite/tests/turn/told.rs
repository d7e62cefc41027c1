//! The optional events: sent only if enabled.

use turnwire::TurnEvent;
use turnwire_fakes::{FakeStore, Script};

use super::{Bench, content, read};

fn reply() -> Script {
    Script::new().role("assistant").text("a").finish("stop").usage(12, 3).done()
}

#[tokio::test]
async fn the_cost_is_asked_for_and_told_before_the_end_when_it_is_wanted() {
    for wanted in [true, false] {
        let bench = Bench::replying(reply()).await;
        let turns = bench.settings().usage_events(wanted).build().unwrap();
        let read = read(&mut turns.start(bench.ask_on())).await;
        let asked = bench.asked()["stream_options"]["include_usage"] == true;
        assert_eq!(asked, wanted);
        let usage = TurnEvent::usage(12, 3, 15);
        let mut expected = vec![content("a"), usage, TurnEvent::done()];
        expected.retain(|event| wanted || event.kind() != "usage");
        assert_eq!(read.events[1..], expected);
    }
}

#[tokio::test]
async fn a_label_is_told_when_it_is_wanted() {
    for wanted in [true, false] {
        let bench = Bench::replying(reply()).await;
        let settings = bench.settings().sentiment_events(wanted);
        let turns = settings.sentiment(|_: String| async { Ok("기쁨".to_owned()) });
        let read = read(&mut turns.build().unwrap().start(bench.ask_on())).await;
        assert_eq!(read.kinds().contains(&"sentiment"), wanted);
    }
}

/// The failed stages, with their reported messages.
async fn failed(tell: bool, detailed: bool) -> Vec<(String, String, Option<String>)> {
    let bench = Bench::replying(reply()).await;
    bench.llm.script("m whole", Script::error(400, "no names today"));
    // The retry after a 503 fails again.
    bench.store.fake().script("create-workspace", FakeStore::refusal(503, "starting"));
    bench.store.fake().script("create-workspace", FakeStore::refusal(400, "no room"));
    let settings = bench.settings().failure_events(tell).detailed_errors(detailed);
    let turns = settings.sentiment(|_: String| async { Ok(String::new()) }).build().unwrap();
    let read = read(&mut turns.start(bench.ask_anew())).await;
    assert!(read.error.is_none());
    assert_eq!(read.kinds().last(), Some(&"done"));
    let told = read.events.into_iter().filter_map(|event| match event {
        TurnEvent::StageFailed { stage, message, code, .. } => Some((stage, message, code)),
        _ => None,
    });
    // The messages of a missing workspace cannot be saved; that may be known before the end.
    let mut told: Vec<_> = told.filter(|(stage, ..)| !stage.starts_with("save_")).collect();
    told.sort_unstable();
    told
}

#[tokio::test]
async fn each_stage_that_failed_and_is_missed_is_told_once_in_words_for_the_user() {
    assert_eq!(failed(false, false).await, []);
    let told = |stage: &str, message: &str, code: Option<&str>| {
        (stage.to_owned(), message.to_owned(), code.map(str::to_owned))
    };
    let expected = [
        told("create_workspace", "The conversation could not be created.", Some("server")),
        told("sentiment", "The mood of the message was not found.", None),
    ];
    assert_eq!(failed(true, false).await, expected);
}

#[tokio::test]
async fn developers_are_told_what_the_log_has() {
    let failed = failed(true, true).await;
    let words = ["starting", "the label is empty"];
    assert_eq!(failed.len(), words.len());
    for ((stage, message, _), word) in failed.iter().zip(words) {
        assert!(message.contains(word), "{stage}: {message}");
    }
}
