//! The speaker of the chat service.

use serde_json::json;
use turnwire::speech::{AudioFormat, ServiceSpeaker, Speaker, SpeechRequest};
use turnwire::{ChatService, ErrorKind};
use turnwire_fakes::speech::{mp3, wav};
use turnwire_fakes::{FakeChat, Script};

const ACCESS: &str = "access-0123456789";
const REFRESH: &str = "refresh-0123456789";

fn speaker(fake: &FakeChat) -> ServiceSpeaker {
    let builder = ChatService::builder(fake.fake().url()).tokens(ACCESS, REFRESH);
    ServiceSpeaker::new(builder.no_proxy().retry(super::hasty()).build().unwrap())
}

#[tokio::test]
async fn the_text_and_both_tokens_are_sent_and_the_audio_is_decoded() {
    let fake = FakeChat::start().await.unwrap();
    let audio = speaker(&fake).speak(SpeechRequest::new("안녕")).await.unwrap();
    assert_eq!(audio.format(), Some(AudioFormat::Mp3));
    assert_eq!(audio.collect().await.unwrap(), mp3("안녕"));
    let [request] = &fake.fake().requests()[..] else { panic!("one request") };
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/chat/tts"));
    assert_eq!(request.json(), Some(json!({"text": "안녕"})));
    assert_eq!(request.header("authorization").unwrap(), format!("Bearer {ACCESS}"));
    assert_eq!(request.header("refreshtoken").unwrap(), format!("Bearer {REFRESH}"));
}

#[tokio::test]
async fn audio_of_another_form_is_told_by_its_bytes() {
    let fake = FakeChat::start().await.unwrap();
    fake.fake().script("tts", Script::body(json!({ "audioBase64": base64(&wav("hi")) })));
    let audio = speaker(&fake).speak(SpeechRequest::new("hi")).await.unwrap();
    assert_eq!(audio.content_type(), "audio/wav");
}

#[tokio::test]
async fn errors_are_typed_and_no_audio_is_one() {
    let fake = FakeChat::start().await.unwrap();
    for (script, codes) in [
        (Script::body(json!({"error": "broken"})).status(500), ["server", "server"]),
        (Script::body(json!({"audioBase64": ""})), ["decode", "unexpected_reply"]),
        (Script::body(json!({})), ["decode", "unexpected_reply"]),
    ] {
        fake.fake().reset();
        fake.fake().script("tts", script);
        let error = match speaker(&fake).speak(SpeechRequest::new("hi")).await {
            Ok(audio) => audio.collect().await.unwrap_err(),
            Err(error) => error,
        };
        assert!(codes.contains(&error.code()), "{error}");
    }
}

#[tokio::test]
async fn what_it_cannot_do_is_refused() {
    let fake = FakeChat::start().await.unwrap();
    let hi = || SpeechRequest::new("hi");
    for request in [
        SpeechRequest::new(" "),
        hi().voice("a"),
        hi().language("ko"),
        hi().speed(1.0),
        hi().instructions("x"),
    ] {
        let error = speaker(&fake).speak(request).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    }
    assert_eq!(fake.fake().requests().len(), 0);
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
