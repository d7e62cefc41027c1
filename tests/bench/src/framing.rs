//! The pieces in which a body goes over the wire: HTTP chunks, and the writes that they are sent in.

use crate::bodies::Body;

/// Bytes of a large piece.
const LARGE: usize = 64 * 1024;

/// The way in which a body is cut.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Framing {
    /// Pieces of 64 KiB that end anywhere, as from a proxy that buffers.
    Large,
    /// An HTTP chunk for each event, many to a write.
    Chunked,
    /// An HTTP chunk and a write for each event.
    Packet,
}

impl Framing {
    /// All framings.
    pub const ALL: [Framing; 3] = [Framing::Large, Framing::Chunked, Framing::Packet];

    /// The name in URLs and tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Framing::Large => "large",
            Framing::Chunked => "chunked",
            Framing::Packet => "packet",
        }
    }

    /// The framing of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|framing| framing.name() == name)
    }
}

/// A body with its HTTP chunks: bytes to send, and where each write ends.
#[derive(Debug)]
pub struct Framed {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Framed {
    /// The body, framed.
    #[must_use]
    pub fn new(body: &Body, framing: Framing) -> Self {
        let mut framed = Framed { bytes: Vec::with_capacity(body.bytes.len()), ends: Vec::new() };
        match framing {
            Framing::Large => {
                for piece in body.bytes.chunks(LARGE) {
                    framed.http_chunk(piece);
                    framed.ends.push(framed.bytes.len());
                }
            }
            Framing::Chunked => {
                for event in body.events() {
                    framed.http_chunk(event);
                }
                let length = framed.bytes.len();
                framed.ends.extend((LARGE..length).step_by(LARGE).chain([length]));
            }
            Framing::Packet => {
                for event in body.events() {
                    framed.http_chunk(event);
                    framed.ends.push(framed.bytes.len());
                }
            }
        }
        // The last write ends the body too.
        framed.bytes.extend_from_slice(b"0\r\n\r\n");
        if let Some(last) = framed.ends.last_mut() {
            *last = framed.bytes.len();
        }
        framed
    }

    /// The writes, in order.
    pub fn writes(&self) -> impl Iterator<Item = &[u8]> + Send {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).filter_map(|(start, end)| self.bytes.get(start..*end))
    }

    fn http_chunk(&mut self, data: &[u8]) {
        self.bytes.extend_from_slice(format!("{:x}\r\n", data.len()).as_bytes());
        self.bytes.extend_from_slice(data);
        self.bytes.extend_from_slice(b"\r\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bodies::{SEED, Shape};

    /// The lengths of the HTTP chunks, and their bytes.
    fn chunks(mut wire: &[u8]) -> (Vec<usize>, Vec<u8>) {
        let (mut lengths, mut data) = (Vec::new(), Vec::new());
        loop {
            let line = wire.iter().position(|b| *b == b'\r').unwrap();
            let head = std::str::from_utf8(&wire[..line]).unwrap();
            let length = usize::from_str_radix(head, 16).unwrap();
            let chunk = &wire[line + 2..][..length];
            assert_eq!(&wire[line + 2 + length..][..2], b"\r\n");
            wire = &wire[line + 4 + length..];
            if length == 0 {
                assert!(wire.is_empty());
                return (lengths, data);
            }
            lengths.push(length);
            data.extend_from_slice(chunk);
        }
    }

    #[test]
    fn each_framing_carries_the_same_body_in_its_own_pieces() {
        let body = Body::new(Shape::OpenAi, 500, SEED);
        let events = body.ends.len();
        for framing in Framing::ALL {
            let framed = Framed::new(&body, framing);
            let writes = framed.writes().count();
            let (lengths, data) = chunks(&framed.writes().collect::<Vec<_>>().concat());
            assert!(data == body.bytes, "{framing:?}");
            match framing {
                Framing::Large => {
                    assert_eq!((writes, lengths[0]), (lengths.len(), LARGE));
                    assert!(!body.ends.contains(&LARGE), "a piece ends with an event");
                }
                Framing::Chunked => {
                    assert_eq!(lengths.len(), events);
                    assert_eq!(writes, framed.bytes.len().div_ceil(LARGE));
                }
                Framing::Packet => assert_eq!((lengths.len(), writes), (events, events)),
            }
        }
    }
}
