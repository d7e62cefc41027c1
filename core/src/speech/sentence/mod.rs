//! Cuts a growing text into sentences that can be spoken, each as soon as it is complete. No I/O, no clock.
//!
//! A character passes through four small state machines, each of which reads the output of the one before:
//!
//! ```text
//! text ─▶ Lines ──▶ Inline ──▶ Words ──▶ Boundary ─▶ sentences
//!         blocks,   emphasis,  URLs,     where a sentence ends
//!         fences    links,     emoji
//!                   entities
//! ```
//!
//! Each looks at one character at a time and buffers a bounded undecided rest. So the sentences are
//! the same however the text was split, and an endless text needs no more memory than a short one.

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
use item::Item;
use lines::Lines;
use words::Words;

/// The default longest sentence, in code points.
const LONGEST: usize = 200;

/// Cuts a growing text into sentences that can be spoken.
///
/// Markdown marks are removed, code blocks and emoji are left out, a URL becomes its host name, `&amp;` is read as `&`.
/// A sentence ends by Unicode's rules (UAX #29), but not after an abbreviation, an initial or a list number, nor inside a
/// number, a URL or a code span; and at the end of a line. A sentence that grows too long is cut at a comma, a space, or
/// else between two graphemes.
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

    /// Adds more of the text.
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

    /// Ends the text: the rest of it becomes a sentence. The cutter is then ready for another text.
    pub fn finish(&mut self) {
        self.end(|_| {});
    }

    /// Ends a text that broke off: its rest becomes a sentence only if it ends like one.
    pub(super) fn break_off(&mut self) {
        self.end(Boundary::drop_unfinished);
    }

    /// Ends the text, after a last change of its rest.
    fn end(&mut self, change: impl Fn(&mut Boundary)) {
        let SentenceCutter { lines, inline, words, boundary, ready } = self;
        lines.finish(&mut |item| {
            inline.push(item, &mut |item| {
                words.push(item, &mut |item| {
                    if matches!(item, Item::Break) {
                        change(boundary);
                    }
                    boundary.push(item, ready);
                });
            });
        });
    }

    /// The next complete sentence.
    pub fn next_sentence(&mut self) -> Option<String> {
        self.ready.pop_front()
    }
}

impl Default for SentenceCutter {
    fn default() -> Self {
        Self::new()
    }
}
