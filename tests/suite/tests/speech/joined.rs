//! The audio of several sentences as one file.

use futures::StreamExt;
use turnwire::speech::AudioFormat;
use turnwire::{ErrorKind, Speech};
use turnwire_fakes::speech::{mp3, pcm, text_of, wav};
use turnwire_fakes::{Fake, Script};

use super::openai;

const THREE: &str = "하나요. 둘이요. 셋이요.";

#[tokio::test]
async fn mp3_is_one_sequence_of_frames_without_tags() {
    let fake = Fake::start().await.unwrap();
    let tagged = |text: &str| {
        let tags = [&b"ID3\x04\0\0\0\0\0\x05hello"[..], &mp3(text), b"TAG", &[b' '; 125]];
        Script::new().header("content-type", "audio/mpeg").send_bytes(tags.concat())
    };
    for text in ["하나요.", "둘이요.", "셋이요."] {
        fake.script("voice", tagged(text));
    }
    let mut joined = Speech::new(openai(&fake)).in_flight(1).say(THREE).joined();
    assert_eq!(joined.content_type(), None);
    let first = joined.next().await.unwrap().unwrap();
    assert_eq!((text_of(&first).as_str(), joined.content_type()), ("하나요.", Some("audio/mpeg")));
    let rest = joined.whole().await.unwrap();
    assert_eq!(rest, [mp3("둘이요."), mp3("셋이요.")].concat());
    assert!(joined.failures().is_empty());
}

#[tokio::test]
async fn wav_has_one_header_which_knows_the_length_in_the_end() {
    let fake = Fake::start().await.unwrap();
    let speech = Speech::new(openai(&fake).format(AudioFormat::Wav));
    let whole = wav(&THREE.replace(". ", "."));
    assert_eq!(speech.say(THREE).joined().whole().await.unwrap(), whole);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.wav");
    let written = speech.say(THREE).joined().write_to_file(&path).await.unwrap();
    assert_eq!((written, std::fs::read(&path).unwrap()), (whole.len() as u64, whole));
}

#[tokio::test]
async fn bare_samples_follow_each_other() {
    let fake = Fake::start().await.unwrap();
    let speech = Speech::new(openai(&fake)).format(AudioFormat::Pcm);
    let mut joined = speech.say(THREE).joined();
    assert_eq!(joined.whole().await.unwrap(), pcm(&THREE.replace(". ", ".")));
    assert_eq!(joined.content_type(), Some("audio/pcm"));
}

#[tokio::test]
async fn a_sentence_that_fails_is_missing_and_told() {
    let fake = Fake::start().await.unwrap();
    fake.script("voice", Script::error(400, "no"));
    fake.script("voice", Script::pass());
    let mut joined = Speech::new(openai(&fake)).in_flight(1).say(THREE).joined();
    assert_eq!(text_of(&joined.whole().await.unwrap()), "둘이요.셋이요.");
    let [failed] = joined.failures() else { panic!("one failed") };
    assert_eq!((failed.sentence, failed.text.as_str()), (0, "하나요."));
}

#[tokio::test]
async fn nothing_spoken_is_an_error() {
    let fake = Fake::start().await.unwrap();
    fake.script("voice", Script::error(401, "who?"));
    let error = Speech::new(openai(&fake)).say(THREE).joined().whole().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Authentication);
    let error = Speech::new(openai(&fake)).say("😀").joined().whole().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
}

#[tokio::test]
async fn parts_that_do_not_fit_together_are_an_error() {
    let fake = Fake::start().await.unwrap();
    let ogg = || Script::new().header("content-type", "audio/ogg").send("OggS…");
    let flac = || Script::new().header("content-type", "audio/flac").send("fLaC…");
    let scripts = [
        [Script::pass(), Script::new().header("content-type", "audio/wav").send_bytes(wav("a"))],
        [flac(), flac()],
        [ogg(), ogg()],
    ];
    for pair in scripts {
        fake.reset();
        pair.into_iter().for_each(|script| fake.script("voice", script));
        let mut joined = Speech::new(openai(&fake)).in_flight(1).say("하나요. 둘이요.").joined();
        assert!(joined.next().await.unwrap().is_ok());
        assert_eq!(joined.next().await.unwrap().unwrap_err().kind(), ErrorKind::UnexpectedReply);
        assert!(joined.next().await.is_none());
    }
}
