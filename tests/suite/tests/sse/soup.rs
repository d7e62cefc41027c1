//! Byte soups: streams of bytes with a meaning in the format, in orders that no server would write.

use proptest::prelude::*;
use proptest::sample::Index;

/// A stream of arbitrary bytes, weighted towards those with a meaning in the format.
pub(crate) fn soup() -> impl Strategy<Value = Vec<u8>> {
    let raw = prop_oneof![
        // A byte order mark, complete and in parts, and other bytes that are invalid at their place.
        Just(b"\xEF\xBB\xBF".to_vec()),
        Just(b"\xEF".to_vec()),
        Just(b"\xEF\xBB".to_vec()),
        Just(b"\xE2\x82".to_vec()),
        Just(b"\xF0\x9F\x98".to_vec()),
        Just(b"\xFF".to_vec()),
        Just(b"\x80".to_vec()),
        prop::collection::vec(any::<u8>(), 1..6),
    ];
    let piece = prop_oneof![12 => text_piece().prop_map(String::into_bytes), 3 => raw];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

/// A soup that is valid UTF-8.
pub(crate) fn text_soup() -> impl Strategy<Value = String> {
    prop::collection::vec(text_piece(), 0..40).prop_map(|pieces| pieces.concat())
}

/// Places to cut a stream, as fractions of its length.
pub(crate) fn places() -> impl Strategy<Value = Vec<Index>> {
    prop::collection::vec(any::<Index>(), 0..8)
}

/// [`places`] for a stream of `len` bytes.
pub(crate) fn at(places: &[Index], len: usize) -> Vec<usize> {
    places.iter().map(|place| place.index(len + 1)).collect()
}

fn text_piece() -> impl Strategy<Value = String> {
    let line_end = prop::sample::select(vec!["\n", "\r", "\r\n", "\n\n", "\r\r", "\r\n\r\n"]);
    let field = prop::sample::select(vec![
        "data:",
        "data: ",
        "data",
        "data: x",
        "data: [DONE]",
        "data: {\"a\":1}",
        "data: 12",
        "event:",
        "event: delta",
        "id:",
        "id",
        "id: 7",
        "id: a\0b",
        "retry:",
        "retry: 250",
        "retry: 1x",
        "retry: 99999999999999999999",
        "Data: y",
        "unknown: z",
        ":",
        ": ping",
        ":ping",
    ]);
    let token = prop::sample::select(vec![
        ":", " ", "\0", "d", "a", "[DONE]", "{", "}", "\"", "é", "안녕", "😀", "\u{FEFF}",
        "\u{2028}", "\u{85}", "\u{B}",
    ]);
    prop_oneof![
        8 => (field.clone(), line_end.clone()).prop_map(|(field, end)| format!("{field}{end}")),
        3 => field.prop_map(str::to_owned),
        3 => line_end.prop_map(str::to_owned),
        3 => token.prop_map(str::to_owned),
        1 => "[ -~]{0,12}",
    ]
}
