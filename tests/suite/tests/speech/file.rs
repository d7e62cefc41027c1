//! Audio files: complete, or absent.

use std::time::Duration;

use turnwire::config::{CallOptions, Limits, Timeouts};
use turnwire::speech::{OpenAiSpeaker, Speaker, SpeechRequest};
use turnwire::{ErrorKind, OpenAi};
use turnwire_fakes::speech::mp3;
use turnwire_fakes::{Fake, Script};

use super::openai;

#[tokio::test]
async fn a_file_is_written_whole_as_any_other_of_the_user() {
    let fake = Fake::start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.mp3");
    std::fs::write(&path, "before").unwrap();
    let audio = openai(&fake).speak(SpeechRequest::new("안녕")).await.unwrap();
    assert_eq!(audio.write_to_file(&path).await.unwrap(), mp3("안녕").len() as u64);
    assert_eq!(std::fs::read(&path).unwrap(), mp3("안녕"));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let plain = folder.path().join("plain");
        std::fs::write(&plain, "").unwrap();
        let mode = |path| std::fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&path), mode(&plain));
    }
}

#[tokio::test]
async fn audio_that_breaks_leaves_the_file_that_was_there() {
    let fake = Fake::start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.mp3");
    std::fs::write(&path, "before").unwrap();
    let script = Script::new().header("content-type", "audio/mpeg").send_bytes(mp3("a")).truncate();
    fake.script("voice", script);
    let audio = openai(&fake).speak(SpeechRequest::new("hi")).await.unwrap();
    let error = audio.write_to_file(&path).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Truncated);
    assert_eq!(std::fs::read(&path).unwrap(), b"before");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left");
}

#[tokio::test]
async fn a_place_that_cannot_be_written_is_an_error_with_its_name() {
    let fake = Fake::start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    for path in [folder.path().join("no/such/folder.mp3"), folder.path().to_owned()] {
        let audio = openai(&fake).speak(SpeechRequest::new("hi")).await.unwrap();
        let error = audio.write_to_file(&path).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::File);
        assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
    }
}

#[tokio::test]
async fn audio_without_end_meets_a_limit_and_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let fake = Fake::start().await.unwrap();
    let endless = || Script::new().header("content-type", "audio/mpeg");
    fake.script("large", endless().repeat(1_000, |s| s.send("a".repeat(1_000))));
    fake.script("trickles", endless().repeat(1_000, |s| s.send("a").wait_ms(20)));
    let llm = OpenAi::builder().base_url(fake.base_url()).no_proxy();
    let llm = llm.limits(Limits::new().reply(10_000)).build().unwrap();
    let hasty = llm.with(CallOptions::new().total_timeout(Duration::from_millis(300)));
    let total = Some(Duration::from_millis(300));
    let patient = OpenAi::builder().base_url(fake.base_url()).no_proxy();
    let patient = patient.timeouts(Timeouts::new().total(total)).build().unwrap();
    for (llm, model, code) in [
        (&llm, "large", "too_large"),
        (&hasty, "trickles", "total_timeout"),
        (&patient, "trickles", "total_timeout"),
    ] {
        let speaker = OpenAiSpeaker::new(llm.clone()).model(model);
        let speak = || speaker.speak(SpeechRequest::new("hi"));
        let path = folder.path().join("hi.mp3");
        let error = speak().await.unwrap().write_to_file(&path).await.unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is left of it");
        assert_eq!(speak().await.unwrap().collect().await.unwrap_err().code(), code);
    }
    let speaker = OpenAiSpeaker::new(llm).model("large");
    let path = folder.path().join("whole.mp3");
    let audio = speaker.speak(SpeechRequest::new("hi")).await.unwrap();
    assert_eq!(audio.write_to_file_up_to(&path, 1_000_000).await.unwrap(), 1_000_000);
}
