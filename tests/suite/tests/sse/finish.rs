//! The end of a stream: accepted and dropped unterminated events.

use proptest::prelude::*;
use turnwire::sse::{Decoder, Event};
use turnwire_suite::sse::{cut, decode};

/// Result of `finish` after `stream`, checked to be the same for every split.
fn finished(stream: &str) -> Option<Event<'static>> {
    let whole = decode(Decoder::new(), [stream]).finished;
    for at in 0..=stream.len() {
        let pieces = cut(stream.as_bytes(), [at]);
        assert_eq!(decode(Decoder::new(), pieces).finished, whole, "{stream:?} split at {at}");
    }
    whole
}

fn finished_data(stream: &str) -> Option<String> {
    finished(stream).map(|event| event.data.into_owned())
}

#[test]
fn an_unterminated_done_stands() {
    for stream in
        ["data: [DONE]", "data:[DONE]", "data: [DONE]\n", "data: [DONE]\r\n", "data: [DONE]\r"]
    {
        assert_eq!(finished_data(stream).as_deref(), Some("[DONE]"), "{stream:?}");
    }
}

#[test]
fn unterminated_complete_json_stands() {
    for json in [r#"{"a":[1,{"b":"c"}]}"#, "[]", r#""text""#, "null", "true", r#"{"a":"한"}"#] {
        for end in ["", "\n", "\r", "\r\n"] {
            let stream = format!("data: {json}{end}");
            assert_eq!(finished_data(&stream).as_deref(), Some(json), "{stream:?}");
        }
    }
}

#[test]
fn unterminated_json_over_many_lines_stands() {
    assert_eq!(finished_data("data: {\ndata: \"a\":1\ndata: }").as_deref(), Some("{\n\"a\":1\n}"));
}

#[test]
fn an_unterminated_event_that_stands_keeps_its_fields() {
    let event = finished("id: 7\nevent: delta\nretry: 5\ndata: {}\n").unwrap();
    assert_eq!((&*event.event, &*event.id, event.retry), ("delta", "7", Some(5)));
}

#[test]
fn truncated_json_is_dropped() {
    let json = r#"{"a":[1,"b",null,{"c":"\""}],"d":"한"}"#;
    for (end, _) in json.char_indices() {
        assert_eq!(finished_data(&format!("data: {}", &json[..end])), None, "cut at {end}");
    }
}

#[test]
fn a_truncated_done_is_dropped() {
    for data in ["", "[", "[D", "[DO", "[DON", "[DONE", "[DONE]x", "DONE"] {
        assert_eq!(finished_data(&format!("data: {data}")), None, "{data:?}");
    }
}

#[test]
fn a_bare_number_is_dropped_because_digits_could_follow() {
    for number in ["1", "-1", "0", "1.5", "1e9", "123456789012345678901234567890", " 12"] {
        assert_eq!(finished_data(&format!("data: {number}")), None, "{number:?}");
        assert_eq!(finished_data(&format!("data: {number}\n")), None, "{number:?}");
    }
}

#[test]
fn other_unterminated_text_is_dropped() {
    for stream in
        ["data: hello", "data: hello\n", "data", "data:", "event: [DONE]", ": {}", "{}", "[DONE]"]
    {
        assert_eq!(finished(stream), None, "{stream:?}");
    }
}

#[test]
fn a_dropped_event_leaves_no_id_but_its_retry() {
    let decoded = decode(Decoder::new(), ["id: 1\ndata: a\n\nid: 2\nretry: 9\ndata: b\n"]);
    assert_eq!((decoded.last_event_id.as_str(), decoded.retry), ("1", Some(9)));
}

#[test]
fn a_stream_that_ends_well_leaves_nothing() {
    for stream in ["", "\n", "data: {}\n\n", "data: [DONE]\r\r", ": ping\n", "\u{FEFF}"] {
        assert_eq!(finished(stream), None, "{stream:?}");
    }
}

#[test]
fn finish_gives_an_event_once() {
    let mut decoder = Decoder::new();
    assert_eq!(decoder.decode(&mut &b"data: [DONE]"[..]), Ok(None));
    assert!(decoder.finish().is_some());
    assert_eq!(decoder.finish(), None);
}

#[test]
fn a_dropped_event_does_not_come_back() {
    let mut decoder = Decoder::new();
    assert_eq!(decoder.decode(&mut &b"event: x\ndata: hello\n"[..]), Ok(None));
    assert_eq!(decoder.finish(), None);
    assert_eq!(decoder.decode(&mut &b"\n"[..]), Ok(None));
}

proptest! {
    #![proptest_config(super::cases(4))]

    #[test]
    fn text_that_is_no_json_never_stands(text in "[ -~]{0,20}") {
        let stands = finished_data(&format!("data:{text}\n")).is_some();
        let text = text.trim_ascii();
        let json = serde_json::from_str::<serde_json::Value>(text);
        prop_assert_eq!(stands, text == "[DONE]" || json.is_ok_and(|value| !value.is_number()));
    }
}
