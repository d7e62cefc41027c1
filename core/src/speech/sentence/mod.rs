//! A growing text, cut into sentences that can be spoken, as soon as each is whole. No I/O, no clock.
//!
//! A character goes through four small machines, each of which sees what the one before leaves:
//!
//! ```text
//! text ─▶ Lines ──▶ Inline ──▶ Words ──▶ Boundary ─▶ sentences
//!         blocks,   emphasis,  URLs,     where a sentence ends
//!         fences    links,     emoji
//!                   entities
//! ```
//!
//! Each keeps a bounded rest of what it cannot decide yet, and looks at one character at a time: so the sentences are
//! the same however the text was split, and a text without an end costs no more than a short one.

mod abbreviation;
mod boundary;
mod entity;
mod inline;
mod item;
mod lines;
mod run;
mod words;

use std::collections::VecDeque;

use boundary::Boundary;
use inline::Inline;
use lines::Lines;
use words::Words;

/// The longest sentence, in code points, unless another is asked for.
const LONGEST: usize = 200;

/// Cuts a growing text into sentences that can be spoken.
///
/// Markdown loses its marks, blocks of code and emoji are left out, a URL becomes the name of its host, `&amp;` is read
/// as `&`. A sentence ends
/// where Unicode says so (UAX #29), but not after an abbreviation, an initial or a list's number, nor inside a number, a
/// URL or a span of code; and at the end of a line. A sentence that grows too long is cut at a comma, a space, or else
/// between two graphemes.
///
/// ```
/// use turnwire::speech::SentenceCutter;
///
/// let mut cutter = SentenceCutter::new();
/// cutter.push("**안녕");
/// cutter.push("하세요!** 오늘은 3.5도");
/// assert_eq!(cutter.next_sentence().as_deref(), Some("안녕하세요!"));
/// assert_eq!(cutter.next_sentence(), None);
/// cutter.push("예요.");
/// cutter.finish();
/// assert_eq!(cutter.next_sentence().as_deref(), Some("오늘은 3.5도예요."));
/// ```
#[derive(Clone, Debug)]
pub struct SentenceCutter {
    lines: Lines,
    inline: Inline,
    words: Words,
    boundary: Boundary,
    ready: VecDeque<String>,
}

impl SentenceCutter {
    /// A cutter at the start of a text.
    pub fn new() -> Self {
        SentenceCutter {
            lines: Lines::default(),
            inline: Inline::default(),
            words: Words::default(),
            boundary: Boundary::new(LONGEST),
            ready: VecDeque::new(),
        }
    }

    /// Sets the longest sentence, in code points; at least 16. Default 200.
    #[must_use]
    pub fn longest(mut self, code_points: usize) -> Self {
        self.boundary = Boundary::new(code_points.max(16));
        self
    }

    /// Takes more of the text.
    pub fn push(&mut self, text: &str) {
        let SentenceCutter { lines, inline, words, boundary, ready } = self;
        for c in text.chars() {
            lines.push(c, &mut |item| {
                inline.push(item, &mut |item| {
                    words.push(item, &mut |item| boundary.push(item, ready));
                });
            });
        }
    }

    /// Ends the text: what is left of it is a sentence. The cutter is at the start of another text then.
    pub fn finish(&mut self) {
        let SentenceCutter { lines, inline, words, boundary, ready } = self;
        lines.finish(&mut |item| {
            inline.push(item, &mut |item| {
                words.push(item, &mut |item| boundary.push(item, ready));
            });
        });
    }

    /// The next sentence that is whole.
    pub fn next_sentence(&mut self) -> Option<String> {
        self.ready.pop_front()
    }
}

impl Default for SentenceCutter {
    fn default() -> Self {
        Self::new()
    }
}
