//! The piece of a body that is being decoded.

use bytes::Bytes;

/// Received bytes, of which a part has been read.
#[derive(Default)]
pub(crate) struct Received {
    bytes: Bytes,
    read: usize,
}

impl Received {
    pub(crate) fn new(bytes: Bytes) -> Self {
        Received { bytes, read: 0 }
    }

    /// Returns true if all of it has been read.
    pub(crate) fn is_dry(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The bytes that are still to be read.
    pub(crate) fn rest(&self) -> &[u8] {
        self.bytes.get(self.read..).unwrap_or_default()
    }

    /// Marks so many bytes as read. A piece is released together with its last byte: the connection then reads into the
    /// same buffer again, instead of allocating another for each piece.
    pub(crate) fn advance(&mut self, count: usize) {
        self.read += count;
        if self.read >= self.bytes.len() {
            *self = Received::default();
        }
    }
}
