//! Memory that a decoder holds and copies, counted by the allocator: bounded by the cap, not by the stream.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use turnwire::sse::{Decoder, EventTooLarge, Frame};
use turnwire_suite::memory::{Counting, Use, used};

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// The decoder's default cap.
const CAP: usize = 8 * MIB;

/// Capacity that a buffer may keep after the event that filled it.
const KEPT: usize = 64 * KIB;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Feeds `piece` this many times, dropping each frame at once; returns the number of frames.
fn feed(decoder: &mut Decoder, piece: &[u8], times: usize) -> Result<usize, EventTooLarge> {
    let mut frames = 0;
    for _ in 0..times {
        let mut input = piece;
        while let Some(frame) = decoder.decode(&mut input)? {
            frames += 1;
            drop(frame);
        }
    }
    Ok(frames)
}

fn assert_at_most(used: Use, bytes: usize) {
    assert!(used.peak <= bytes as isize, "{used:?}, allowed {bytes}");
}

#[test]
fn a_line_without_end_is_refused_with_bounded_memory() {
    for size in [1, 100, 4 * KIB, MIB] {
        let piece = vec![b'x'; size];
        let (result, used) = used(|| {
            let mut decoder = Decoder::new();
            feed(&mut decoder, b"data: ", 1)?;
            feed(&mut decoder, &piece, 16 * MIB / size)
        });
        assert_eq!(result.unwrap_err().max, CAP, "pieces of {size}");
        // A growing buffer is at most twice as large as its content.
        assert_at_most(used, 2 * CAP);
    }
}

#[test]
fn lines_without_end_are_refused_with_bounded_memory() {
    let line = [&b"data: "[..], &[b'x'; KIB], b"\n"].concat();
    let (result, used) = used(|| feed(&mut Decoder::new(), &line, 16 * KIB));
    assert_eq!(result.unwrap_err().max, CAP);
    assert_at_most(used, 2 * CAP);
}

#[test]
fn a_huge_piece_is_refused_without_a_copy() {
    let body = [&b"data: "[..], &vec![b'x'; 16 * MIB]].concat();
    let (result, used) = used(|| feed(&mut Decoder::new(), &body, 1));
    assert_eq!(result.unwrap_err().max, CAP);
    assert_at_most(used, KIB);
}

#[test]
fn the_worst_event_holds_a_small_multiple_of_the_cap() {
    const SMALL_CAP: usize = 256 * KIB;
    // Type, id and data at their maximum, and every byte of them three times as large as text.
    let value = vec![0xFF; SMALL_CAP - 16];
    let mut stream = Vec::new();
    for name in ["event: ", "id: ", "data: "] {
        stream.extend(name.as_bytes());
        stream.extend(&value);
        stream.push(b'\n');
    }
    stream.push(b'\n');
    for size in [1, 4 * KIB, stream.len()] {
        let (frames, used) = used(|| {
            let mut decoder = Decoder::new().max_event(SMALL_CAP);
            let pieces = stream.chunks(size);
            pieces.map(|piece| feed(&mut decoder, piece, 1).unwrap()).sum::<usize>()
        });
        assert_eq!(frames, 1);
        assert_at_most(used, 16 * SMALL_CAP);
    }
}

#[test]
fn a_long_stream_of_events_holds_no_more_than_one_of_them() {
    let event = format!("data: {}\n\n", "x".repeat(300));
    let stream = event.repeat(10_000);
    for size in [1, 7, 100, 1460, 16 * KIB] {
        let mut decoder = Decoder::new();
        let (frames, used) = used(|| {
            let pieces = stream.as_bytes().chunks(size);
            pieces.map(|piece| feed(&mut decoder, piece, 1).unwrap()).sum::<usize>()
        });
        assert_eq!(frames, 10_000);
        assert_at_most(used, 4 * event.len());
    }
}

#[test]
fn events_that_lie_whole_in_a_piece_are_not_copied() {
    let stream = "data: {\"delta\":\"안녕\"}\n\n: ping\n\n".repeat(1000);
    let mut decoder = Decoder::new();
    let (frames, used) = used(|| feed(&mut decoder, stream.as_bytes(), 10).unwrap());
    assert_eq!((frames, used.calls), (20_000, 0));
}

#[test]
fn what_is_copied_is_linear_in_the_stream_whatever_the_split() {
    // One event of a single long line, and one of many lines.
    let long = format!("data: {}\n\n", "x".repeat(MIB));
    let many = format!("{}\n", "data: xxxxxxxxx\n".repeat(64 * KIB));
    for stream in [long, many] {
        for size in [1, 100, 16 * KIB] {
            let (frames, used) = used(|| {
                let mut decoder = Decoder::new();
                let pieces = stream.as_bytes().chunks(size);
                pieces.map(|piece| feed(&mut decoder, piece, 1).unwrap()).sum::<usize>()
            });
            assert_eq!(frames, 1);
            // Doubling buffers allocate at most four times their final size; there are the line, the
            // data and the text.
            assert!(used.allocated <= 12 * stream.len(), "{used:?} for pieces of {size}");
        }
    }
}

#[test]
fn a_large_event_gives_its_memory_back() {
    let stream = format!("data: {}\n\n", "x".repeat(4 * MIB));
    let mut decoder = Decoder::new();
    let ((), used) = used(|| {
        for piece in stream.as_bytes().chunks(KIB) {
            feed(&mut decoder, piece, 1).unwrap();
        }
    });
    assert!(used.held <= 2 * KEPT as isize, "{used:?} after the event");
}

#[test]
fn an_owned_frame_holds_its_text_alone() {
    let stream = format!("data: {}\n\n", "x".repeat(MIB));
    let mut decoder = Decoder::new();
    let (frame, used) = used(|| {
        let mut input = stream.as_bytes();
        decoder.decode(&mut input).unwrap().map(Frame::into_owned)
    });
    assert!(frame.is_some());
    assert_at_most(used, MIB + KIB);
}

#[test]
fn a_large_id_is_not_copied_for_every_event_after_it() {
    let id = format!("id: {}\n\n", "x".repeat(MIB));
    let mut decoder = Decoder::new();
    feed(&mut decoder, id.as_bytes(), 1).unwrap();
    let (frames, used) = used(|| feed(&mut decoder, b"data\n\n", 1000).unwrap());
    assert_eq!(frames, 1000);
    assert!(used.allocated <= MIB, "{used:?} for 6 KB of stream");
}
