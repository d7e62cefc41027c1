//! Round trips of frames through `encode` and the decoder.

use proptest::prelude::*;
use turnwire::sse::{Decoder, Event, Frame, encode};
use turnwire_suite::sse::{assert_same_for_any_split, decode};

use super::soup::{at, places};

/// Text that is valid in a line of the format.
fn line() -> impl Strategy<Value = String> {
    prop_oneof!["[^\r\n]{0,20}", "( |:|\u{FEFF}|\0|data: ){0,3}[a-z]{0,3}"]
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), "( |:|\n|\r|\r\n|\u{FEFF}|\0|x|한|data: ){0,12}"]
}

fn event() -> impl Strategy<Value = Event<'static>> {
    // An id with NUL is invalid in the format: readers ignore it.
    let id = line().prop_map(|id| id.replace('\0', ""));
    (text(), line(), id, any::<Option<u64>>()).prop_map(|(data, kind, id, retry)| {
        let mut event = Event::new(data);
        if !kind.is_empty() {
            event.event = kind.into();
        }
        event.id = id.into();
        event.retry = retry;
        event
    })
}

fn normalised(mut event: Event<'static>) -> Event<'static> {
    event.data = event.data.replace("\r\n", "\n").replace('\r', "\n").into();
    event
}

fn encoded(frame: &Frame<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    encode(frame, &mut out);
    out
}

#[test]
fn only_fields_that_say_something_are_written() {
    let plain = encoded(&Frame::Event(Event::new("x")));
    assert_eq!(plain, b"data: x\n\n");
    let mut event = Event::new("");
    event.event = "delta".into();
    event.id = "7".into();
    event.retry = Some(0);
    let full = encoded(&Frame::Event(event));
    assert_eq!(full, b"event: delta\nid: 7\nretry: 0\ndata: \n\n");
}

proptest! {
    #![proptest_config(super::cases(8))]

    #[test]
    fn an_event_comes_back_with_normalised_line_breaks(event in event(), places in places()) {
        let bytes = encoded(&Frame::Event(event.clone()));
        let decoded = assert_same_for_any_split(&bytes, &at(&places, bytes.len()), Decoder::new);
        prop_assert_eq!(decoded.frames, [Frame::Event(normalised(event))]);
    }

    #[test]
    fn a_comment_comes_back(text in line()) {
        let comment = Frame::Comment(text.into());
        prop_assert_eq!(decode(Decoder::new(), [encoded(&comment)]).frames, [comment]);
    }

    #[test]
    fn frames_do_not_run_into_each_other(
        frames in prop::collection::vec(prop_oneof![
            3 => event().prop_map(|mut event| {
                // An id would persist for later events.
                event.id = "".into();
                Frame::Event(event)
            }),
            1 => line().prop_map(|text| Frame::Comment(text.into())),
        ], 0..6),
    ) {
        let stream: Vec<u8> = frames.iter().flat_map(encoded).collect();
        let normal = frames.into_iter().map(|frame| match frame {
            Frame::Event(event) => Frame::Event(normalised(event)),
            other => other,
        });
        prop_assert_eq!(decode(Decoder::new(), [stream]).frames, normal.collect::<Vec<_>>());
    }

    #[test]
    fn line_breaks_in_names_cannot_smuggle_fields(evil in text()) {
        let mut event = Event::new("x");
        event.event = format!("a{evil}").into();
        event.id = format!("b{evil}").replace('\0', "").into();
        let flat = |text: &str| text.replace(['\r', '\n'], "");
        let (kind, id) = (flat(&event.event), flat(&event.id));
        let decoded = decode(Decoder::new(), [encoded(&Frame::Event(event))]);
        let back: Vec<_> = decoded.events().map(|e| (&*e.event, &*e.data, &*e.id)).collect();
        prop_assert_eq!(back, [(&*kind, "x", &*id)]);

        let comment = decode(Decoder::new(), [encoded(&Frame::Comment(evil.clone().into()))]);
        prop_assert_eq!(comment.frames, [Frame::Comment(flat(&evil).into())]);
    }
}
