//! A reply as it grows: what the bindings are told of it, applied step by step, is the reply that core keeps.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::fmt::Write;

use futures::StreamExt;
use serde_json::Value;
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
    // A stream without a reply or a finish reason ends with an error, and keeps what came.
    while stream.next().await.is_some() {}
    serde_json::to_value(stream.partial()).unwrap()
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
        assert_eq!(streamed(&chunks).await, reply, "{round}: {chunks:#?}");
    }
}
