//! Callbacks that panic, in the call or in the poll: the reply is unaffected, and the timeline names the callback.

use futures::StreamExt;
use turnwire::speech::{AudioStream, Speaker, SpeechMode, SpeechRequest};
use turnwire::turn::{Sentiment, StageName, StageOutcome, Timeline};
use turnwire_fakes::Script;

use super::{Bench, DEADLINE, ai, counts, read};

/// A callback with a bug.
#[derive(Clone, Copy)]
enum Bert {
    PanicsInTheCall,
    PanicsInThePoll,
}

#[turnwire::async_trait]
impl Sentiment for Bert {
    async fn label(&self, _: String) -> turnwire::Result<String> {
        assert!(!matches!(self, Bert::PanicsInTheCall), "no such file");
        tokio::task::yield_now().await;
        panic!("no such file")
    }
}

#[turnwire::async_trait]
impl Speaker for Bert {
    async fn speak(&self, _: SpeechRequest) -> turnwire::Result<AudioStream> {
        assert!(!matches!(self, Bert::PanicsInTheCall), "no such voice");
        tokio::task::yield_now().await;
        panic!("no such voice")
    }
}

fn reason(line: &Timeline, name: StageName) -> String {
    match &line.stage(name).unwrap().outcome {
        StageOutcome::Failed(why) => why.clone(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_sentiment_callback_that_panics_costs_the_label_and_is_named() {
    for bert in [Bert::PanicsInTheCall, Bert::PanicsInThePoll] {
        let bench = Bench::replying(Script::chat(["a"])).await;
        let turns = bench.settings().sentiment(std::sync::Arc::new(bert)).build().unwrap();
        let mut turn = turns.start(bench.ask_on());
        assert_eq!(read(&mut turn).await.kinds(), ["workspace", "content", "done"]);
        let why = reason(&turn.timeline(), StageName::Sentiment);
        assert!(why.contains("sentiment callback") && why.contains("Bert` panicked"), "{why}");
        assert_eq!(counts(&turns.flush(DEADLINE).await), (2, 0, 0));
    }
}

#[tokio::test]
async fn a_speaker_that_panics_costs_the_sentence_and_is_named() {
    for bert in [Bert::PanicsInTheCall, Bert::PanicsInThePoll] {
        let bench = Bench::replying(Script::chat(["안녕하세요."])).await;
        let turns = bench.settings().speaker(bert).speech_mode(SpeechMode::Streaming);
        let turns = turns.build().unwrap();
        let mut turn = turns.start(bench.ask_on());
        assert_eq!(read(&mut turn).await.kinds(), ["workspace", "content", "done"]);
        let why = reason(&turn.timeline(), StageName::Speech);
        assert!(why.contains("speaker") && why.contains("Bert` panicked"), "{why}");
        turns.flush(DEADLINE).await;
        assert_eq!(bench.saved()[1], ai("안녕하세요."));

        let error = turns.speak("안녕하세요.").await.unwrap_err();
        assert!(error.to_string().contains("Bert` panicked"), "{error}");
        let mut spoken = turnwire::Speech::new(bert).say("a.");
        assert!(matches!(spoken.next().await, Some(Ok(turnwire::speech::Spoken::Failed(_)))));
    }
}
