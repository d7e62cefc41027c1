//! Audio of the host's speakers: whole, in pieces, broken off, and given up.

use std::sync::mpsc::channel;
use std::time::Duration;

use futures::StreamExt;
use turnwire::Bytes;
use turnwire::bridge::{AudioWriter, Failure, HostReply, HostSentiment, HostSpeaker};
use turnwire::speech::{AudioStream, Speaker, SpeechRequest};

use super::answer;

const LONG: Duration = Duration::from_secs(30);

/// A speaker that hands the reply of its question to the test.
async fn asked() -> (HostReply, tokio::task::JoinHandle<turnwire::Result<AudioStream>>) {
    let (sender, replies) = channel();
    let speaker = HostSpeaker::hosted("turn.speech", move |_, reply| sender.send(reply).unwrap());
    let speaking = tokio::spawn(async move { speaker.speak(SpeechRequest::new("hi")).await });
    let reply = tokio::task::spawn_blocking(move || replies.recv_timeout(LONG).unwrap());
    (reply.await.unwrap(), speaking)
}

fn failure() -> Failure {
    Failure { message: "KeyError: 'x'".to_owned(), cause: None }
}

/// Writes a piece, and returns whether somebody listens.
async fn write(writer: &AudioWriter, piece: &'static [u8]) -> bool {
    let call = writer.write(Bytes::from_static(piece)).unwrap();
    let told = tokio::task::spawn_blocking(move || answer(&call).unwrap()).await.unwrap();
    format!("{told:?}").contains("true")
}

#[tokio::test(flavor = "multi_thread")]
async fn pieces_are_heard_in_their_order_with_the_media_type_of_the_first() {
    for (first, media_type) in [(&b"RIFF"[..], "audio/wav"), (b"any", "audio/mpeg")] {
        let (reply, speaking) = asked().await;
        let writer = reply.audio(None).unwrap();
        assert!(write(&writer, b"").await);
        assert!(write(&writer, first).await);
        let audio = speaking.await.unwrap().unwrap();
        assert!(write(&writer, b"more").await);
        writer.end();
        assert_eq!(audio.content_type(), media_type);
        assert_eq!(audio.collect().await.unwrap(), [first, b"more"].concat());
        assert!(!write(&writer, b"after the end").await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn audio_that_ends_badly_is_an_error_after_its_pieces() {
    for (ending, why) in [("fails", "KeyError: 'x'"), ("is dropped", "ended without an answer")] {
        let (reply, speaking) = asked().await;
        let writer = reply.audio(Some("audio/x-own".to_owned())).unwrap();
        assert!(write(&writer, b"a").await);
        match ending {
            "fails" => writer.fail(failure()),
            _ => drop(writer),
        }
        let mut audio = speaking.await.unwrap().unwrap();
        assert_eq!(audio.content_type(), "audio/x-own");
        assert_eq!(audio.next().await.unwrap().unwrap(), "a");
        let error = audio.next().await.unwrap().unwrap_err();
        assert!(error.code() == "callback" && error.to_string().contains(why), "{error}");
        assert!(audio.next().await.is_none());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn audio_without_a_piece_fails_its_question() {
    let (reply, speaking) = asked().await;
    reply.audio(None).unwrap().fail(failure());
    let error = speaking.await.unwrap().unwrap_err();
    assert!(error.code() == "callback" && error.to_string().contains("KeyError"), "{error}");
    let (reply, speaking) = asked().await;
    drop(reply.audio(None).unwrap());
    assert_eq!(speaking.await.unwrap().unwrap_err().code(), "callback");
    let (reply, speaking) = asked().await;
    reply.audio(None).unwrap().end();
    let error = speaking.await.unwrap().unwrap().collect().await.unwrap_err();
    assert!(error.code() == "callback" && error.message().contains("returned no audio"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_waits_for_its_listener_and_learns_that_it_has_gone() {
    let (reply, speaking) = asked().await;
    let (gone, left) = channel();
    reply.on_abandoned(move || gone.send(()).unwrap());
    let writer = reply.audio(None).unwrap();
    assert!(write(&writer, b"a").await);
    let audio = speaking.await.unwrap().unwrap();
    let mut written = 1;
    let waiting = loop {
        let call = writer.write(Bytes::from_static(b"more")).unwrap();
        let mut heard = tokio::task::spawn_blocking(move || answer(&call));
        if tokio::time::timeout(Duration::from_millis(200), &mut heard).await.is_err() {
            break heard;
        }
        written += 1;
        assert!(written < 100, "nothing holds the writer back");
    };
    assert!(left.try_recv().is_err());
    drop(audio);
    assert!(format!("{:?}", waiting.await.unwrap().unwrap()).contains("false"));
    tokio::task::spawn_blocking(move || left.recv_timeout(LONG).unwrap()).await.unwrap();
    assert!(!write(&writer, b"a").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_that_leaves_after_the_end_disturbs_nobody() {
    let (reply, speaking) = asked().await;
    let (gone, left) = channel();
    reply.on_abandoned(move || gone.send(()).unwrap());
    let writer = reply.audio(None).unwrap();
    assert!(write(&writer, b"a").await);
    writer.end();
    drop(speaking.await.unwrap().unwrap());
    // The act is dropped uncalled, and its channel with it.
    assert!(tokio::task::spawn_blocking(move || left.recv()).await.unwrap().is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn audio_answers_no_other_question() {
    let sentiment = HostSentiment::hosted("turn.sentiment", |_, reply| {
        assert!(reply.audio(None).is_none());
    });
    let error = sentiment.ask("hi".to_owned()).await.unwrap_err();
    assert!(error.to_string().contains("must return a string"), "{error}");
    let (reply, speaking) = asked().await;
    reply.answer_json("1");
    let error = speaking.await.unwrap().unwrap_err();
    assert!(error.to_string().contains("must return audio"), "{error}");
}
