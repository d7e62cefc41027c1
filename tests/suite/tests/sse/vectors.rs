//! The 178 shared cases, in all useful splits.

use std::collections::HashSet;
use std::sync::LazyLock;

use proptest::prelude::*;
use turnwire::sse::{Decoder, EventTooLarge};
use turnwire_suite::sse::{Case, Expected, cases, cut, decode};

use super::soup::{at, places};

/// Streams shorter than this are split at every byte.
const SHORT: usize = 400;

#[test]
fn no_case_is_lost() {
    let cases = cases().unwrap();
    let names: HashSet<&str> = cases.iter().map(|case| case.name.as_str()).collect();
    assert_eq!((cases.len(), names.len()), (178, 178));
}

#[test]
fn every_case_passes_in_the_pieces_of_its_suite() {
    for case in cases().unwrap() {
        check(&case, "as given", case.pieces().unwrap());
    }
}

#[test]
fn every_case_passes_in_one_piece() {
    for case in cases().unwrap() {
        check(&case, "whole", [case.pieces().unwrap().concat()]);
    }
}

#[test]
fn every_case_passes_byte_by_byte() {
    for case in cases().unwrap() {
        let bytes = case.pieces().unwrap().concat();
        check(&case, "byte by byte", bytes.chunks(1));
    }
}

#[test]
fn every_short_case_passes_split_at_each_byte() {
    let mut short = 0;
    for case in cases().unwrap() {
        let bytes = case.pieces().unwrap().concat();
        if bytes.len() >= SHORT {
            continue;
        }
        short += 1;
        for at in 0..=bytes.len() {
            check(&case, &format!("split at {at}"), cut(&bytes, [at]));
        }
    }
    assert_eq!(short, 174, "all but the four long streams are short");
}

/// The cases, read once for all random splits.
static STREAMS: LazyLock<Vec<(Case, Vec<u8>)>> = LazyLock::new(|| {
    let with_bytes = |case: Case| {
        let bytes = case.pieces().unwrap().concat();
        (case, bytes)
    };
    cases().unwrap().into_iter().map(with_bytes).collect()
});

proptest! {
    #![proptest_config(super::cases(1))]

    #[test]
    fn every_case_passes_in_random_pieces(
        places in places(),
    ) {
        for (case, bytes) in STREAMS.iter() {
            let places = at(&places, bytes.len());
            check(case, &format!("cut at {places:?}"), cut(bytes, places.clone()));
        }
    }
}

#[test]
fn every_case_passes_under_a_cap_as_large_as_the_stream() {
    for case in cases().unwrap() {
        let bytes = case.pieces().unwrap().concat();
        let decoded = decode(Decoder::new().max_event(bytes.len()), [&bytes]);
        assert_eq!(decoded.error, None::<EventTooLarge>, "{}", case.name);
    }
}

fn check<P: AsRef<[u8]>>(case: &Case, how: &str, pieces: impl IntoIterator<Item = P>) {
    let context = format!("{}, {how}", case.name);
    let decoder = Decoder::new().initial_last_event_id(&*case.initial_last_event_id);
    let decoded = decode(decoder, pieces);
    let events: Vec<Expected> = decoded
        .events()
        .map(|event| Expected {
            event: event.event.to_string(),
            data: event.data.to_string(),
            id: event.id.to_string(),
            retry: event.retry,
        })
        .collect();
    assert_eq!(events, case.expected, "{context}");
    assert!(decoded.comments().eq(case.comments()), "comments of {context}");
    assert_eq!(decoded.error, None, "{context}");
    if let Some(id) = &case.final_last_event_id {
        assert_eq!(&decoded.last_event_id, id, "last event id of {context}");
    }
    if case.final_retry.is_some() {
        assert_eq!(decoded.retry, case.final_retry, "retry of {context}");
    }
}
