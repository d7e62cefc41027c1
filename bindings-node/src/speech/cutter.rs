//! The cutter of sentences.

use napi::bindgen_prelude::Utf16String;
use napi_derive::napi;
use turnwire::bridge::{HostText, Sentences, settings};
use turnwire::speech;

use crate::json::thrown;

/// Cuts a growing text into sentences that can be spoken.
#[napi]
pub struct SentenceCutter {
    inner: Sentences,
}

#[napi]
impl SentenceCutter {
    /// A cutter whose longest sentence has so many code points.
    #[napi(constructor)]
    pub fn new(longest: Option<f64>) -> napi::Result<Self> {
        let mut cutter = speech::SentenceCutter::new();
        if let Some(longest) = longest {
            let longest = settings::whole("longest", longest, "cutter.build");
            cutter = cutter.longest(longest.map_err(|error| thrown(&error))?);
        }
        Ok(SentenceCutter { inner: Sentences::new(cutter) })
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
