//! Content codings (RFC 9110, section 8.4): no coding is requested, but a body that arrives in gzip or deflate is
//! decoded.
//!
//! Brotli and Zstandard are rejected with the reason: only misconfigured services send them unrequested, and their
//! decoders would add more to every package than the rest of HTTP.

use bytes::{Buf, Bytes};
use flate2::{Decompress, DecompressError, FlushDecompress, Status};
use http::HeaderMap;
use http::header::CONTENT_ENCODING;

/// The bytes that are decoded at a time: a small body that decodes to endless data uses no more memory than its reader.
const PIECE: usize = 16 * 1024;

/// The largest window of deflate (RFC 1951), in bits.
const WINDOW: u8 = 15;

/// The first byte of every gzip member (RFC 1952).
const GZIP_MAGIC: u8 = 0x1f;

/// Decodes a body incrementally: everything that its bytes so far encode is returned at once.
pub(super) struct Decoder {
    coding: Coding,
    inflate: Decompress,
    input: Bytes,
    output: Box<[u8]>,
    /// True if the last piece was full, so that more may be ready without more input.
    is_full: bool,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Coding {
    Gzip,
    Deflate,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// No byte has arrived; an empty body has no coding.
    Fresh,
    Amid,
    Ended,
}

impl Decoder {
    /// The decoder for a response with these headers; `None` if it has no coding.
    ///
    /// # Errors
    ///
    /// The name of an unsupported coding.
    pub(super) fn of(headers: &HeaderMap) -> Result<Option<Self>, String> {
        let lines = headers.get_all(CONTENT_ENCODING).iter();
        let names = lines.map(|line| String::from_utf8_lossy(line.as_bytes()).to_ascii_lowercase());
        let names = names.collect::<Vec<_>>().join(",");
        let codings = names.split(',').map(str::trim);
        let mut codings = codings.filter(|name| !matches!(*name, "" | "identity"));
        let coding = match (codings.next(), codings.next()) {
            (None, _) => return Ok(None),
            (Some("gzip" | "x-gzip"), None) => Coding::Gzip,
            (Some("deflate"), None) => Coding::Deflate,
            _ => return Err(names),
        };
        Ok(Some(Decoder {
            coding,
            inflate: Decompress::new_gzip(WINDOW),
            input: Bytes::new(),
            output: vec![0; PIECE].into(),
            is_full: false,
            state: State::Fresh,
        }))
    }

    /// Accepts the next bytes of the body, after all before them are decoded.
    pub(super) fn feed(&mut self, bytes: Bytes) {
        self.input = bytes;
    }

    /// The next decoded piece; `None` if more bytes are needed.
    pub(super) fn next(&mut self) -> Result<Option<Bytes>, DecompressError> {
        loop {
            let first = self.input.first().copied();
            match (self.state, first) {
                (State::Fresh, None) => return Ok(None),
                (State::Fresh, Some(first)) => self.begin(first),
                // After the end of the data comes another member, or padding.
                (State::Ended, Some(GZIP_MAGIC)) if self.coding == Coding::Gzip => {
                    self.begin(GZIP_MAGIC);
                }
                (State::Ended, _) => {
                    self.input.clear();
                    return Ok(None);
                }
                (State::Amid, None) if !self.is_full => return Ok(None),
                (State::Amid, _) => {}
            }
            let before = (self.inflate.total_in(), self.inflate.total_out());
            let flush = FlushDecompress::None;
            let status = self.inflate.decompress(&self.input, &mut self.output, flush)?;
            // Both are at most as long as the slices that were passed in.
            let taken = (self.inflate.total_in() - before.0) as usize;
            let made = (self.inflate.total_out() - before.1) as usize;
            self.input.advance(taken);
            self.is_full = made == self.output.len();
            if status == Status::StreamEnd {
                self.state = State::Ended;
            }
            match self.output.get(..made) {
                Some(piece) if made > 0 => return Ok(Some(Bytes::copy_from_slice(piece))),
                // There was space for output, so all input has been consumed.
                _ if taken == 0 && self.state == State::Amid => return Ok(None),
                _ => {}
            }
        }
    }

    /// Returns true if the body may end here.
    pub(super) fn may_end(&self) -> bool {
        self.state != State::Amid
    }

    /// Starts decoding. `deflate` means the zlib format (RFC 1950), which begins with its method, but some services
    /// send raw deflate data.
    fn begin(&mut self, first: u8) {
        const ZLIB_METHOD: u8 = 8;
        self.inflate = match self.coding {
            Coding::Gzip => Decompress::new_gzip(WINDOW),
            Coding::Deflate => Decompress::new(first & 0x0f == ZLIB_METHOD),
        };
        self.state = State::Amid;
    }
}
