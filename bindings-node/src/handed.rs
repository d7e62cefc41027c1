//! The items of several calls on their way to JavaScript, together.

use std::fmt::Write;

use napi::bindgen_prelude::Uint8Array;
use napi_derive::napi;

use crate::reading::Piece;

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

/// Writes items.
#[derive(Default)]
pub(crate) struct Writer {
    text: String,
    bytes: Vec<u8>,
}

impl Writer {
    pub(crate) fn has_room(&self) -> bool {
        self.text.len() + self.bytes.len() < MOST
    }

    /// Adds the items of a call.
    pub(crate) fn items(&mut self, id: u32, piece: &Piece) {
        match piece {
            Piece::Text(json) => self.json(id, json),
            Piece::Bytes(bytes) => {
                self.bytes.extend_from_slice(bytes);
                self.value(id, bytes.len());
            }
        }
    }

    /// Adds the JSON of a call.
    pub(crate) fn json(&mut self, id: u32, json: &str) {
        self.value(id, json);
    }

    /// Adds a call from which JavaScript has to take itself.
    pub(crate) fn ready(&mut self, id: u32) {
        self.value(id, "null");
    }

    fn value(&mut self, id: u32, value: impl std::fmt::Display) {
        let separator = if self.text.is_empty() { '[' } else { ',' };
        // Writing into a String cannot fail.
        let _ = write!(self.text, "{separator}{id},{value}");
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
