//! Events written by one side and read by the other are equal, for any text and any split of the bytes.

use std::convert::Infallible;

use futures::{FutureExt, StreamExt, stream};
use proptest::prelude::*;
use turnwire::TurnEvent;
use turnwire::event::KEEP_ALIVE;
use turnwire::service::TurnStream;
use turnwire_fakes::Script;

use super::{content, read_script};

/// Texts of characters that are difficult for a writer or a reader.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[\\x00-\\x1f\"\\\\ \u{7f}\u{85}\u{2028}\u{2029}\u{feff}\u{fffd}안😀]{0,40}",
        Just("data: {\"type\": \"done\"}\n\n".to_owned()),
    ]
}

fn events() -> impl Strategy<Value = Vec<TurnEvent>> {
    let event = prop_oneof![
        "[a-z0-9-]{1,20}".prop_map(|workspace_id| TurnEvent::Workspace { workspace_id }),
        text().prop_map(|content| TurnEvent::Content { content }),
        text().prop_map(TurnEvent::sentiment),
        (prop::collection::vec(any::<u8>(), 1..40), text())
            .prop_map(|(audio, text)| { TurnEvent::audio(7, "audio/wav", audio, text) }),
        (any::<u64>(), any::<u64>()).prop_map(|(prompt_tokens, completion_tokens)| {
            TurnEvent::usage(prompt_tokens, completion_tokens, 7)
        }),
    ];
    prop::collection::vec(event, 0..8)
}

/// Reads these bytes in pieces of these sizes, repeated.
fn read(bytes: Vec<u8>, sizes: &[usize]) -> (Vec<TurnEvent>, Option<turnwire::Error>) {
    let mut pieces = Vec::new();
    let mut left = bytes.as_slice();
    for size in sizes.iter().cycle() {
        if left.is_empty() {
            break;
        }
        let (piece, rest) = left.split_at((*size).min(left.len()));
        pieces.push(Ok::<_, Infallible>(piece.to_vec().into()));
        left = rest;
    }
    let mut turn = TurnStream::from_bytes(stream::iter(pieces));
    let mut events = Vec::new();
    let read = async move {
        while let Some(event) = turn.next().await {
            match event {
                Ok(event) => events.push(event),
                Err(error) => return (events, Some(error)),
            }
        }
        (events, None)
    };
    read.now_or_never().expect("all pieces are there")
}

proptest! {
    #[test]
    fn what_one_side_writes_the_other_reads(
        events in events(),
        ends_well in any::<bool>(),
        alive in any::<bool>(),
        sizes in prop::collection::vec(1usize..30, 1..8),
    ) {
        let mut bytes = Vec::new();
        for event in &events {
            event.encode(&mut bytes);
            if alive {
                bytes.extend_from_slice(KEEP_ALIVE.as_bytes());
            }
        }
        let mut expected = events;
        if ends_well {
            TurnEvent::done().encode(&mut bytes);
            expected.push(TurnEvent::done());
        }
        let (found, error) = read(bytes, &sizes);
        prop_assert_eq!(found, expected);
        prop_assert_eq!(error.map(|e| e.code()), (!ends_well).then_some("truncated"));
    }

    #[test]
    fn an_error_that_is_written_is_the_error_that_is_read(
        text in text(),
        message in text().prop_filter("it has a message", |m| !m.trim().is_empty()),
        code in prop::option::of(prop::sample::select(vec!["rate_limited", "config", "overloaded_error", "x"])),
        sizes in prop::collection::vec(1usize..30, 1..8),
    ) {
        let mut bytes = Vec::new();
        TurnEvent::Content { content: text.clone() }.encode(&mut bytes);
        TurnEvent::failed(message.clone(), code.map(str::to_owned))
            .encode(&mut bytes);
        let (found, error) = read(bytes, &sizes);
        prop_assert_eq!(found, [TurnEvent::Content { content: text.clone() }]);
        let error = error.unwrap();
        prop_assert_eq!((error.code(), error.message()), ("api", message.as_str()));
        prop_assert_eq!(error.api().and_then(|api| api.code.as_deref()), code);
        let passes = matches!(code, Some("rate_limited" | "overloaded_error"));
        prop_assert_eq!(error.is_retryable(), passes);
        prop_assert_eq!(error.partial(), Some(text.as_str()).filter(|text| !text.is_empty()));
    }

    /// The reference: Rust's own lossy decoding of UTF-16.
    #[test]
    fn halves_of_surrogate_pairs_cost_a_character_and_no_more(
        units in prop::collection::vec(prop_oneof![any::<u16>(), 0xD800u16..=0xDFFF], 0..20),
        sizes in prop::collection::vec(1usize..30, 1..8),
    ) {
        let escaped: String = units.iter().map(|unit| format!("\\u{unit:04X}")).collect();
        let mut bytes =
            format!("data:{{\"content\":\"{escaped}\",\"type\":\"content\"}}\r\n\r\n").into_bytes();
        TurnEvent::done().encode(&mut bytes);
        let (found, _) = read(bytes, &sizes);
        let expected = content(&String::from_utf16_lossy(&units));
        prop_assert_eq!(found, [expected, TurnEvent::done()]);
    }
}

#[tokio::test]
async fn pieces_of_a_mebibyte_travel_over_http() {
    let texts = ["안녕 \"\\\n\0😀".repeat(70_000), "a".repeat(1 << 20), "\u{1}".repeat(1 << 20)];
    let events = texts.map(|content| TurnEvent::Content { content });
    let mut bytes = Vec::new();
    for event in &events {
        event.encode(&mut bytes);
    }
    TurnEvent::done().encode(&mut bytes);
    let found = read_script(Script::new().split(10_007).send_bytes(bytes)).await;
    assert!(found.error.is_none(), "{:?}", found.error);
    assert_eq!(found.events.len(), 4);
    assert!(found.events.starts_with(&events));
}
