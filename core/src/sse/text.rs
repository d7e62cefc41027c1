//! The text of an event stream.

use std::borrow::Cow;

/// UTF-8 as the standard decodes it. Valid text, the usual case, takes one fast pass.
pub(crate) fn decode_text(bytes: &[u8]) -> Cow<'_, str> {
    match str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(bytes),
    }
}
