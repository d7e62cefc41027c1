//! The size limit of one event: the same in every split, and only for events that exceed it.

use proptest::prelude::*;
use turnwire::sse::{Decoder, Frame};
use turnwire_suite::sse::{assert_same_for_any_split, decode, reference};

use super::soup::{at, places, soup};

proptest! {
    #![proptest_config(super::cases(16))]

    #[test]
    fn any_split_meets_the_cap_after_the_same_frames(
        bytes in soup(), places in places(), max in 0..64_usize,
    ) {
        let decoder = || Decoder::new().max_event(max);
        let decoded = assert_same_for_any_split(&bytes, &at(&places, bytes.len()), decoder);
        let reference = reference(&bytes);
        match decoded.error {
            None => prop_assert_eq!(decoded, reference),
            Some(error) => {
                prop_assert_eq!(error.max, max);
                prop_assert!(bytes.len() > max, "a stream within the cap was refused");
                prop_assert!(reference.frames.starts_with(&decoded.frames));
                prop_assert_eq!(decoded.finished, None);
            }
        }
    }

    #[test]
    fn no_event_is_larger_than_the_cap(bytes in soup(), max in 0..64_usize) {
        for frame in decode(Decoder::new().max_event(max), [&bytes]).frames {
            let text = match &frame {
                Frame::Event(event) => &event.data,
                Frame::Comment(text) => text,
                _ => unreachable!("there are two kinds of frame"),
            };
            // The cap counts received bytes; each invalid one became three.
            let replaced = text.matches('\u{FFFD}').count();
            prop_assert!(text.len() - 2 * replaced <= max, "{} bytes under a cap of {max}", text.len());
        }
    }
}

#[test]
fn a_line_is_refused_as_soon_as_it_exceeds_the_cap() {
    let mut decoder = Decoder::new().max_event(8);
    let mut piece = &b"data: 12"[..];
    assert_eq!(decoder.decode(&mut piece), Ok(None));
    let mut piece = &b"3"[..];
    assert_eq!(decoder.decode(&mut piece).unwrap_err().max, 8);
}

#[test]
fn many_small_data_lines_add_up_to_the_cap() {
    let event = "data: 1234567\n".repeat(16) + "\n";
    let held = 16 * 8 - 1;
    let fits = decode(Decoder::new().max_event(held + "data: ".len()), [&event]);
    assert_eq!((fits.error, fits.events().count()), (None, 1));
    let exceeds = decode(Decoder::new().max_event(held - 1), [&event]);
    assert_eq!((exceeds.error.unwrap().max, exceeds.events().count()), (held - 1, 0));
}

#[test]
fn events_do_not_add_up_to_the_cap() {
    let stream = "data: 1234\n\n: ping\n".repeat(1000);
    let decoded = decode(Decoder::new().max_event(16), [&stream]);
    assert_eq!((decoded.error, decoded.frames.len()), (None, 2000));
}

#[test]
fn a_failed_decoder_stays_failed() {
    let mut decoder = Decoder::new().max_event(8);
    let mut piece = &b"data: too long\n\ndata: x\n\n"[..];
    assert!(decoder.decode(&mut piece).is_err());
    let mut piece = &b"\n\ndata: x\n\n"[..];
    assert!(decoder.decode(&mut piece).is_err());
    assert_eq!(decoder.finish(), None);
}

#[test]
fn the_error_says_the_cap() {
    let error = decode(Decoder::new().max_event(3), ["data: x"]).error.unwrap();
    assert_eq!(error.to_string(), "one server-sent event is larger than 3 bytes");
}
