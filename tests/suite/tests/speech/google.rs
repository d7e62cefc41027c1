//! The speaker of Google Translate against a stub of its endpoint.

use std::time::Duration;

use futures::StreamExt;
use turnwire::speech::{AudioFormat, Speaker, SpeechRequest};
use turnwire::{ErrorKind, GoogleTranslateSpeaker};
use turnwire_fakes::speech::{GOOGLE, google_answer, mp3, text_of};
use turnwire_fakes::{Fake, Script};

use super::google;

/// Three parts: each is longer than a third of the service's limit.
fn long() -> String {
    ["하나 ".repeat(30), "둘 ".repeat(40), "셋 ".repeat(40)].join(". ")
}

#[tokio::test]
async fn a_text_is_asked_for_as_browsers_do_and_without_a_key() {
    let fake = Fake::start().await.unwrap();
    let audio = google(&fake).slow(true).speak(SpeechRequest::new(" 안녕? ")).await.unwrap();
    assert_eq!((audio.content_type(), audio.format()), ("audio/mpeg", Some(AudioFormat::Mp3)));
    assert_eq!(audio.collect().await.unwrap(), mp3("안녕?"));
    let [request] = &fake.requests()[..] else { panic!("one part is one request") };
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", GOOGLE));
    assert_eq!(request.header("referer"), Some("http://translate.google.com/"));
    let form = "application/x-www-form-urlencoded;charset=utf-8";
    assert_eq!(request.header("content-type"), Some(form));
    assert!(request.header("user-agent").unwrap().starts_with("Mozilla/5.0 "));
    for ours in ["idempotency-key", "authorization", "cookie"] {
        assert_eq!(request.header(ours), None);
    }
}

#[tokio::test]
async fn parts_share_a_connection_and_come_in_order() {
    let fake = Fake::start().await.unwrap();
    let audio = google(&fake).speak(SpeechRequest::new(long())).await.unwrap();
    let texts = text_of(&audio.collect().await.unwrap());
    assert_eq!(texts.matches("하나").count(), 30);
    assert!(texts.starts_with("하나") && texts.ends_with("셋"), "{texts}");
    assert_eq!((fake.requests().len(), fake.connections()), (3, 1));
}

#[tokio::test]
async fn the_next_part_is_fetched_before_it_is_asked_for_and_no_further() {
    let fake = Fake::start().await.unwrap();
    let mut audio = google(&fake).speak(SpeechRequest::new(long())).await.unwrap();
    // The reader has the first part, and has not polled for another.
    let log =
        fake.wait_for(|log| log.requests.len() == 2 && log.requests[1].outcome.is_some()).await;
    assert_eq!(log.requests.len(), 2);
    assert!(audio.next().await.unwrap().is_ok());
    assert!(audio.next().await.unwrap().is_ok());
    fake.wait_for(|log| log.requests.len() == 3).await;
}

#[tokio::test]
async fn dropping_the_audio_ends_the_part_that_is_fetched_ahead() {
    let fake = Fake::start().await.unwrap();
    fake.script(GOOGLE, Script::pass());
    fake.script(GOOGLE, Script::new().stall());
    let audio = google(&fake).speak(SpeechRequest::new(long())).await.unwrap();
    fake.wait_for(|log| log.requests.len() == 2).await;
    drop(audio);
    fake.wait_for(|log| log.requests[1].client_closed_at_ms.is_some()).await;
}

#[tokio::test]
async fn answers_without_audio_are_errors_that_name_the_language() {
    let fake = Fake::start().await.unwrap();
    let speaker = google(&fake);
    let unknown = SpeechRequest::new("hi").language("xx");
    let error = speaker.speak(unknown).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedReply);
    assert!(error.to_string().contains("xx") && error.to_string().contains(GOOGLE), "{error}");

    for answer in [
        String::new(),
        ")]}'\n\n[]".to_owned(),
        google_answer(b""),
        "<html>captcha</html>".to_owned(),
    ] {
        fake.reset();
        fake.script(GOOGLE, Script::new().send(&answer));
        let error = speaker.speak(SpeechRequest::new("hi")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnexpectedReply, "{answer}: {error}");
    }
}

#[tokio::test]
async fn a_part_that_fails_in_passing_is_fetched_again() {
    let fake = Fake::start().await.unwrap();
    fake.script(GOOGLE, Script::error(503, "busy"));
    fake.script(GOOGLE, Script::error(429, "slow down").header("retry-after-ms", "1"));
    fake.script(GOOGLE, Script::pass());
    let audio = google(&fake).speak(SpeechRequest::new("안녕")).await.unwrap();
    assert_eq!(text_of(&audio.collect().await.unwrap()), "안녕");
    assert_eq!(fake.requests().len(), 3);
}

#[tokio::test]
async fn a_later_part_that_fails_ends_the_audio_with_its_error() {
    let fake = Fake::start().await.unwrap();
    fake.script(GOOGLE, Script::pass());
    fake.script(GOOGLE, Script::error(403, "no"));
    let mut audio = google(&fake).speak(SpeechRequest::new(long())).await.unwrap();
    assert!(audio.next().await.unwrap().is_ok());
    let error = audio.next().await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    assert!(audio.next().await.is_none());
    assert_eq!(fake.requests().len(), 2);
}

#[tokio::test]
async fn what_it_cannot_do_is_refused_before_anything_is_sent() {
    let fake = Fake::start().await.unwrap();
    let hi = || SpeechRequest::new("hi");
    for (request, word) in [
        (SpeechRequest::new("  "), "no text"),
        (SpeechRequest::new("?!..."), "punctuation"),
        (hi().voice("alloy"), "voice"),
        (hi().instructions("sing"), "instructions"),
        (hi().speed(1.5), "a speed"),
        (hi().speed(f64::NAN), "a speed"),
        (hi().format(AudioFormat::Wav), "MP3"),
    ] {
        let error = google(&fake).speak(request).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
        assert!(error.to_string().contains(word), "{error}");
    }
    let error =
        GoogleTranslateSpeaker::new("ko").base_url("nowhere").speak(hi()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert_eq!(fake.requests().len(), 0);
}

#[tokio::test]
async fn limits_hold() {
    let fake = Fake::start().await.unwrap();
    fake.script(GOOGLE, Script::new().wait_ms_before_headers(60_000));
    let limits = turnwire::config::Timeouts::new().total(Duration::from_millis(40));
    let error = google(&fake).timeouts(limits).speak(SpeechRequest::new("hi")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TotalTimeout);
    fake.reset();
    let limits = turnwire::config::Limits::new().reply(100);
    let error = google(&fake).limits(limits).speak(SpeechRequest::new("hi")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
}

#[tokio::test]
async fn a_language_is_asked_for_by_the_tag_that_the_service_knows() {
    let fake = Fake::start().await.unwrap();
    let speaker = |tag: &str| {
        GoogleTranslateSpeaker::new(tag).base_url(fake.url()).no_proxy().retry(super::hasty())
    };
    for (given, asked) in [("zh-cn", "zh-CN"), ("EN-us", "en"), ("pt-BR", "pt"), ("KO", "ko")] {
        speaker(given).speak(SpeechRequest::new("hi")).await.unwrap();
        speaker("ja").speak(SpeechRequest::new("hi").language(given)).await.unwrap();
        for request in fake.requests() {
            let body = request.body;
            let tag = format!("hi%5C%22%2C%5C%22{asked}%5C%22");
            assert!(body.contains(&tag), "{given}: {body}");
        }
        fake.reset();
    }
}
