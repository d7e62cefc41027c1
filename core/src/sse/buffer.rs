//! Buffers that frames are written to.

use bytes::BytesMut;

/// A buffer that text is appended to.
pub(crate) trait Buffer {
    fn put(&mut self, text: &str);
}

impl Buffer for String {
    fn put(&mut self, text: &str) {
        self.push_str(text);
    }
}

impl Buffer for Vec<u8> {
    fn put(&mut self, text: &str) {
        self.extend_from_slice(text.as_bytes());
    }
}

impl Buffer for BytesMut {
    fn put(&mut self, text: &str) {
        self.extend_from_slice(text.as_bytes());
    }
}
