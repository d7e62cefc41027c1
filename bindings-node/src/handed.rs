//! The items of several calls on their way to JavaScript, together.

use std::fmt::Write;

use napi::bindgen_prelude::Uint8Array;
use napi_derive::napi;

/// The most bytes that are handed over together, or one batch of each call: the objects that JavaScript builds from them fit
/// into its young generation.
const MOST: usize = 32 * 1024;

/// The items of several calls.
#[napi(object)]
pub struct Handed {
    /// A JSON list of ids, each followed by its call's items as `take()` has them, by a number, which is the length of the
    /// call's part of `bytes`, or by `null`: then JavaScript has to take them itself.
    pub text: String,
    /// The bytes of all.
    pub bytes: Option<Uint8Array>,
}

/// The first size of the text: the tokens of a few streams.
const FIRST: usize = 1024;

/// Writes items.
pub(crate) struct Writer {
    text: String,
    bytes: Vec<u8>,
}

impl Writer {
    pub(crate) fn new() -> Self {
        Writer { text: String::with_capacity(FIRST), bytes: Vec::new() }
    }

    pub(crate) fn has_room(&self) -> bool {
        self.text.len() + self.bytes.len() < MOST
    }

    /// Begins the part of a call, and returns the text that its JSON is added to: one value.
    pub(crate) fn begin(&mut self, id: u32) -> &mut String {
        let separator = if self.text.is_empty() { '[' } else { ',' };
        // Writing into a String cannot fail.
        let _ = write!(self.text, "{separator}{id},");
        &mut self.text
    }

    /// Adds the bytes of the call that was begun.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        let _ = write!(self.text, "{}", bytes.len());
    }

    /// Adds a call from which JavaScript has to take itself.
    pub(crate) fn ready(&mut self, id: u32) {
        self.begin(id).push_str("null");
    }
}

impl From<Writer> for Handed {
    /// The items of one call at least.
    fn from(Writer { mut text, bytes }: Writer) -> Self {
        text.push(']');
        let bytes = (!bytes.is_empty()).then(|| bytes.into());
        Handed { text, bytes }
    }
}
