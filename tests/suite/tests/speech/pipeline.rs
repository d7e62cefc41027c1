//! The pipeline: sentences in, their audio out, in order.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::{FutureExt, StreamExt, stream};
use tokio::sync::mpsc;
use turnwire::speech::{
    AudioStream, OnFailure, Speaker, SpeechRequest, SpeechStream, Spoken, TextPiece,
};
use turnwire::{Error, ErrorKind, Speech};
use turnwire_fakes::speech::{mp3, text_of};
use turnwire_fakes::{Fake, Script};

use super::openai;

const SIX: &str = "하나요. 둘이요. 셋이요. 넷이요. 다섯이요. 여섯이요.";

/// Items of a stream, one line each.
async fn told<S>(stream: SpeechStream<S>) -> Vec<String>
where
    S: futures::Stream<Item: TextPiece> + Unpin,
{
    let line = |spoken: turnwire::Result<Spoken>| match spoken {
        Ok(Spoken::Audio(piece)) => {
            assert_eq!(text_of(&piece.bytes), piece.text);
            format!("{} {} {} {}", piece.seq, piece.sentence, piece.text, piece.mime)
        }
        Ok(Spoken::Failed(failed)) => {
            format!("- {} {} {}", failed.sentence, failed.text, failed.error.code())
        }
        Err(error) => format!("error {}", error.code()),
    };
    stream.map(line).collect().await
}

#[tokio::test]
async fn audio_comes_in_order_although_requests_end_in_another() {
    let fake = Fake::start().await.unwrap();
    fake.script("voice", Script::pass().wait_ms_before_headers(60));
    fake.script("voice", Script::pass());
    let told = told(Speech::new(openai(&fake)).say(SIX)).await;
    let expected = ["하나요.", "둘이요.", "셋이요.", "넷이요.", "다섯이요.", "여섯이요."];
    let expected: Vec<_> =
        expected.iter().enumerate().map(|(n, text)| format!("{n} {n} {text} audio/mpeg")).collect();
    assert_eq!(told, expected);
    let log = fake.log();
    let ended = |n: usize| log.requests[n].finished_at_ms.unwrap();
    assert!(ended(1) < ended(0), "the second was ready before the first");
}

#[tokio::test]
async fn a_sentence_is_spoken_while_the_text_is_still_being_written() {
    let fake = Fake::start().await.unwrap();
    let (text, written) = mpsc::unbounded_channel::<String>();
    let written = stream::unfold(written, |mut w| async { Some((w.recv().await?, w)) }).boxed();
    let mut speech = Speech::new(openai(&fake)).speak(written);
    text.send("안녕하세요. 오늘은 ".to_owned()).unwrap();
    let Spoken::Audio(first) = speech.next().await.unwrap().unwrap() else {
        panic!("it is spoken")
    };
    assert_eq!(first.text, "안녕하세요.");
    assert!(speech.next().now_or_never().is_none(), "the second is not whole");
    text.send("맑아요".to_owned()).unwrap();
    drop(text);
    let Spoken::Audio(second) = speech.next().await.unwrap().unwrap() else {
        panic!("it is spoken")
    };
    assert_eq!((second.seq, second.text.as_str()), (1, "오늘은 맑아요"));
    assert!(speech.next().await.is_none() && speech.next().await.is_none());
}

#[tokio::test]
async fn no_more_requests_run_at_a_time_than_allowed() {
    for allowed in [1, 2, 3] {
        let fake = Fake::start().await.unwrap();
        fake.script("voice", Script::pass().wait_ms_before_headers(20));
        let speech = Speech::new(openai(&fake)).in_flight(allowed).say(SIX);
        assert_eq!(told(speech).await.len(), 6);
        let log = fake.log();
        let running = |at: f64| {
            let runs =
                |r: &&turnwire_fakes::Record| r.at_ms <= at && r.finished_at_ms.unwrap() > at;
            log.requests.iter().filter(runs).count()
        };
        let most = log.requests.iter().map(|request| running(request.at_ms)).max();
        assert_eq!(most, Some(allowed));
    }
}

#[tokio::test]
async fn a_reader_that_does_not_read_stops_the_requests() {
    let fake = Fake::start().await.unwrap();
    let endless = stream::repeat("네. 그래요. ");
    let mut speech = Speech::new(openai(&fake)).speak(endless);
    assert!(speech.next().await.unwrap().is_ok());
    let some = fake.requests().len();
    assert!(some <= 10, "{some} requests for a reader of one piece");
    assert!(speech.next().await.unwrap().is_ok());
}

#[tokio::test]
async fn dropping_the_speech_closes_every_request() {
    let fake = Fake::start().await.unwrap();
    fake.script(
        "voice",
        Script::new().header("content-type", "audio/mpeg").send_bytes(mp3("a")).stall(),
    );
    fake.script("voice", Script::new().wait_ms_before_headers(60_000));
    let mut speech = Speech::new(openai(&fake)).in_flight(3).say(SIX);
    let waiting = tokio::spawn(async move { speech.next().await.is_some() });
    fake.wait_for(|log| log.requests.len() == 3).await;
    waiting.abort();
    assert!(waiting.await.unwrap_err().is_cancelled());
    let log = fake.wait_for(|log| log.open_connections == 0).await;
    assert!(log.requests.iter().all(|request| request.client_closed_at_ms.is_some()));
}

#[tokio::test]
async fn a_sentence_that_fails_is_left_out_and_reported_in_its_place() {
    let fake = Fake::start().await.unwrap();
    fake.script("voice", Script::pass());
    fake.script("voice", Script::error(400, "no"));
    fake.script("voice", Script::pass());
    let told = told(Speech::new(openai(&fake)).in_flight(1).say("하나요. 둘이요. 셋이요.")).await;
    assert_eq!(
        told,
        ["0 0 하나요. audio/mpeg", "- 1 둘이요. bad_request", "1 2 셋이요. audio/mpeg"]
    );
}

#[tokio::test]
async fn a_failure_ends_the_speech_if_told_so() {
    let fake = Fake::start().await.unwrap();
    fake.script("voice", Script::pass());
    fake.script("voice", Script::error(400, "no"));
    let speech = Speech::new(openai(&fake)).in_flight(1).on_failure(OnFailure::Stop);
    assert_eq!(told(speech.say(SIX)).await, ["0 0 하나요. audio/mpeg", "error bad_request"]);
}

#[tokio::test]
async fn what_breaks_amid_a_sentence_or_is_empty_is_spoken_again() {
    let audio = || Script::new().header("content-type", "audio/mpeg");
    for broken in [audio().send_bytes(mp3("하나요.")).truncate(), audio()] {
        let fake = Fake::start().await.unwrap();
        fake.script("voice", broken);
        fake.script("voice", Script::pass());
        assert_eq!(
            told(Speech::new(openai(&fake)).say("하나요.")).await,
            ["0 0 하나요. audio/mpeg"]
        );
        assert_eq!(fake.requests().len(), 2);
    }
    let fake = Fake::start().await.unwrap();
    fake.script("voice", audio());
    let speech = Speech::new(openai(&fake)).retries(0).say("하나요.");
    assert_eq!(told(speech).await, ["- 0 하나요. unexpected_reply"]);
}

#[tokio::test]
async fn the_options_go_with_every_sentence() {
    let fake = Fake::start().await.unwrap();
    let speech = Speech::new(openai(&fake)).voice("nova").speed(2.0);
    told(speech.say("하나요. 둘이요.")).await;
    for request in fake.requests() {
        let json = request.json().unwrap();
        assert_eq!((json["voice"].as_str(), json["speed"].as_f64()), (Some("nova"), Some(2.0)));
    }
}

#[tokio::test]
async fn nothing_to_say_is_nothing() {
    let fake = Fake::start().await.unwrap();
    for nothing in ["", "😀 …\n```\ncode"] {
        assert!(told(Speech::new(openai(&fake)).say(nothing)).await.is_empty());
    }
    assert_eq!(fake.requests().len(), 0);
}

/// A custom speaker: it counts, and fails at every third sentence.
struct Third(AtomicUsize);

#[turnwire::async_trait]
impl Speaker for Third {
    async fn speak(&self, request: SpeechRequest) -> turnwire::Result<AudioStream> {
        if self.0.fetch_add(1, Ordering::Relaxed) % 3 == 2 {
            return Err(Error::new(ErrorKind::Api, "speech", "hoarse"));
        }
        Ok(AudioStream::new("audio/mpeg", stream::iter([Ok(mp3(&request.text).into())])))
    }
}

#[tokio::test]
async fn any_speaker_will_do() {
    let speaker: Arc<dyn Speaker> = Arc::new(Third(AtomicUsize::new(0)));
    let told = told(Speech::new(speaker).say("하나요. 둘이요. 셋이요. 넷이요.")).await;
    assert_eq!(
        told,
        [
            "0 0 하나요. audio/mpeg",
            "1 1 둘이요. audio/mpeg",
            "- 2 셋이요. api",
            "2 3 넷이요. audio/mpeg"
        ]
    );
}

#[tokio::test]
async fn a_chat_stream_is_spoken_as_it_is_and_its_error_comes_after_the_whole_sentences() {
    let fake = Fake::start().await.unwrap();
    fake.script("whole", Script::chat(["하나", "요. 둘", "이요."]));
    fake.script("broken", Script::new().text("하나요. 둘").truncate());
    let speech = Speech::new(|request: SpeechRequest| async move {
        Ok(AudioStream::new("audio/mpeg", stream::iter([Ok(mp3(&request.text).into())])))
    });
    let llm = super::client(&fake);
    let ask = |model: &str| turnwire::ChatRequest::new(model).user("hi");
    let mut reply = llm.chat_stream(ask("whole")).await.unwrap();
    let spoken = told(speech.speak(&mut reply)).await;
    assert_eq!(spoken, ["0 0 하나요. audio/mpeg", "1 1 둘이요. audio/mpeg"]);
    assert_eq!(reply.into_reply().unwrap().text(), "하나요. 둘이요.");

    let mut spoken = speech.speak(llm.chat_stream(ask("broken")).await.unwrap());
    assert!(
        matches!(spoken.next().await, Some(Ok(Spoken::Audio(piece))) if piece.text == "하나요.")
    );
    assert_eq!(spoken.next().await.unwrap().unwrap_err().code(), "truncated");
    assert!(spoken.next().await.is_none());
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Broken {
    name: String,
    pieces: Vec<String>,
    heard: Vec<String>,
}

#[tokio::test]
async fn of_a_text_that_breaks_the_complete_sentences_are_heard() {
    let fake = Fake::start().await.unwrap();
    let cases = include_str!("../../../vectors/speech/broken.json");
    for Broken { name, pieces, heard } in serde_json::from_str::<Vec<Broken>>(cases).unwrap() {
        let broken = Error::new(ErrorKind::Truncated, "test", "the text breaks");
        let text = stream::iter(pieces.into_iter().map(Ok).chain([Err(broken)]));
        let told = told(Speech::new(openai(&fake)).speak(text)).await;
        let said = heard.iter().enumerate().map(|(n, text)| format!("{n} {n} {text} audio/mpeg"));
        let expected: Vec<_> = said.chain(["error truncated".to_owned()]).collect();
        assert_eq!(told, expected, "{name}");
    }
}

#[tokio::test]
async fn a_speech_that_a_sentence_has_ended_has_no_second_error() {
    let fake = Fake::start().await.unwrap();
    fake.script("voice", Script::error(400, "no"));
    let broken = Error::new(ErrorKind::Truncated, "test", "the text breaks");
    let text = stream::iter([Ok("하나요. "), Err(broken)]);
    let speech = Speech::new(openai(&fake)).on_failure(OnFailure::Stop);
    assert_eq!(told(speech.speak(text)).await, ["error bad_request"]);
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_pauses_loses_no_sentence() {
    let speech = Speech::new(|request: SpeechRequest| async move {
        for _ in 0..5 {
            tokio::task::yield_now().await;
        }
        let bytes = turnwire::Bytes::from(request.text.into_bytes());
        Ok(AudioStream::new("audio/pcm", stream::iter([Ok(bytes)])))
    });
    let mut speech = speech.in_flight(1).say("하나요. 둘이요. 셋이요.");
    for text in ["하나요.", "둘이요.", "셋이요."] {
        // The request begins, and its reader does something else for an hour.
        assert!(speech.next().now_or_never().is_none());
        tokio::time::advance(Duration::from_secs(3600)).await;
        let Spoken::Audio(piece) = speech.next().await.unwrap().unwrap() else {
            panic!("{text} is left out")
        };
        assert_eq!(piece.text, text);
    }
}
