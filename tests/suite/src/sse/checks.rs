//! The invariants of decoder and encoder, for property tests and fuzz targets. They panic on a
//! violation.

use std::slice;

use turnwire::sse::{Decoder, Event, Frame, encode};

use super::{Decoded, cut, decode};

/// The same bytes produce the same frames, errors and state as one piece, in the given pieces (with empty
/// ones between them) and byte by byte. Returns that result.
pub fn assert_same_for_any_split(
    bytes: &[u8],
    places: &[usize],
    decoder: impl Fn() -> Decoder,
) -> Decoded {
    let whole = decode(decoder(), [bytes]);
    let pieces = cut(bytes, places.iter().copied());
    assert_eq!(decode(decoder(), &pieces), whole, "cut at {places:?}");
    let with_empty = pieces.iter().flat_map(|piece| [piece, &b""[..]]);
    assert_eq!(decode(decoder(), with_empty), whole, "cut at {places:?}, with empty pieces");
    assert_eq!(decode(decoder(), bytes.chunks(1)), whole, "byte by byte");
    whole
}

/// Decoded events own no more memory than their bytes can account for.
pub fn assert_linear(decoded: &Decoded, input: usize) {
    // An invalid byte becomes the three bytes of U+FFFD; nothing grows more than that.
    let bound = 3 * input;
    let comments: usize = decoded.comments().map(str::len).sum();
    let events: usize = decoded.events().map(|e| e.data.len() + named(e).len()).sum();
    // Every event repeats the last id, so ids count where they change.
    let mut ids = 0;
    let mut last = "";
    for event in decoded.events().filter(|event| !event.id.is_empty()) {
        ids += if *event.id == *last { 0 } else { event.id.len() };
        last = &event.id;
    }
    let owned = comments + events + ids;
    assert!(owned <= bound, "{owned} bytes came of {input}");
}

/// Encoding decoded frames and decoding the result yields the same frames.
pub fn assert_reencodes(decoded: &Decoded) {
    let mut stream = Vec::new();
    let mut expected: Vec<Frame<'_>> = Vec::new();
    let finished = decoded.finished.clone().map(Frame::Event);
    for frame in decoded.frames.iter().cloned().chain(finished) {
        let mut alone = Vec::new();
        encode(&frame, &mut alone);
        let again = decode(Decoder::new(), [&alone]).frames;
        assert_eq!(again, slice::from_ref(&frame), "one frame alone");
        stream.extend(alone);
        expected.push(carry_id(frame, &expected));
    }
    assert_eq!(decode(Decoder::new(), [&stream]).frames, expected, "the whole stream");
}

/// An encoded event without an id does not reset the id of an earlier one: `encode` sees one frame and
/// writes no `id:` for an empty one.
fn carry_id<'a>(frame: Frame<'a>, before: &[Frame<'a>]) -> Frame<'a> {
    let earlier = before.iter().rev().find_map(|frame| match frame {
        Frame::Event(event) => Some(event.id.clone()),
        _ => None,
    });
    match (frame, earlier) {
        (Frame::Event(event), Some(id)) if event.id.is_empty() => {
            let mut event = event;
            event.id = id;
            Frame::Event(event)
        }
        (frame, _) => frame,
    }
}

/// The event's type where the stream named it.
fn named<'a>(event: &'a Event<'_>) -> &'a str {
    if event.event == "message" { "" } else { &event.event }
}
