//! The cutter of sentences.

use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::prelude::*;
use turnwire::speech;

/// Cuts a growing text into sentences that can be spoken, each as soon as it is complete.
///
/// Markdown marks are removed, code blocks and emoji are left out, and a URL becomes its host name. `longest` is the length
/// of the longest sentence, in code points, at least 16.
#[pyclass(frozen, module = "turnwire")]
pub(crate) struct SentenceCutter(Mutex<speech::SentenceCutter>);

#[pymethods]
impl SentenceCutter {
    #[new]
    #[pyo3(signature = (*, longest = 200))]
    fn new(longest: usize) -> Self {
        SentenceCutter(Mutex::new(speech::SentenceCutter::new().longest(longest)))
    }

    /// Adds more of the text, and returns the sentences that are complete.
    fn push(&self, text: &str) -> Vec<String> {
        let mut cutter = self.lock();
        cutter.push(text);
        sentences(&mut cutter)
    }

    /// Ends the text, and returns the rest of its sentences. The cutter is then ready for another text.
    fn finish(&self) -> Vec<String> {
        let mut cutter = self.lock();
        cutter.finish();
        sentences(&mut cutter)
    }
}

impl SentenceCutter {
    /// It is locked only by threads that hold the interpreter, and never while Python code runs.
    fn lock(&self) -> MutexGuard<'_, speech::SentenceCutter> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn sentences(cutter: &mut speech::SentenceCutter) -> Vec<String> {
    std::iter::from_fn(|| cutter.next_sentence()).collect()
}
