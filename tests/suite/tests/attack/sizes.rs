//! Large events of every shape: reading one needs at most a bounded multiple of its own size in memory, or is refused.

use std::convert::Infallible;

use bytes::Bytes;
use futures::{StreamExt, stream};
use turnwire::ChatStream;
use turnwire_suite::memory::used;
use turnwire_suite::random::Random;

use super::attack;

/// A little less than the default limit of an event.
const SIZE: usize = 7 * 1024 * 1024;

/// Core's budget for one event. It may be used three times: by the reply that JSON in place of a stream
/// is parsed as, by the chunk made of it, and by the reply that accumulates the chunk.
fn budget(length: usize) -> usize {
    8 * length + 32 * 1024 * 1024
}

/// The copies of the event itself: where its pieces are joined, where it is repaired, and in the chunk.
const COPIES: usize = 4;

/// The positions of the many small values, and the closing text of each.
const AROUND: &[(&str, &str)] = &[
    (r#"{"choices":["#, "]}"),
    (r#"{"choices":[{"delta":{"tool_calls":["#, "]}}]}"),
    (r#"{"choices":[{"delta":{"content":["#, "]}}]}"),
    (r#"{"choices":[{"delta":{"reasoning_details":["#, "]}}]}"),
    (r#"{"choices":[{"delta":{},"logprobs":{"content":["#, "]}}]}"),
    (r#"{"choices":[{"delta":{"content":"a"}}],"x":["#, "]}"),
    (r#"{"choices":[{"message":{"tool_calls":["#, "]}}]}"),
    (r#"{"error":["#, "]}"),
    ("[", "]"),
];

const SMALL: &[&str] = &[
    "{}",
    "[]",
    "0",
    "null",
    r#""""#,
    r#"{"":0}"#,
    r#"{"index":0}"#,
    "[[]]",
    r#"{"function":{}}"#,
    r#"{"token":"a"}"#,
    r#"{"type":"text","text":"a"}"#,
    "1.5",
    r#""\u0000""#,
];

#[test]
fn large_events_take_a_bounded_multiple_of_their_size() {
    attack("large events", |random| {
        let event = event(random);
        let shown = event.get(..200).unwrap_or(&event).to_owned();
        let event = Bytes::from(event);
        let pieces = if random.once_in(2) { SIZE } else { 16 * 1024 };
        let pieces: Vec<_> = (0..event.len())
            .step_by(pieces)
            .map(|at| Ok::<_, Infallible>(event.slice(at..(at + pieces).min(event.len()))))
            .collect();
        let ((), used) = used(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(async {
                let mut chunks = ChatStream::from_bytes(stream::iter(pieces));
                while let Some(chunk) = chunks.next().await {
                    drop(chunk);
                }
                drop(chunks.into_reply());
            });
        });
        let (most, length) = (used.peak.unsigned_abs(), event.len());
        let mib = most / 1024 / 1024;
        let allowed = 3 * budget(length) + COPIES * length;
        assert!(most <= allowed, "{mib} MiB for {length} bytes: {shown}");
    });
}

fn event(random: &mut Random) -> String {
    let (before, after) = random.one_of(AROUND);
    let small = random.one_of(SMALL);
    let count = (SIZE >> random.below(6)) / (small.len() + 1);
    let many = vec![*small; count].join(",");
    let json = format!("{before}{many}{after}");
    match random.below(3) {
        0 => json,
        1 => format!("data: {json}\n\n"),
        _ => format!("data: {json}\n\ndata: {json}\n\ndata: [DONE]\n\n"),
    }
}
