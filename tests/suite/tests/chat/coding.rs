//! Content codings: none is requested, but gzip and deflate are decoded.

use std::io::Write;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use futures::StreamExt;
use serde_json::json;
use turnwire::config::{CallOptions, Limits};
use turnwire_fakes::{Fake, Script};

use super::{Read, ask, client, error_of, read, scripted, settings, stream_of};

type Encode = fn(&[u8]) -> Vec<u8>;

/// Each supported coding, by name, with its encoder.
const CODINGS: [(&str, Encode); 6] = [
    ("gzip", gzip),
    ("GZIP", gzip),
    ("x-gzip", gzip),
    ("deflate", zlib),
    ("deflate", deflate),
    ("identity, gzip", gzip),
];

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// The pieces of a gzip stream that is flushed after each event.
fn flushed(events: &[&str]) -> Vec<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    let mut pieces: Vec<Vec<u8>> = Vec::new();
    for event in events {
        encoder.write_all(event.as_bytes()).unwrap();
        encoder.flush().unwrap();
        pieces.push(std::mem::take(encoder.get_mut()));
    }
    pieces.push(encoder.finish().unwrap());
    pieces
}

fn event(text: &str) -> String {
    format!("data: {}\n\n", json!({"choices": [{"index": 0, "delta": {"content": text}}]}))
}

fn reply(text: &str) -> Vec<u8> {
    let choice =
        json!({"message": {"role": "assistant", "content": text}, "finish_reason": "stop"});
    json!({"choices": [choice]}).to_string().into_bytes()
}

fn coded(coding: &str, body: Vec<u8>) -> Script {
    Script::new().header("content-encoding", coding).send_bytes(body)
}

const END: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";

#[tokio::test]
async fn no_coding_is_asked_for_unless_the_caller_does() {
    let fake = Fake::start().await.unwrap();
    let llm = client(&fake);
    llm.chat(ask()).await.unwrap();
    llm.chat_stream(ask()).await.unwrap().finish().await.unwrap();
    let own = llm.with(CallOptions::new().header("accept-encoding", "gzip"));
    own.chat(ask()).await.unwrap();
    let none = llm.with(CallOptions::new().headers([("Accept-Encoding", None::<&str>)]));
    none.chat(ask()).await.unwrap();
    let sent: Vec<_> = fake
        .requests()
        .iter()
        .map(|request| request.header("accept-encoding").map(str::to_owned))
        .collect();
    let asked = |coding: &str| Some(coding.to_owned());
    assert_eq!(sent, [asked("identity"), asked("identity"), asked("gzip"), None]);
}

#[tokio::test]
async fn whole_replies_are_read_in_every_coding() {
    for (coding, encode) in CODINGS {
        for split in [1, 7, 1 << 20] {
            let script = coded(coding, encode(&reply("안녕 반가워"))).split(split);
            let (_fake, llm) = scripted(script).await;
            let reply = llm.chat(ask()).await.unwrap_or_else(|error| panic!("{coding}: {error}"));
            assert_eq!(reply.text(), "안녕 반가워", "{coding}");
            assert_eq!(reply.headers().get("content-encoding"), None);
        }
    }
    let members = [gzip(&reply("안녕")[..20]), gzip(&reply("안녕")[20..])].concat();
    let (_fake, llm) = scripted(coded("gzip", members)).await;
    assert_eq!(llm.chat(ask()).await.unwrap().text(), "안녕");
    let padded = [gzip(&reply("안녕")), vec![0; 100]].concat();
    let (_fake, llm) = scripted(coded("gzip", padded)).await;
    assert_eq!(llm.chat(ask()).await.unwrap().text(), "안녕");
}

#[tokio::test]
async fn names_that_mean_no_coding_are_no_coding() {
    for none in ["identity", "", "Identity, identity"] {
        let (_fake, llm) = scripted(coded(none, reply("안녕"))).await;
        assert_eq!(llm.chat(ask()).await.unwrap().text(), "안녕", "{none}");
    }
}

#[tokio::test]
async fn a_flushed_event_is_there_at_once() {
    let long = "가".repeat(100_000);
    let (hi, long_event) = (event("안녕"), event(&long));
    let pieces = flushed(&[&hi, &long_event]);
    let mut script = coded("gzip", pieces[0].clone());
    script = script.wait_ms(20).send_bytes(pieces[1].clone()).stall();
    let (_fake, llm) = scripted(script).await;
    let llm = llm.with(CallOptions::new().idle_timeout(Duration::from_secs(90)));
    let mut stream = llm.chat_stream(ask()).await.unwrap();
    let began = Instant::now();
    assert_eq!(stream.next().await.unwrap().unwrap().text(), "안녕");
    assert_eq!(stream.next().await.unwrap().unwrap().text(), long);
    assert!(began.elapsed() < Duration::from_secs(60), "the rest of the stream was waited for");
}

#[tokio::test]
async fn streams_are_read_in_every_coding_however_they_are_split() {
    let body = [event("안").as_str(), &event("녕"), END].concat();
    for (coding, encode) in CODINGS {
        for split in [1, 5, 1 << 20] {
            let script = coded(coding, encode(body.as_bytes())).split(split);
            let (Read { texts, error }, _) = stream_of(script).await;
            assert!(error.is_none(), "{coding}: {error:?}");
            assert_eq!(texts, ["안", "녕"], "{coding}");
        }
    }
}

#[tokio::test]
async fn a_coded_body_that_ends_too_soon_is_truncated_and_one_that_is_damaged_is_no_reply() {
    let whole = gzip(&reply(&"안녕하세요 ".repeat(50)));
    let (_fake, llm) = scripted(coded("gzip", whole[..whole.len() - 9].to_vec())).await;
    assert_eq!(llm.chat(ask()).await.unwrap_err().code(), "truncated");
    let mut damaged = whole.clone();
    let last = damaged.len() - 6;
    damaged[last] ^= 0xff; // of the checksum
    for body in [damaged, b"this is no gzip at all".to_vec()] {
        let (_fake, llm) = scripted(coded("gzip", body)).await;
        let error = llm.chat(ask()).await.unwrap_err();
        assert_eq!(error.code(), "decode");
        assert!(error.to_string().contains("compressed data is damaged"), "{error}");
    }
    let (hi, rest) = (event("안녕"), event("하세요"));
    let pieces = flushed(&[&hi, &rest]);
    let error = error_of(coded("gzip", pieces[..2].concat())).await;
    assert_eq!((error.code(), error.partial()), ("truncated", Some("안녕하세요")));
}

#[tokio::test]
async fn an_error_s_body_shows_its_text() {
    let body = json!({"error": {"message": "the model sleeps", "code": "asleep"}}).to_string();
    for (coding, encode) in CODINGS {
        let error = error_of(coded(coding, encode(body.as_bytes())).status(400)).await;
        assert_eq!((error.code(), error.status()), ("bad_request", Some(400)), "{coding}");
        assert_eq!(error.message(), "the model sleeps");
        assert_eq!(error.body(), Some(body.as_str()));
    }
}

#[tokio::test]
async fn a_coding_that_cannot_be_read_is_named_with_its_cure() {
    for coding in ["br", "zstd", "gzip, br", "gzip, gzip", "compress", "x-unknown"] {
        let error = error_of(coded(coding, b"\x00\x01\x02".to_vec())).await;
        assert_eq!(error.code(), "unexpected_reply", "{coding}");
        assert!(error.to_string().contains(&format!("coded as {coding:?}")), "{error}");
        assert!(error.to_string().contains("turn off this compression"), "{error}");
        let error = error_of(coded(coding, b"\x00\x01".to_vec()).status(404)).await;
        assert_eq!((error.code(), error.status()), ("not_found", Some(404)), "{coding}");
        assert!(error.to_string().contains(&format!("coded as {coding:?}")), "{error}");
    }
}

#[tokio::test]
async fn sizes_are_counted_after_decoding() {
    let fake = Fake::start().await.unwrap();
    let limits = Limits::new().event(100_000).reply(1_000_000).error_body(1_000);
    let llm = settings(&fake).limits(limits).build().unwrap();
    // Four megabytes compressed to a few kilobytes.
    let mut bomb = GzEncoder::new(Vec::new(), Compression::fast());
    bomb.write_all(b"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"").unwrap();
    let zeros = vec![b'0'; 1 << 20];
    for _ in 0..4 {
        bomb.write_all(&zeros).unwrap();
    }
    let bomb = bomb.finish().unwrap();
    fake.script("m", coded("gzip", bomb.clone()));
    let error = read(&mut llm.chat_stream(ask()).await.unwrap()).await.error.unwrap();
    assert_eq!(error.code(), "too_large");
    assert_eq!(llm.chat(ask()).await.unwrap_err().code(), "too_large");
    fake.reset();
    fake.script("m", coded("gzip", bomb).status(400));
    let error = llm.chat(ask()).await.unwrap_err();
    assert_eq!((error.code(), error.body().unwrap().len()), ("bad_request", 1_000));
}
