//! Words: a URL becomes its host name; emoji and invisible characters are dropped.

use unicode_properties::{GeneralCategory, UnicodeEmoji, UnicodeGeneralCategory};

use super::item::Item;

/// The beginnings of URLs.
const BEGINNINGS: [&str; 3] = ["https://", "http://", "www."];

/// The longest host name, in bytes (RFC 1035, section 2.3.4).
const LONGEST_HOST: usize = 253;

/// The most trailing punctuation of a URL that is kept for the sentence.
const LONGEST_TAIL: usize = 8;

/// The state machine for words.
#[derive(Clone, Debug, Default)]
pub(super) struct Words {
    /// A possible beginning of a URL.
    held: String,
    url: Option<Url>,
    is_in_word: bool,
    is_after_emoji: bool,
    is_glued: bool,
}

/// A URL being read.
#[derive(Clone, Debug, Default)]
struct Url {
    host: String,
    is_past_host: bool,
    /// Number of open parentheses in it.
    open: usize,
    /// Trailing punctuation: part of the URL only if more of it follows.
    tail: String,
}

impl Words {
    pub(super) fn push(&mut self, item: Item, out: &mut impl FnMut(Item)) {
        let (c, is_glued) = match item {
            Item::Char(c) => (c, false),
            Item::Glued(c) => (c, true),
            Item::Break => {
                self.end_url(out);
                self.give_up(out);
                *self = Words::default();
                return out(Item::Break);
            }
        };
        if self.url.as_mut().is_some_and(|url| url.takes(c)) {
            return;
        }
        self.end_url(out);
        let was_glued = std::mem::replace(&mut self.is_glued, is_glued);
        if was_glued != is_glued {
            self.is_glued = was_glued;
            self.give_up(out);
            self.is_glued = is_glued;
        }
        self.word(c, out);
    }

    fn word(&mut self, c: char, out: &mut impl FnMut(Item)) {
        let may_begin = !self.held.is_empty() || !self.is_in_word;
        if may_begin && c.is_ascii() {
            let mut begun = self.held.to_ascii_lowercase();
            begun.push(c.to_ascii_lowercase());
            let is_whole = BEGINNINGS.contains(&begun.as_str());
            let is_part = BEGINNINGS.iter().any(|beginning| beginning.starts_with(&begun));
            if is_whole {
                self.held.clear();
                self.url = Some(Url::default());
                return;
            }
            if is_part {
                self.held.push(c);
                return;
            }
        }
        self.give_up(out);
        self.speak(c, out);
    }

    /// Emits a supposed beginning of a URL as a word.
    fn give_up(&mut self, out: &mut impl FnMut(Item)) {
        let held = std::mem::take(&mut self.held);
        held.chars().for_each(|c| self.speak(c, out));
    }

    fn end_url(&mut self, out: &mut impl FnMut(Item)) {
        let Some(url) = self.url.take() else { return };
        let host = url.host.rsplit('@').next().unwrap_or_default();
        let host = host.split(':').next().unwrap_or_default();
        let host = host.strip_prefix("www.").unwrap_or(host);
        host.chars().for_each(|c| out(Item::Glued(c)));
        self.is_in_word = true;
        url.tail.chars().for_each(|c| self.speak(c, out));
    }

    fn speak(&mut self, c: char, out: &mut impl FnMut(Item)) {
        let after_emoji = std::mem::take(&mut self.is_after_emoji);
        // Joins emoji; elsewhere it belongs to the letters around it.
        let is_joiner = c == '\u{200d}' && after_emoji;
        if is_joiner || is_emoji(c) {
            self.is_after_emoji = true;
            self.is_in_word = false;
            return;
        }
        if is_invisible(c) {
            return;
        }
        self.is_in_word = c.is_alphanumeric();
        let c = if c.is_control() { ' ' } else { c };
        out(if self.is_glued { Item::Glued(c) } else { Item::Char(c) });
    }
}

impl Url {
    /// Returns true if the character belongs to the URL.
    fn takes(&mut self, c: char) -> bool {
        if !c.is_ascii_graphic()
            || matches!(c, '<' | '>' | '"' | '`' | '{' | '}' | '|' | '\\' | '^')
        {
            return false;
        }
        let closes_own = c == ')' && self.open > 0;
        match c {
            '(' => self.open += 1,
            ')' if closes_own => self.open -= 1,
            _ => {}
        }
        let may_end =
            matches!(c, '.' | ',' | ';' | ':' | '!' | '?' | '\'' | ')' | ']' | '*' | '_' | '~');
        if may_end && !closes_own {
            if self.tail.len() < LONGEST_TAIL {
                self.tail.push(c);
            }
            return true;
        }
        let tail = std::mem::take(&mut self.tail);
        for c in tail.chars().chain([c]) {
            self.is_past_host |= matches!(c, '/' | '?' | '#');
            if !self.is_past_host && self.host.len() < LONGEST_HOST {
                self.host.push(c.to_ascii_lowercase());
            }
        }
        true
    }
}

/// Emoji, their component characters, and decorative symbols.
fn is_emoji(c: char) -> bool {
    let is_sign = || {
        use GeneralCategory::{ModifierSymbol, OtherSymbol};
        matches!(c.general_category(), OtherSymbol | ModifierSymbol)
    };
    match c {
        '\0'..='\u{ff}' | '™' => false,
        // Variation selectors, the keycap, tags of flags.
        '\u{fe0e}' | '\u{fe0f}' | '\u{20e3}' | '\u{e0020}'..='\u{e007f}' => true,
        // Box drawing and shapes; stars, hearts and check marks, but not the numbers among them.
        '\u{2500}'..='\u{2775}' | '\u{2794}'..='\u{27bf}' => true,
        _ => c.is_emoji_char() && is_sign(),
    }
}

/// Zero-width spaces, direction marks, and the replacement character.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'
            | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{fffd}'
    )
}
