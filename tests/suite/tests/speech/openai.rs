//! The speaker of an OpenAI-compatible service.

use futures::StreamExt;
use serde_json::json;
use turnwire::ErrorKind;
use turnwire::config::CallOptions;
use turnwire::speech::{AudioFormat, OpenAiSpeaker, Speaker, SpeechRequest};
use turnwire_fakes::speech::{mp3, text_of, wav};
use turnwire_fakes::{Fake, Script};

use super::{client, openai};

#[tokio::test]
async fn every_option_is_sent_by_its_name() {
    let fake = Fake::start().await.unwrap();
    let speaker = OpenAiSpeaker::new(client(&fake));
    let audio = speaker.speak(SpeechRequest::new("안녕")).await.unwrap();
    assert_eq!(audio.collect().await.unwrap(), mp3("안녕"));
    let speaker = speaker
        .model("tts-1")
        .voice("nova")
        .format(AudioFormat::Wav)
        .speed(1.5)
        .instructions("천천히")
        .extra("seed", 7);
    let audio = speaker.speak(SpeechRequest::new("하나")).await.unwrap();
    assert_eq!(audio.content_type(), "audio/wav");
    assert_eq!(audio.collect().await.unwrap(), wav("하나"));
    let other = SpeechRequest::new("둘")
        .voice("echo")
        .speed(0.5)
        .instructions("빨리")
        .format(AudioFormat::Pcm);
    speaker.speak(other).await.unwrap().collect().await.unwrap();
    let sent: Vec<_> =
        fake.requests().iter().map(|r| (r.path.clone(), r.json().unwrap())).collect();
    let path = "/v1/audio/speech".to_owned();
    assert_eq!(
        sent,
        [
            (
                path.clone(),
                json!({"model": "gpt-4o-mini-tts", "input": "안녕", "voice": "alloy", "response_format": "mp3"})
            ),
            (
                path.clone(),
                json!({"model": "tts-1", "input": "하나", "voice": "nova", "response_format": "wav", "speed": 1.5,
                       "instructions": "천천히", "seed": 7})
            ),
            (
                path,
                json!({"model": "tts-1", "input": "둘", "voice": "echo", "response_format": "pcm", "speed": 0.5,
                       "instructions": "빨리", "seed": 7})
            ),
        ]
    );
    assert_eq!(fake.connections(), 1, "the client's connections are used again");
}

#[tokio::test]
async fn it_calls_as_its_client_does() {
    let fake = Fake::start().await.unwrap();
    let client = client(&fake).with(CallOptions::new().header("x-team", "red"));
    OpenAiSpeaker::new(client).speak(SpeechRequest::new("hi")).await.unwrap();
    let [request] = &fake.requests()[..] else { panic!("one request") };
    assert_eq!(request.header("x-team"), Some("red"));
    assert_eq!(request.header("authorization"), Some("Bearer sk-speech-0123456789"));
}

#[tokio::test]
async fn bytes_are_handed_on_as_they_come() {
    let fake = Fake::start().await.unwrap();
    let script = Script::new().header("content-type", "audio/mpeg").send_bytes(mp3("첫")).stall();
    fake.script("voice", script);
    let mut audio = openai(&fake).speak(SpeechRequest::new("hi")).await.unwrap();
    assert_eq!(audio.next().await.unwrap().unwrap(), mp3("첫"), "although the rest never comes");
    drop(audio);
    fake.wait_for(|log| log.requests[0].client_closed_at_ms.is_some()).await;
}

#[tokio::test]
async fn what_is_no_audio_is_an_error() {
    let fake = Fake::start().await.unwrap();
    let json = |body| Script::body(body).header("content-type", "application/json");
    for (script, kind) in [
        (Script::new().header("content-type", "audio/mpeg"), ErrorKind::UnexpectedReply),
        (
            Script::new().header("content-type", "text/html").send("<h1>Hi"),
            ErrorKind::UnexpectedReply,
        ),
        (json(json!({"error": {"message": "no such voice", "code": "bad"}})), ErrorKind::Api),
        (json(json!({"ok": true})), ErrorKind::UnexpectedReply),
        (Script::error(400, "too long"), ErrorKind::BadRequest),
        (Script::error(401, "who?"), ErrorKind::Authentication),
        (
            Script::new().header("content-type", "audio/mpeg").send_bytes(mp3("a")).truncate(),
            ErrorKind::Truncated,
        ),
    ] {
        fake.reset();
        fake.script("voice", script);
        let audio = openai(&fake).speak(SpeechRequest::new("hi")).await;
        let error = match audio {
            Ok(audio) => audio.collect().await.unwrap_err(),
            Err(error) => error,
        };
        assert_eq!(error.kind(), kind, "{error}");
    }
}

#[tokio::test]
async fn failures_in_passing_are_tried_again_and_a_type_that_tells_nothing_is_the_one_asked_for() {
    let fake = Fake::start().await.unwrap();
    fake.script("voice", Script::error(503, "busy"));
    fake.script("voice", Script::pass().header("content-type", "application/octet-stream"));
    let audio = openai(&fake).speak(SpeechRequest::new("hi")).await.unwrap();
    assert_eq!(audio.format(), Some(AudioFormat::Mp3));
    assert_eq!(text_of(&audio.collect().await.unwrap()), "hi");
    assert_eq!(fake.requests().len(), 2);
}

#[tokio::test]
async fn collecting_is_capped() {
    let fake = Fake::start().await.unwrap();
    let length = mp3("hi").len();
    let ask = || async { openai(&fake).speak(SpeechRequest::new("hi")).await.unwrap() };
    assert_eq!(ask().await.collect_up_to(length).await.unwrap().len(), length);
    let error = ask().await.collect_up_to(length - 1).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
}

#[tokio::test]
async fn what_it_cannot_do_is_refused_before_anything_is_sent() {
    let fake = Fake::start().await.unwrap();
    for request in [
        SpeechRequest::new(""),
        SpeechRequest::new("hi").language("ko"),
        SpeechRequest::new("hi").speed(f64::INFINITY),
        SpeechRequest::new("hi").speed(0.0),
    ] {
        let error = openai(&fake).speak(request).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{error}");
    }
    assert_eq!(fake.requests().len(), 0);
}
