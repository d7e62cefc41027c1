//! Conversion of core's results to answers, and of errors to facts.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use futures::Stream;
use serde_json::{Value, json};
use turnwire::bridge::{Answer, Body, ErrorFacts, IntoAnswer, call};
use turnwire::config::CallOptions;
use turnwire::outbox::{Outbox, Outcome, Record};
use turnwire::speech::AudioStream;
use turnwire::{Bytes, ChatRequest, ChatService, Error, ErrorKind, OpenAi, TurnRequest};
use turnwire_fakes::{Fake, FakeChat, Script};

use super::{answer, next};

const PIECE: usize = 64 * 1024;

/// Endless audio that counts the bytes read from it.
struct Endless(Arc<AtomicUsize>);

impl Stream for Endless {
    type Item = turnwire::Result<Bytes>;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.fetch_add(PIECE, Ordering::SeqCst);
        Poll::Ready(Some(Ok(vec![7; PIECE].into())))
    }
}

#[test]
fn audio_is_read_ahead_by_its_bytes() {
    let read = Arc::new(AtomicUsize::new(0));
    let audio = AudioStream::new("audio/mpeg", Endless(read.clone()));
    let call = call(async move { Ok(audio) }).unwrap();
    let Answer { head, body: Body::Audio(pull) } = answer(&call).unwrap() else {
        panic!("audio is answered by audio")
    };
    assert_eq!(head.unwrap().headers, [("content-type".to_owned(), "audio/mpeg".to_owned())]);
    let mut taken = 0;
    for _ in 0..100 {
        let mut items = next(&pull).unwrap().unwrap();
        let ahead = read.load(Ordering::SeqCst) - taken;
        // The queue, and one batch in flight.
        assert!(ahead <= 2 * 256 * 1024 + 2 * PIECE, "{ahead} bytes are read ahead");
        assert_eq!(items.concat().len(), items.len() * PIECE);
        while let Some(piece) = items.take_first() {
            taken += piece.len();
        }
    }
}

fn json_of(result: impl IntoAnswer) -> Value {
    match result.into_answer().unwrap() {
        Answer { head: None, body: Body::Json(json) } => serde_json::from_str(&json).unwrap(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_an_outbox_tells_is_answered_as_json() {
    let outbox = Outbox::memory();
    let record = Record::new("c", "m", json!({"text": "hi"})).user("u");
    let receipt = json_of(outbox.enqueue(record).unwrap());
    assert_eq!(receipt, json!({"id": "m", "durable": false, "is_new": true}));
    let stats = json_of(outbox.stats());
    assert_eq!((&stats["accepted"], &stats["set_aside"]), (&json!(1), &json!([])));
    let pending = json_of(outbox.pending().unwrap());
    let accepted = pending[0]["accepted_at"].as_u64().unwrap();
    let age = SystemTime::UNIX_EPOCH + Duration::from_millis(accepted);
    assert!(age.elapsed().unwrap_or_default() < Duration::from_secs(60));
    let rest = json!([{
        "id": "m", "conversation": "c", "user_id": "u", "accepted_at": accepted, "attempts": 0, "state": "queued",
        "reason": null,
    }]);
    assert_eq!(pending, rest);
    let flush = call(async move { Ok(outbox.flush(Duration::ZERO).await) }).unwrap();
    let flushed = answer(&flush).unwrap().body;
    let Body::Json(flushed) = flushed else { panic!("{flushed:?}") };
    assert_eq!(flushed, r#"{"delivered":0,"pending":1,"dead":0}"#);
}

#[test]
fn a_dead_letter_is_answered_with_its_reason_and_times() {
    let outbox = Outbox::builder().sink(|_: Record| async { Outcome::dead("no such room") });
    let outbox = outbox.start().unwrap();
    outbox.enqueue(Record::new("c", "m", json!({"text": "hi"}))).unwrap();
    let flushed = outbox.clone();
    answer(&call(async move { Ok(flushed.flush(Duration::from_secs(60)).await) }).unwrap())
        .unwrap();
    let dead = json_of(outbox.dead_letters().unwrap());
    let times = ["accepted_at", "died_at"].map(|name| dead[0][name].as_u64().unwrap());
    assert!(times[0] <= times[1] + 1_000, "{times:?}");
    let whole = json!([{
        "id": "m", "conversation": "c", "user_id": null, "payload": {"text": "hi"}, "accepted_at": times[0],
        "died_at": times[1], "attempts": dead[0]["attempts"], "reason": "no such room",
    }]);
    assert_eq!(dead, whole);
}

#[test]
fn a_chat_services_turn_is_answered_by_events_and_its_whole_answer_by_json() {
    let chat = FakeChat::spawn_thread().unwrap();
    chat.add_workspace("w");
    let service = ChatService::builder(chat.url()).no_proxy().tokens("access", "refresh");
    let service = service.build().unwrap();
    let request = || TurnRequest::new("hi there").workspace("w");
    let streaming = service.clone();
    let stream = call(async move { streaming.stream(request()).await }).unwrap();
    let Body::Events(pull) = answer(&stream).unwrap().body else {
        panic!("a turn is answered by events")
    };
    let mut events = Vec::new();
    while let Some(batch) = next(&pull).unwrap() {
        events.extend(serde_json::from_str::<Vec<Value>>(&batch.into_json()).unwrap());
    }
    assert_eq!(events.last().unwrap()["type"], "done");
    let text: String = events.iter().filter_map(|event| event["content"].as_str()).collect();
    let whole = call(async move { service.send(request()).await }).unwrap();
    let Body::Json(json) = answer(&whole).unwrap().body else { panic!("an answer is JSON") };
    let told = json!({"reply": text, "workspace_id": "w", "audio_base64": null, "stopped": false, "usage": null});
    assert_eq!(serde_json::from_str::<Value>(&json).unwrap(), told);
}

#[test]
fn a_call_without_a_result_is_answered_with_nothing() {
    let call = call(async { Ok(()) }).unwrap();
    assert!(matches!(answer(&call).unwrap().body, Body::Nothing));
}

#[test]
fn an_error_tells_all_its_facts() {
    let fake = Fake::spawn_thread().unwrap();
    let refusal = Script::error(429, "slow down").header("retry-after", "7");
    fake.script("m", refusal.header("x-odd", "caf\u{e9}"));
    let llm = OpenAi::builder().base_url(fake.base_url()).no_proxy().build();
    let llm = llm.unwrap().with(CallOptions::new().max_retries(0));
    let call = call(async move { llm.chat(ChatRequest::new("m").user("hi")).await }).unwrap();
    let error = answer(&call).unwrap_err();
    let facts = ErrorFacts::from(&error);
    let told: Value = serde_json::from_str(&facts.to_json()).unwrap();
    assert_eq!(
        (&told["code"], &told["status"], &told["retry_after"], &told["attempts"]),
        (&json!("rate_limited"), &json!(429), &json!(7.0), &json!(1))
    );
    assert_eq!(told["line"], error.to_string());
    assert_eq!(told["api"]["message"], "slow down");
    assert!(told["body"].as_str().unwrap().contains("slow down"));
    let headers = facts.headers.unwrap();
    let odd = headers.iter().find(|(name, _)| name == "x-odd").map(|(_, value)| value.as_str());
    // Bytes of UTF-8, one character each: a host can restore the bytes.
    assert_eq!(odd, Some("caf\u{c3}\u{a9}"));
}

#[test]
fn facts_without_a_value_are_null() {
    let error = Error::new(ErrorKind::Config, "client.build", "no key");
    let told: Value = serde_json::from_str(&ErrorFacts::from(&error).to_json()).unwrap();
    let null = Value::Null;
    for name in ["status", "headers", "request_id", "retry_after", "partial", "api", "body"] {
        assert_eq!(told.get(name), Some(&null), "{name}");
    }
    assert_eq!((&told["retryable"], &told["attempts"]), (&json!(false), &json!(0)));
}
