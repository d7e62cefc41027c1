//! The pieces of a text to be spoken.

use std::borrow::Cow;
use std::sync::Arc;

use crate::chat::ChatChunk;
use crate::error::Result;

/// A piece of a text to be spoken: a string, a chunk of a reply, or a result of either, whose error ends the
/// speech. So a [`ChatStream`](crate::chat::ChatStream) can be spoken directly, by value or by `&mut`.
pub trait TextPiece {
    /// Returns the piece's text.
    ///
    /// # Errors
    ///
    /// The error of the stream.
    fn as_text(&self) -> Result<&str>;
}

macro_rules! strings_are_pieces {
    ($($string:ty),+) => {
        $(impl TextPiece for $string {
            fn as_text(&self) -> Result<&str> {
                Ok(self)
            }
        })+
    };
}

strings_are_pieces!(&str, &String, String, Box<str>, Arc<str>, Cow<'_, str>);

impl TextPiece for ChatChunk {
    fn as_text(&self) -> Result<&str> {
        Ok(self.text())
    }
}

impl<T: TextPiece> TextPiece for Result<T> {
    fn as_text(&self) -> Result<&str> {
        self.as_ref().map_err(Clone::clone)?.as_text()
    }
}
