//! A growing reply: the operations for the bindings, applied step by step, produce the reply that core accumulates.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::fmt::Write;

use futures::StreamExt;
use serde::Deserialize;
use serde_json::{Value, json};
use turnwire::bridge::Progress;
use turnwire_suite::patches;
use turnwire_suite::random::Random;
use turnwire_suite::streams::chunks;

/// The reply of a plain stream of these chunks.
async fn streamed(chunks: &[Value]) -> Value {
    let mut body = String::new();
    for chunk in chunks {
        write!(body, "data: {chunk}\n\n").unwrap();
    }
    body.push_str("data: [DONE]\n\n");
    let bytes = futures::stream::iter([Ok::<_, std::io::Error>(bytes::Bytes::from(body))]);
    let mut stream = turnwire::ChatStream::from_bytes(bytes);
    // A stream without a reply or a finish reason ends with an error, and keeps the received part.
    while stream.next().await.is_some() {}
    serde_json::to_value(stream.partial()).unwrap()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    chunks: Vec<Value>,
    reply: Value,
    events: Vec<Value>,
}

#[tokio::test]
async fn every_case_holds() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../vectors/progress");
    let mut count = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let file = file.unwrap().path();
        if file.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let cases: Vec<Case> = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        for Case { name, chunks, reply, events } in &cases {
            let mut progress = Progress::default();
            let mut snapshot = patches::empty();
            for (chunk, events) in chunks.iter().zip(events) {
                let added = progress.add(&chunk.to_string()).unwrap();
                let added: Value = serde_json::from_str(&added).unwrap();
                patches::apply(&mut snapshot, &added);
                assert_eq!(&events_of(&added), events, "{name}: {chunk}");
            }
            assert_eq!(&snapshot, reply, "{name}");
            assert_eq!(&serde_json::to_value(progress.reply()).unwrap(), reply, "{name}");
            assert_eq!(&streamed(chunks).await, reply, "{name}");
            assert_eq!(chunks.len(), events.len(), "{name}");
        }
        count += cases.len();
    }
    assert!(count >= 60, "only {count} cases were found");
}

/// The events of a chunk, in Python's order.
fn events_of(added: &Value) -> Value {
    let mut events = Vec::new();
    for choice in added["events"].as_array().unwrap() {
        for group in ["text", "calls", "logprobs", "done", "last"] {
            for event in choice[group].as_array().unwrap() {
                let mut told = vec![choice["index"].clone(), event["type"].clone()];
                for name in ["delta", "index", "arguments_delta", "count"] {
                    told.extend(event.get(name).cloned());
                }
                events.push(json!(told));
            }
        }
    }
    events.into()
}

#[tokio::test]
async fn a_snapshot_that_follows_the_operations_is_the_reply() {
    let mut random = Random::new(11);
    for round in 0..10_000 {
        let chunks = chunks(&mut random);
        let mut progress = Progress::default();
        let mut snapshot = patches::empty();
        for chunk in &chunks {
            let added = progress.add(&chunk.to_string()).unwrap();
            patches::apply(&mut snapshot, &serde_json::from_str(&added).unwrap());
        }
        let reply = serde_json::to_value(progress.reply()).unwrap();
        assert_eq!(snapshot, reply, "{round}: {chunks:#?}");
        // The same through a slow stream.
        if round % 10 == 0 {
            assert_eq!(streamed(&chunks).await, reply, "{round}: {chunks:#?}");
        }
    }
}
