//! Speech for a host: the feed of its text, the pulls of audio, and the call `audio/speech`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures::stream;
use serde_json::json;
use turnwire::bridge::{
    Answer, Body, Client, Context, Failure, Feed, HostFn, HostSpeaker, List, Pull, Reply, TextFeed,
    Waiting, speak, speak_into_file, speak_joined,
};
use turnwire::config::{CallOptions, RetryPolicy};
use turnwire::speech::{AudioStream, SpeechRequest, Spoken};
use turnwire::{Bytes, ErrorKind, OpenAi, Speech};
use turnwire_fakes::{Fake, Script};

use super::{answer, next};

/// A speaker whose audio is the text.
fn echo() -> Speech {
    Speech::new(|request: SpeechRequest| async move {
        let bytes = Bytes::from(request.text.into_bytes());
        Ok(AudioStream::new("audio/pcm", stream::iter([Ok(bytes)])))
    })
}

/// The sentences that a pull yields, and the code of its error.
fn told(pull: &Pull<List<Spoken>>) -> Vec<String> {
    let mut told = Vec::new();
    loop {
        match next(pull) {
            Ok(Some(mut items)) => {
                told.extend(std::iter::from_fn(|| items.take_first()).map(|spoken| match spoken {
                    Spoken::Audio(piece) => piece.text,
                    Spoken::Failed(failed) => failed.error.code().to_owned(),
                }))
            }
            Ok(None) => return told,
            Err(error) => {
                told.push(error.code().to_owned());
                return told;
            }
        }
    }
}

#[test]
fn text_of_the_host_is_spoken_in_order_until_it_ends() {
    let (feed, text) = TextFeed::new();
    let pull = speak(&echo(), text, None).unwrap();
    for piece in ["안녕", "하세요. ", "", "반가워요. 그리", "고"] {
        assert_eq!(feed.push(piece).unwrap(), Feed::Open);
    }
    feed.end();
    assert_eq!(told(&pull), ["안녕하세요.", "반가워요.", "그리고"]);
    assert_eq!(feed.push("더").unwrap(), Feed::Closed);
}

#[test]
fn a_text_that_fails_is_spoken_up_to_its_last_sentence() {
    let (feed, text) = TextFeed::new();
    let pull = speak(&echo(), text, None).unwrap();
    feed.push("하나요. 둘이").unwrap();
    feed.fail(Failure { message: "ValueError: gone".to_owned(), cause: None });
    assert_eq!(told(&pull), ["하나요.", "callback"]);
}

#[test]
fn a_dropped_feed_ends_the_text() {
    let (feed, text) = TextFeed::new();
    let pull = speak(&echo(), text, None).unwrap();
    feed.push("하나").unwrap();
    drop(feed);
    assert_eq!(told(&pull), ["하나"]);
}

#[test]
fn a_host_that_is_ahead_waits_until_the_reader_makes_room() {
    let spoken = Arc::new(AtomicUsize::new(0));
    let counted = spoken.clone();
    let speech = Speech::new(move |_: SpeechRequest| {
        counted.fetch_add(1, Ordering::SeqCst);
        let audio = Bytes::from(vec![1; 64 * 1024]);
        async move { Ok(AudioStream::new("audio/pcm", stream::iter([Ok(audio)]))) }
    });
    let (feed, text) = TextFeed::new();
    let pull = speak(&speech, text, None).unwrap();
    let sentence = "문장입니다. ".repeat(100);
    let mut sent = 0;
    // The queue of audio, the sentences that wait, and then the feed fill up.
    while feed.push(sentence.as_str()).unwrap() == Feed::Open
        || feed.wait(Duration::from_millis(300))
    {
        sent += 100;
        assert!(sent < 100_000, "the feed never fills");
    }
    let ahead = spoken.load(Ordering::SeqCst);
    assert!(ahead < 30, "{ahead} sentences are spoken without a reader");
    let (woken, wakes) = std::sync::mpsc::channel();
    feed.wake(Box::new(move || woken.send(()).unwrap()));
    feed.end();
    let texts = told(&pull);
    assert_eq!(texts.len(), sent + 100);
    wakes.recv_timeout(Duration::from_secs(60)).unwrap();
}

#[test]
fn a_reader_that_leaves_closes_the_feed() {
    let (feed, text) = TextFeed::new();
    let pull = speak(&echo(), text, None).unwrap();
    feed.push("가".repeat(100_000).as_str()).unwrap();
    drop(pull);
    let deadline = Instant::now() + Duration::from_secs(60);
    while feed.push("").unwrap() != Feed::Closed {
        assert!(Instant::now() < deadline, "the feed stays open");
        std::thread::yield_now();
    }
    assert!(feed.wait(Duration::ZERO), "nobody waits for a closed feed");
}

#[test]
fn a_speaker_of_the_host_gets_the_context_of_the_speech() {
    let speaker: HostSpeaker =
        HostFn::new("speech", |request: SpeechRequest, reply: Reply<AudioStream>| {
            let caller = reply.context().and_then(Context::get::<&str>).copied().unwrap_or("none");
            let audio = Bytes::from(format!("{caller}: {}", request.text));
            reply.answer(AudioStream::new("audio/pcm", stream::iter([Ok(audio)])));
        });
    let (feed, text) = TextFeed::new();
    let joined = speak_joined(&Speech::new(speaker), text, Some(Context::new("caller"))).unwrap();
    feed.push("하나. ").unwrap();
    feed.end();
    assert_eq!(next(&joined).unwrap().unwrap().concat(), "caller: 하나.".as_bytes());
}

#[test]
fn a_speech_is_written_into_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("speech.pcm");
    let (feed, text) = TextFeed::new();
    feed.push("하나요. 둘이요.").unwrap();
    feed.end();
    let call = speak_into_file(&echo(), text, path.clone(), None).unwrap();
    let Answer { body: Body::Json(size), .. } = answer(&call).unwrap() else {
        panic!("the size is JSON")
    };
    let written = std::fs::read_to_string(path).unwrap();
    assert_eq!((written.as_str(), size), ("하나요.둘이요.", written.len().to_string()));
}

#[tokio::test(flavor = "multi_thread")]
async fn audio_of_a_service_is_handed_on_whole_or_as_it_arrives() {
    let fake = Fake::start().await.unwrap();
    let script = Script::new().header("content-type", "audio/x-own").send_bytes([1, 2, 3]);
    fake.script("voice", script.clone());
    fake.script("voice", script.stall());
    fake.script("voice", Script::error(429, "slow down"));
    let builder = OpenAi::builder().base_url(fake.base_url()).api_key("sk-test").no_proxy();
    let client = Client::new(builder.retry(RetryPolicy::new().max_retries(0))).unwrap();
    let asked = json!({"model": "voice", "input": "hi", "later": [1.50]}).to_string();
    let whole = client.speech(asked.clone(), CallOptions::new()).unwrap();
    let Answer { head: Some(head), body: Body::Bytes(audio) } = answer(&whole).unwrap() else {
        panic!("bytes")
    };
    assert_eq!(&audio[..], [1, 2, 3]);
    assert!(head.headers.contains(&("content-type".to_owned(), "audio/x-own".to_owned())));
    let begun = client.speech_stream(asked.clone(), CallOptions::new()).unwrap();
    let Answer { body: Body::Audio(pieces), .. } = answer(&begun).unwrap() else { panic!("audio") };
    assert_eq!(next(&pieces).unwrap().unwrap().concat(), [1, 2, 3], "the rest never comes");
    let error = answer(&client.speech(asked.clone(), CallOptions::new()).unwrap()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RateLimited);
    for request in fake.requests() {
        assert_eq!(request.path, "/v1/audio/speech");
        assert_eq!(request.body, asked, "the request is sent as it was given");
        assert_eq!(request.header("accept"), Some("application/octet-stream"));
    }
}
