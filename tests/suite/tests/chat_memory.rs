//! The memory that a hostile chat service can make the client use, counted by the allocator: a few times the bytes that it
//! sends, within the limits; and it cannot delay other calls.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt, stream};
use turnwire::{ChatReply, ChatStream, Error};
use turnwire_suite::memory::{Counting, used};

const MIB: usize = 1024 * 1024;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Reads a stream of these bytes to its end, and returns its peak memory in addition to them.
fn read(bytes: Bytes) -> (Result<ChatReply, Error>, usize) {
    let pieces: Vec<Result<Bytes, Infallible>> = (0..bytes.len())
        .step_by(64 * 1024)
        .map(|at| Ok(bytes.slice(at..bytes.len().min(at + 64 * 1024))))
        .collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let read = || runtime.block_on(ChatStream::from_bytes(stream::iter(pieces)).finish());
    let (reply, used) = used(read);
    (reply, used.peak.unsigned_abs())
}

fn event(json: &str) -> Bytes {
    format!("data: {json}\n\ndata: [DONE]\n\n").into()
}

/// `item` repeated between these ends.
fn flood(before: &str, item: &str, after: &str) -> String {
    let times = 2 * MIB / (item.len() + 1);
    format!("{before}{}{item}{after}", format!("{item},").repeat(times))
}

fn floods() -> Vec<String> {
    let mut floods = Vec::new();
    for item in ["{}", "0"] {
        floods.push(flood(r#"{"choices":["#, item, "]}"));
        floods.push(flood(r#"{"choices":[],"x":["#, item, "]}"));
        floods.push(flood(r#"{"choices":3,"x":["#, item, "]}"));
        floods.push(flood(r#"{"choices":[{"delta":{"tool_calls":["#, item, "]}}]}"));
        floods.push(flood(r#"{"choices":[{"delta":{"content":["#, item, "]}}]}"));
        floods.push(flood(r#"{"choices":[{"delta":{},"logprobs":{"content":["#, item, "]}}]}"));
        floods.push(flood(r#"{"error":{"message":"no","details":["#, item, "]}}"));
        floods.push(flood("[", item, "]"));
    }
    floods.push(flood(r#"{"choices":[],"#, r#""a":0"#, "}"));
    floods.push(flood(r#"{"choices":[{"delta":{"#, r#""\u0061":{}"#, "}}]}"));
    floods.push("[".repeat(2 * MIB));
    floods.push(format!("{{{}", r#""a":{"#.repeat(MIB)));
    floods
}

/// The budget for parsing JSON of this length, its buffer and its copy.
fn allowed(length: usize) -> usize {
    8 * length + 32 * MIB + 3 * length
}

#[test]
fn one_event_takes_a_few_times_its_length() {
    for json in floods() {
        let shown: String = json.chars().take(60).collect();
        let (_, peak) = read(event(&json));
        assert!(peak < allowed(json.len()), "{shown}: {} times", peak / json.len());
    }
}

#[test]
fn one_text_takes_few_copies() {
    let text = "안녕하세요 ".repeat(7 * MIB / 16);
    let chunk = format!(
        r#"{{"id":"c","choices":[{{"index":0,"delta":{{"content":"{text}"}},"finish_reason":"stop"}}]}}"#
    );
    let (reply, peak) = read(event(&chunk));
    assert_eq!(reply.unwrap().text().len(), text.len());
    assert!(peak < 6 * chunk.len(), "{} times", peak / chunk.len());
}

#[test]
fn a_reply_in_place_of_a_stream_takes_a_few_times_its_length() {
    for item in ["{}", r#"{"message":{}}"#, "0"] {
        let json = format!(
            r#"{{"choices":[{}{item}]}}"#,
            format!("{item},").repeat(4 * MIB / (item.len() + 1))
        );
        let length = json.len();
        let (reply, peak) = read(json.into());
        assert!(reply.is_err());
        assert!(peak < allowed(length), "{item}: {} times", peak / length);
    }
}

#[test]
fn a_stream_that_always_has_more_lets_time_limits_strike() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    for piece in [
        ": ping\n\n",
        "data: {}\n\n",
        "data: null\n\n",
        "event: x\n\n",
        "data: {\"choices\":[]}\n\n",
        "\n",
    ] {
        let bytes = Bytes::from(piece.repeat(100));
        let endless = stream::repeat_with(move || Ok::<_, Infallible>(bytes.clone()));
        let mut chat = ChatStream::from_bytes(endless);
        let read = async { while chat.next().await.is_some_and(|chunk| chunk.is_ok()) {} };
        let limit = Duration::from_millis(20);
        let limited = runtime.block_on(async { tokio::time::timeout(limit, read).await });
        assert!(limited.is_err(), "{piece:?} ended the stream");
    }
}
