//! The cutter of sentences.

use napi::bindgen_prelude::Utf16String;
use napi_derive::napi;
use turnwire::bridge::{HostText, Sentences};
use turnwire::speech;

/// Cuts a growing text into sentences that can be spoken.
#[napi]
pub struct SentenceCutter {
    inner: Sentences,
}

#[napi]
impl SentenceCutter {
    /// A cutter whose longest sentence has so many code points.
    #[napi(constructor)]
    pub fn new(longest: Option<u32>) -> Self {
        let cutter = speech::SentenceCutter::new();
        // A `usize` has at least 32 bits.
        let cutter =
            longest.into_iter().fold(cutter, |cutter, longest| cutter.longest(longest as usize));
        SentenceCutter { inner: Sentences::new(cutter) }
    }

    /// Adds more of the text, and returns the sentences that are complete.
    #[napi]
    pub fn push(&self, text: Utf16String) -> Vec<String> {
        self.inner.push(HostText::Utf16(text.to_vec()))
    }

    /// Ends the text, and returns the rest of its sentences.
    #[napi]
    pub fn finish(&self) -> Vec<String> {
        self.inner.finish()
    }
}
