//! The cutter of sentences.

use std::sync::{Mutex, MutexGuard, PoisonError};

use napi_derive::napi;
use turnwire::speech;

/// Cuts a growing text into sentences that can be spoken.
#[napi]
pub struct SentenceCutter {
    inner: Mutex<speech::SentenceCutter>,
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
        SentenceCutter { inner: Mutex::new(cutter) }
    }

    /// Adds more of the text, and returns the sentences that are complete.
    #[napi]
    pub fn push(&self, text: String) -> Vec<String> {
        let mut cutter = self.lock();
        cutter.push(&text);
        sentences(&mut cutter)
    }

    /// Ends the text, and returns the rest of its sentences.
    #[napi]
    pub fn finish(&self) -> Vec<String> {
        let mut cutter = self.lock();
        cutter.finish();
        sentences(&mut cutter)
    }
}

impl SentenceCutter {
    fn lock(&self) -> MutexGuard<'_, speech::SentenceCutter> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn sentences(cutter: &mut speech::SentenceCutter) -> Vec<String> {
    std::iter::from_fn(|| cutter.next_sentence()).collect()
}
