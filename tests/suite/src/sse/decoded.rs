//! Runs a decoder over pieces and records everything observable.

use turnwire::sse::{Decoder, Event, EventTooLarge, Frame};

/// The observable results of one decoder after one stream.
#[derive(Debug, PartialEq, Eq)]
pub struct Decoded {
    /// The frames, in order.
    pub frames: Vec<Frame<'static>>,
    /// The error that ended decoding, if there was one.
    pub error: Option<EventTooLarge>,
    /// The unterminated event that `finish` accepted.
    pub finished: Option<Event<'static>>,
    /// The last event id at the end.
    pub last_event_id: String,
    /// The reconnection time at the end.
    pub retry: Option<u64>,
}

impl Decoded {
    /// Every event, including an unterminated one that `finish` accepted.
    pub fn events(&self) -> impl Iterator<Item = &Event<'static>> {
        let framed = self.frames.iter().filter_map(|frame| match frame {
            Frame::Event(event) => Some(event),
            _ => None,
        });
        framed.chain(&self.finished)
    }

    /// The text of every comment.
    pub fn comments(&self) -> impl Iterator<Item = &str> {
        self.frames.iter().filter_map(|frame| match frame {
            Frame::Comment(text) => Some(&**text),
            _ => None,
        })
    }
}

/// Feeds `pieces` to `decoder`, to their end or to its error, and finishes it.
pub fn decode<P: AsRef<[u8]>>(
    mut decoder: Decoder,
    pieces: impl IntoIterator<Item = P>,
) -> Decoded {
    let mut frames = Vec::new();
    let mut error = None;
    'stream: for piece in pieces {
        let mut input = piece.as_ref();
        loop {
            match decoder.decode(&mut input) {
                Ok(Some(frame)) => frames.push(frame.into_owned()),
                Ok(None) => break,
                Err(too_large) => {
                    error = Some(too_large);
                    break 'stream;
                }
            }
        }
        assert!(input.is_empty(), "`None` must mean that all of the piece was taken");
    }
    let finished = decoder.finish();
    let last_event_id = decoder.last_event_id().to_owned();
    Decoded { frames, error, finished, last_event_id, retry: decoder.retry() }
}

/// Splits `bytes` at the given places, in any order; places past the end count as the end.
pub fn cut(bytes: &[u8], places: impl IntoIterator<Item = usize>) -> Vec<&[u8]> {
    let mut places: Vec<usize> = places.into_iter().collect();
    // Descending, so that each cut leaves the part for the next one.
    places.sort_unstable_by(|a, b| b.cmp(a));
    let mut head = bytes;
    let mut pieces = Vec::new();
    for place in places {
        let (before, after) = head.split_at(place.min(head.len()));
        pieces.push(after);
        head = before;
    }
    pieces.push(head);
    pieces.reverse();
    pieces
}
