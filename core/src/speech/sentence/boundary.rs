//! Sentence ends: Unicode's rules (UAX #29) first, then the cases that they do not cover.

use std::collections::VecDeque;

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};
use unicode_segmentation::{GraphemeCursor, UnicodeSegmentation};

use super::abbreviation::is_abbreviation;
use super::item::Item;

/// Number of characters before an end that Unicode's rules get: they look back one letter and its combining marks.
const CONTEXT: usize = 8;

/// The state machine for sentences.
#[derive(Clone, Debug)]
pub(super) struct Boundary {
    /// The sentence so far, without leading white space; other runs of it are one blank.
    text: String,
    length: usize,
    longest: usize,
    end: Option<End>,
    /// The sentence is a single grapheme at its maximum length.
    is_one_grapheme: bool,
}

/// A possible end of the sentence: the character after it decides.
#[derive(Clone, Copy, Debug)]
struct End {
    /// Start of its punctuation, and end of the closing marks after it.
    start: usize,
    end: usize,
    /// A single full stop, which may belong to an abbreviation.
    is_stop: bool,
    is_closed: bool,
    is_spaced: bool,
}

impl Boundary {
    pub(super) fn new(longest: usize) -> Self {
        Boundary { text: String::new(), length: 0, longest, end: None, is_one_grapheme: false }
    }

    pub(super) fn push(&mut self, item: Item, ready: &mut VecDeque<String>) {
        match item {
            Item::Break => self.cut(self.text.len(), ready),
            Item::Char(c) | Item::Glued(c) if c.is_whitespace() => self.space(ready),
            Item::Char(c) => self.character(c, false, ready),
            Item::Glued(c) => self.character(c, true, ready),
        }
    }

    /// Drops the sentence so far, unless it is complete as it stands. A stop after a digit may be that of a fraction.
    pub(super) fn drop_unfinished(&mut self) {
        // Unicode ends no sentence between a full stop and a cased letter without a blank. The text is still whole then:
        // a blank at its end is trimmed with the sentence.
        if self.end.is_some() && !self.text.ends_with(' ') {
            self.text.push(' ');
        }
        let is_complete = self.end.is_some_and(|end| {
            let before = self.text.get(..end.start).unwrap_or_default();
            let is_in_number = end.is_stop && !end.is_spaced && before.ends_with(char::is_numeric);
            !is_in_number && self.ends(End { is_spaced: true, ..end }, 'A')
        });
        if !is_complete {
            *self = Boundary::new(self.longest);
        }
    }

    fn space(&mut self, ready: &mut VecDeque<String>) {
        if let Some(end) = &mut self.end {
            end.is_spaced = true;
            let end = *end;
            if self.is_certain(end) {
                return self.cut(end.end, ready);
            }
        }
        if !self.text.is_empty() && !self.text.ends_with(' ') {
            self.append(' ', ready);
        }
    }

    fn character(&mut self, c: char, is_glued: bool, ready: &mut VecDeque<String>) {
        let is_terminator = !is_glued && is_terminator(c);
        match self.end {
            Some(end) if self.belongs_to(end, c, is_terminator) => {
                self.append(c, ready);
                if let Some(end) = &mut self.end {
                    end.is_stop = false;
                    end.is_closed |= !is_terminator;
                    end.is_spaced = false;
                    end.end = self.text.len();
                }
                return;
            }
            Some(end) => {
                self.end = None;
                if self.ends(end, c) {
                    self.cut(end.end, ready);
                }
            }
            None => {}
        }
        let start = self.text.len();
        self.append(c, ready);
        // After a cut for length there may be no text before the mark, so no sentence to end.
        if is_terminator && self.text.len() > start {
            let is_stop = matches!(c, '.' | '．');
            let end = self.text.len();
            self.end = Some(End { start, end, is_stop, is_closed: false, is_spaced: false });
        }
    }

    /// Returns true if the character continues the end's punctuation: another mark, or a closing quote or bracket.
    fn belongs_to(&self, end: End, c: char, is_terminator: bool) -> bool {
        let is_open = |opener: char| {
            let count = |of: char| self.text.chars().filter(|c| *c == of).count();
            count(opener) > count(c)
        };
        if end.is_spaced {
            // « Bonjour. »
            return c == '»' && is_open('«') || c == '›' && is_open('‹');
        }
        // Some languages close with the quotes that open in others: „Ja.“ and »Ja.«
        let is_other_closer = || match c {
            '“' => is_open('„'),
            '‘' => is_open('‚'),
            '«' => is_open('»'),
            '‹' => is_open('›'),
            _ => false,
        };
        is_terminator || is_closer(c) || is_other_closer()
    }

    /// Returns true if a sentence ends there regardless of the text after the blank. A full stop after cased letters is
    /// uncertain: it may belong to an abbreviation, after which a lower-case letter continues the sentence.
    fn is_certain(&self, end: End) -> bool {
        let before = self.text.get(..end.start).unwrap_or_default();
        let marks = self.text.get(end.start..end.end).unwrap_or_default();
        before.chars().next_back().is_some_and(|last| {
            let is_asked = !end.is_closed && !marks.contains(['.', '．']);
            is_caseless(last) || last.is_alphanumeric() && is_asked
        })
    }

    /// Returns true if a sentence ends there, given the character after it.
    fn ends(&self, end: End, next: char) -> bool {
        let before = self.text.get(..end.start).unwrap_or_default();
        let is_after = |is: fn(char) -> bool| before.ends_with(is);
        // After caseless letters a lower-case letter proves nothing: 설치합니다. npm은 …
        let is_cased = !is_after(is_caseless);
        // "Really?" she said.
        if next.is_lowercase() && is_cased {
            return false;
        }
        if !end.is_spaced {
            // 「はい。」と, "왜?"라고, v2.한글, a?b
            let marks = self.text.get(end.start..end.end).unwrap_or_default();
            let glued = end.is_closed && quote_goes_on(marks, next)
                || end.is_stop && is_after(|c| c.is_ascii_alphanumeric())
                || marks.is_ascii() && next.is_ascii_alphanumeric();
            if glued {
                return false;
            }
        }
        if end.is_stop && is_abbreviation(before, next) {
            return false;
        }
        let context =
            before.char_indices().rev().take(CONTEXT).last().map_or(end.start, |(at, _)| at);
        // The blank in « Bonjour. » belongs to the quotes, not to the sentence.
        let marks = self.text.get(end.start..end.end).unwrap_or_default().replace(' ', "");
        let around = |range: std::ops::Range<usize>| self.text.get(range).unwrap_or_default();
        let mut window = around(context..end.start).to_owned() + &marks;
        window += around(end.end..self.text.len());
        let at = window.len();
        // Unicode treats all brackets as closing ones; an opening bracket begins another sentence.
        window.push(if is_opener(next) || next.is_lowercase() { 'A' } else { next });
        window.split_sentence_bound_indices().any(|(start, _)| start == at)
    }

    fn append(&mut self, c: char, ready: &mut VecDeque<String>) {
        let before = self.text.len();
        self.text.push(c);
        self.length += 1;
        if self.length <= self.longest {
            return;
        }
        if self.is_one_grapheme {
            let mut cursor = GraphemeCursor::new(before, self.text.len(), true);
            match cursor.is_boundary(&self.text, 0) {
                Ok(true) => self.cut(before, ready),
                // Longer than any single grapheme that can be spoken.
                _ => self.drop_last(before),
            }
            return;
        }
        match self.place_to_cut() {
            Some(at) => self.cut(at, ready),
            None => {
                self.is_one_grapheme = true;
                self.drop_last(before);
            }
        }
    }

    fn drop_last(&mut self, before: usize) {
        self.text.truncate(before);
        self.length -= 1;
    }

    /// The place to cut a sentence that is too long: after a possible end, after a comma or at a blank in its second
    /// half, or else before its last grapheme, which may still grow. `None` if there is no such place.
    fn place_to_cut(&self) -> Option<usize> {
        if let Some(end) = self.end.filter(|end| end.end < self.text.len()) {
            return Some(end.end);
        }
        let half = self.text.char_indices().nth(self.longest / 2).map_or(0, |(at, _)| at);
        let second = self.text.get(half..).unwrap_or_default();
        let is_pause =
            |c: char| matches!(c, ',' | ';' | ':' | '，' | '、' | '；' | '：' | '،' | '—');
        // A comma inside a number is no pause: only the next character decides, so the last character is no place.
        let pause = second.char_indices().rev().skip(1).find(|(at, c)| {
            let after = second.get(at + c.len_utf8()..).and_then(|rest| rest.chars().next());
            is_pause(*c) && (!c.is_ascii() || after == Some(' '))
        });
        if let Some((at, c)) = pause {
            return Some(half + at + c.len_utf8());
        }
        if let Some(at) = second.trim_end().rfind(' ') {
            return Some(half + at);
        }
        let last = self.text.grapheme_indices(true).next_back().map_or(0, |(at, _)| at);
        (last > 0).then_some(last)
    }

    /// Emits the text up to there, if any of it can be spoken.
    fn cut(&mut self, at: usize, ready: &mut VecDeque<String>) {
        let rest = self.text.get(at..).unwrap_or_default().trim_start().to_owned();
        self.text.truncate(at);
        let sentence = self.text.trim();
        if sentence.contains(char::is_alphanumeric) {
            ready.push_back(sentence.to_owned());
        }
        self.length = rest.chars().count();
        self.text = rest;
        self.end = None;
        self.is_one_grapheme = false;
    }
}

/// Letters of scripts without case.
fn is_caseless(c: char) -> bool {
    c.is_alphabetic() && !c.is_lowercase() && !c.is_uppercase()
}

/// First letters of particles and verbs that continue a sentence after a quote: 「はい。」と, 「네。」라고, “好。”说
const AFTER_QUOTES: &str = "とっなはがをにのもやへでかだて说說道问問答喊叫的等라이하고는은가을를의에로와과도만며란냐같처부까보뿐";

/// Returns true if this letter, directly after a quote that contains an end, continues the sentence.
fn quote_goes_on(marks: &str, next: char) -> bool {
    if !next.is_alphanumeric() {
        return false;
    }
    // No blank follows these marks, so the next letter may begin a sentence.
    let is_wide = marks.contains(['。', '．', '！', '？', '｡']);
    let is_unspaced = matches!(next, '\u{3041}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{20000}'..='\u{3ffff}');
    if is_wide || is_unspaced { AFTER_QUOTES.contains(next) } else { true }
}

/// Returns true if Unicode lists the mark as a sentence terminator.
fn is_terminator(c: char) -> bool {
    if c.is_ascii() {
        return matches!(c, '.' | '!' | '?');
    }
    c.general_category() == GeneralCategory::OtherPunctuation && {
        let sample = format!("a{c} A");
        sample.split_sentence_bounds().nth(1).is_some()
    }
}

/// Opening quotes and brackets.
fn is_opener(c: char) -> bool {
    use GeneralCategory::{InitialPunctuation, OpenPunctuation};
    matches!(c.general_category(), InitialPunctuation | OpenPunctuation)
}

/// Closing quotes and brackets.
fn is_closer(c: char) -> bool {
    use GeneralCategory::{ClosePunctuation, FinalPunctuation};
    matches!(c, '"' | '\'' | '＂' | '＇')
        || matches!(c.general_category(), ClosePunctuation | FinalPunctuation)
}
