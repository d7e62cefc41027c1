//! Any bytes, in any split, under any cap: the decoder neither panics nor depends on the split, agrees with
//! the reference model, owns no more than the input accounts for, and its frames encode to themselves.
//!
//! The input's first byte chooses the cap, the second says how many places to cut follow, and the rest is
//! the stream:
//!
//! ```text
//! cargo +nightly fuzz run sse --fuzz-dir tests/fuzz -- -max_total_time=60 -dict=tests/fuzz/sse.dict
//! ```

#![no_main]

use libfuzzer_sys::fuzz_target;
use turnwire::sse::Decoder;
use turnwire_suite::sse::{assert_linear, assert_reencodes, assert_same_for_any_split, reference};

/// Caps below this are small enough to be met by streams of a fuzzer's size; the rest of a byte's values
/// stand for the default cap.
const SMALL_CAPS: u8 = 128;

fuzz_target!(|input: &[u8]| {
    let [cap, cuts, rest @ ..] = input else { return };
    let (places, stream) = rest.split_at(usize::from(cuts % 8).min(rest.len()));
    let places: Vec<usize> =
        places.iter().map(|&at| usize::from(at) * stream.len() / 255).collect();
    let decoder = || match *cap {
        small if small < SMALL_CAPS => Decoder::new().max_event(small.into()),
        _ => Decoder::new(),
    };

    let decoded = assert_same_for_any_split(stream, &places, decoder);
    let expected = reference(stream);
    match decoded.error {
        None => assert_eq!(decoded, expected),
        Some(error) => {
            assert!(stream.len() > error.max, "a stream within the cap was refused");
            assert!(expected.frames.starts_with(&decoded.frames));
            assert_eq!(decoded.finished, None);
        }
    }
    assert_linear(&decoded, stream.len());
    assert_reencodes(&decoded);
});
