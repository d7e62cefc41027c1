//! The cutter of sentences.

use pyo3::prelude::*;
use turnwire::{Error, ErrorKind, bridge, speech};

use crate::error::exception;
use crate::text::TextPiece;
use crate::whole::Whole;

/// Cuts a growing text into sentences that can be spoken, each as soon as it is complete.
///
/// Markdown marks are removed, code blocks and emoji are left out, and a URL becomes its host name. `longest` is the length
/// of the longest sentence, in code points, at least 16.
#[pyclass(frozen, module = "turnwire")]
pub(crate) struct SentenceCutter(bridge::Sentences);

#[pymethods]
impl SentenceCutter {
    #[new]
    #[pyo3(signature = (*, longest = Whole(Some(200))), text_signature = "(*, longest=200)")]
    fn new(py: Python<'_>, longest: Whole<usize>) -> PyResult<Self> {
        let why = "longest must be a whole number from 0 on, of 64 bits at most";
        let refused = || exception(py, &Error::new(ErrorKind::Config, "cutter.build", why));
        let longest = longest.0.ok_or_else(refused)?;
        Ok(SentenceCutter(bridge::Sentences::new(speech::SentenceCutter::new().longest(longest))))
    }

    /// Adds more of the text, and returns the sentences that are complete.
    fn push(&self, text: TextPiece<'_>) -> Vec<String> {
        self.0.push(text.0)
    }

    /// Ends the text, and returns the rest of its sentences. The cutter is then ready for another text.
    fn finish(&self) -> Vec<String> {
        self.0.finish()
    }
}
