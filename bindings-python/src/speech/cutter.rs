//! The cutter of sentences.

use pyo3::prelude::*;
use turnwire::{bridge, speech};

use crate::error::exception;
use crate::seconds::Count;
use crate::text::TextPiece;

/// Cuts a growing text into sentences that can be spoken, each as soon as it is complete.
///
/// Markdown marks are removed, code blocks and emoji are left out, and a URL becomes its host name. `longest` is the length
/// of the longest sentence, in code points, at least 16.
#[pyclass(frozen, module = "turnwire")]
pub(crate) struct SentenceCutter(bridge::Sentences);

#[pymethods]
impl SentenceCutter {
    #[new]
    #[pyo3(signature = (*, longest = None), text_signature = "(*, longest=200)")]
    fn new(py: Python<'_>, longest: Option<Count>) -> PyResult<Self> {
        let mut cutter = speech::SentenceCutter::new();
        if let Some(longest) = longest {
            let longest = longest.named("longest", "cutter.build");
            cutter = cutter.longest(longest.map_err(|error| exception(py, &error))?);
        }
        Ok(SentenceCutter(bridge::Sentences::new(cutter)))
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
