//! The spoken reply: on demand, after its text, or while it is streamed.

use std::time::Duration;

use futures::StreamExt;
use turnwire::speech::{AudioStream, OpenAiSpeaker, Speaker, SpeechMode, SpeechRequest};
use turnwire::turn::{StageName, StageOutcome};
use turnwire::{ErrorKind, Speech, TurnEvent};
use turnwire_fakes::speech::text_of;
use turnwire_fakes::{Outcome, Script};

use super::{Bench, DEADLINE, ai, read, user};

const SAID: [&str; 3] = ["안녕하세요.", "오늘은 맑아요.", "산책할까요?"];

/// A reply of three sentences, in pieces with other boundaries.
fn reply() -> Script {
    let pieces = ["안녕하", "세요. 오늘", "은 맑아요. 산책", "할까요?"];
    let script =
        pieces.iter().fold(Script::new().role("assistant"), |script, text| script.text(*text));
    script.finish("stop").done()
}

pub(super) fn speaker(bench: &Bench) -> OpenAiSpeaker {
    OpenAiSpeaker::new(bench.openai()).model("voice")
}

/// The spoken sentences, in order, each checked against its event.
fn heard(events: &[TurnEvent]) -> Vec<String> {
    let pieces = events.iter().filter_map(|event| match event {
        TurnEvent::Audio { seq, mime, audio, text, .. } => Some((seq, mime, audio, text)),
        _ => None,
    });
    let check =
        |(at, (seq, mime, audio, text)): (usize, (&u64, &String, &bytes::Bytes, &String))| {
            assert_eq!((*seq, mime.as_str()), (at as u64, "audio/mpeg"));
            assert_eq!(&text_of(audio), text);
            text.clone()
        };
    pieces.enumerate().map(check).collect()
}

#[tokio::test]
async fn sentences_are_heard_in_order_and_done_comes_after_the_last() {
    for mode in [SpeechMode::Streaming, SpeechMode::AfterText] {
        let bench = Bench::replying(reply()).await;
        // The first sentence takes longest.
        bench.llm.script("voice", Script::pass().wait_ms_before_headers(60));
        bench.llm.script("voice", Script::pass());
        let turns = bench.settings().speaker(speaker(&bench)).speech_mode(mode).build().unwrap();
        let mut turn = turns.start(bench.ask_on());
        let told = read(&mut turn).await;
        assert_eq!(heard(&told.events), SAID, "{mode:?}");
        assert_eq!(told.kinds().last(), Some(&"done"));
        assert!(told.error.is_none());
        let line = turn.timeline();
        assert_eq!(line.stage(StageName::Speech).unwrap().outcome, StageOutcome::Done);
        assert!(line.first_audio > line.first_token);
        turns.flush(DEADLINE).await;
        assert_eq!(bench.saved().len(), 2);
    }
}

#[tokio::test]
async fn the_first_sentence_is_heard_while_the_text_is_still_being_written() {
    let begun = Script::new().role("assistant").text("안녕하세요. 오늘").stall();
    let bench = Bench::replying(begun).await;
    let mode = SpeechMode::Streaming;
    let turns = bench.settings().speaker(speaker(&bench)).speech_mode(mode).build().unwrap();
    let mut turn = turns.start(bench.ask_on());
    let mut events = Vec::new();
    while heard(&events).is_empty() {
        events.push(turn.next().await.unwrap().unwrap());
    }
    assert_eq!(heard(&events), ["안녕하세요."]);
}

#[tokio::test]
async fn speech_that_fails_costs_neither_the_text_nor_what_is_kept() {
    let bench = Bench::replying(reply()).await;
    bench.llm.script("voice", Script::pass());
    for _ in 0..8 {
        bench.llm.script(
            "voice",
            Script::new().status(400).json(serde_json::json!({"error": {"message": "no voice"}})),
        );
    }
    let settings = bench.settings().speaker(speaker(&bench)).speech_mode(SpeechMode::Streaming);
    let turns = settings.failure_events(true).build().unwrap();
    let mut turn = turns.start(bench.ask_on());
    let told = read(&mut turn).await;
    assert_eq!(told.text(), "안녕하세요. 오늘은 맑아요. 산책할까요?");
    assert_eq!(heard(&told.events).len(), 1);
    assert!(told.kinds().contains(&"stage_failed") && told.error.is_none(), "{told:?}");
    let outcome = turn.timeline().stage(StageName::Speech).unwrap().outcome.clone();
    assert!(
        matches!(&outcome, StageOutcome::Failed(why) if why.contains("no voice")),
        "{outcome:?}"
    );
    turns.flush(DEADLINE).await;
    assert_eq!(bench.saved(), [user(super::MESSAGE), ai(&told.text())]);
}

#[tokio::test]
async fn leaving_closes_every_request_for_speech() {
    let begun = Script::new().role("assistant").text("하나요. 둘이요. 셋이요. ").stall();
    let bench = Bench::replying(begun).await;
    bench.llm.script("voice", Script::new().wait_ms_before_headers(60_000));
    let mode = SpeechMode::Streaming;
    let turns = bench.settings().speaker(speaker(&bench)).speech_mode(mode).build().unwrap();
    let mut turn = turns.start(bench.ask_on());
    let speaks = |path: &str| path.ends_with("/audio/speech");
    let two_asked =
        bench.llm.wait_for(|log| log.requests.iter().filter(|r| speaks(&r.path)).count() == 2);
    tokio::select! {
        biased;
        _ = two_asked => {}
        _ = async { while turn.next().await.is_some() {} } => panic!("it does not end"),
    }
    drop(turn);
    let gone = bench.llm.wait_for(|log| {
        let mut speech = log.requests.iter().filter(|r| speaks(&r.path));
        speech.all(|r| r.outcome == Some(Outcome::ClientClosed))
    });
    gone.await;
}

#[tokio::test]
async fn a_text_is_spoken_on_demand_and_without_a_speaker_that_is_an_error() {
    let bench = Bench::replying(reply()).await;
    let turns = bench.settings().speaker(speaker(&bench)).build().unwrap();
    let told = read(&mut turns.start(bench.ask_on())).await;
    assert!(heard(&told.events).is_empty(), "on demand is not by itself");
    assert_eq!(text_of(&turns.speak("안녕하세요. 네.").await.unwrap()), "안녕하세요.네.");
    let error = bench.turns().speak("안녕하세요.").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
}

/// A speaker that only answers for sentences with this word.
struct Mute(&'static str);

#[turnwire::async_trait]
impl Speaker for Mute {
    async fn speak(&self, request: SpeechRequest) -> turnwire::Result<AudioStream> {
        if !request.text.contains(self.0) {
            std::future::pending::<()>().await;
        }
        let audio = turnwire_fakes::speech::mp3(&request.text).into();
        Ok(AudioStream::new("audio/mpeg", futures::stream::iter([Ok(audio)])))
    }
}

#[tokio::test]
async fn a_sentence_that_is_never_spoken_is_left_out_and_done_comes() {
    for mode in [SpeechMode::Streaming, SpeechMode::AfterText] {
        let bench = Bench::replying(reply()).await;
        let speech = Speech::new(Mute("맑아요")).sentence_limit(Duration::from_millis(50));
        let settings = bench.settings().speech(speech).speech_mode(mode).failure_events(true);
        let turns = settings.build().unwrap();
        let mut turn = turns.start(bench.ask_on());
        let told = read(&mut turn).await;
        assert_eq!(heard(&told.events), ["오늘은 맑아요."], "{mode:?}");
        assert_eq!(told.kinds().last(), Some(&"done"));
        assert!(told.kinds().contains(&"stage_failed") && told.error.is_none(), "{told:?}");
        let outcome = turn.timeline().stage(StageName::Speech).unwrap().outcome.clone();
        assert!(
            matches!(&outcome, StageOutcome::Failed(why) if why.contains("within 50ms")),
            "{outcome:?}"
        );
        turns.flush(DEADLINE).await;
        assert_eq!(bench.saved(), [user(super::MESSAGE), ai(&told.text())]);
    }
}

#[tokio::test]
async fn a_speaker_that_never_answers_is_given_up_after_the_text() {
    let many = Script::chat(["하나요. 둘이요. 셋이요. 넷이요. 다섯이요. 여섯이요."]);
    let bench = Bench::replying(many).await;
    // A sentence has no limit, but the wait for the next one has.
    let speech = Speech::new(Mute("nothing")).sentence_limit(None);
    let settings = bench.settings().speech(speech).speech_mode(SpeechMode::Streaming);
    let turns = settings.speech_wait(Duration::from_millis(50)).build().unwrap();
    let mut turn = turns.start(bench.ask_on());
    let told = read(&mut turn).await;
    assert!(told.error.is_none() && heard(&told.events).is_empty());
    assert_eq!(told.kinds().last(), Some(&"done"));
    let outcome = turn.timeline().stage(StageName::Speech).unwrap().outcome.clone();
    assert!(
        matches!(&outcome, StageOutcome::Failed(why) if why.contains("no sentence was spoken")),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn a_shutdown_does_not_wait_for_the_speech_of_a_broken_reply() {
    let bench = Bench::replying(Script::new().role("assistant").text("하나요.").truncate()).await;
    let speech = Speech::new(Mute("nothing")).sentence_limit(None);
    let settings = bench.settings().speech(speech).speech_mode(SpeechMode::Streaming);
    let turns = settings.speech_wait(Duration::MAX).build().unwrap();
    let mut turn = turns.start(bench.ask_on());
    while !matches!(turn.next().await, Some(Ok(TurnEvent::Content { .. }))) {}
    // The reply is broken once it is kept.
    let reading = tokio::spawn(async move { turn.next().await });
    while bench.saved().len() < 2 {
        tokio::task::yield_now().await;
    }
    turns.shutdown(Duration::ZERO).await;
    let last = tokio::time::timeout(DEADLINE, reading).await.expect("it ends").unwrap();
    let error = last.unwrap().unwrap_err();
    assert_eq!((error.code(), error.partial()), ("truncated", Some("하나요.")));
    assert!(!error.message().contains("shut down"), "{error}");
}

#[tokio::test]
async fn speech_limits_of_any_length_are_no_trouble() {
    let bench = Bench::replying(reply()).await;
    let speech = Speech::new(speaker(&bench)).sentence_limit(Duration::MAX);
    let settings = bench.settings().speech(speech).speech_mode(SpeechMode::Streaming);
    let turns = settings.speech_wait(Duration::MAX).build().unwrap();
    let told = read(&mut turns.start(bench.ask_on())).await;
    assert_eq!(heard(&told.events), SAID);
}
