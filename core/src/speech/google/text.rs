//! Splits a text into parts that Google Translate accepts, as the PyPI package `gtts` does.

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

/// The service's limit on one part, in code points.
const LONGEST: usize = 100;

const TONE_MARKS: [char; 4] = ['?', '!', '？', '！'];

/// Other characters that are a spoken break in any position.
const BREAKS: &str = "¡()[]¿…‥،;—。，、：\n";

/// Abbreviations that sound the same without their full stop, in the order of replacement.
const ABBREVIATIONS: [&str; 9] = ["dr", "jr", "mr", "mrs", "ms", "msgr", "prof", "sr", "st"];

/// The parts of a text, each at most 100 code points long; none if there is nothing to say.
pub(super) fn parts(text: &str) -> Vec<String> {
    let text = prepared(text.trim_matches(is_space));
    if text.chars().count() <= LONGEST {
        return cleaned([text.as_str()]).map(str::to_owned).collect();
    }
    let tokens = split(&text);
    cleaned(tokens.iter().map(String::as_str)).flat_map(shortened).collect()
}

/// Adds a space after each tone mark, joins hyphenated words, and removes the stop of abbreviations.
fn prepared(text: &str) -> String {
    let mut spaced = String::with_capacity(text.len());
    for c in text.chars() {
        spaced.push(c);
        if TONE_MARKS.contains(&c) {
            spaced.push(' ');
        }
    }
    let mut text = spaced.replace("-\n", "");
    for abbreviation in ABBREVIATIONS {
        text = without_stop(&text, abbreviation);
    }
    replace_esquire(&text)
}

/// Removes each full stop that directly follows `word`, in any case, also at the end of a longer word.
fn without_stop(text: &str, word: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = ['\0'; 4];
    for c in text.chars() {
        let ends_so = word.chars().rev().zip(before.iter().rev()).all(|(w, b)| folded(*b) == w);
        if !(c == '.' && ends_so) {
            out.push(c);
        }
        before.rotate_left(1);
        before[3] = c; // keeps four characters, the length of the longest abbreviation
    }
    out
}

/// Replaces `Esq.` with the full word.
fn replace_esquire(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut rest = chars.as_slice();
    while let [first, tail @ ..] = rest {
        match rest {
            [e, s, q, '.', after @ ..] if [*e, *s, *q].map(folded) == ['e', 's', 'q'] => {
                out.push_str("Esquire");
                rest = after;
            }
            _ => {
                out.push(*first);
                rest = tail;
            }
        }
    }
    out
}

/// A letter with its case folded; the long s becomes an s, as in Python's regular expressions.
fn folded(c: char) -> char {
    if c == 'ſ' { 's' } else { c.to_ascii_lowercase() }
}

/// Splits at spoken breaks and drops them.
fn split(text: &str) -> Vec<String> {
    let mut tokens = vec![String::new()];
    let mut before = [None; 2];
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let [second, first] = before;
        before = [first, Some(c)];
        let after_tone_mark = first.is_some_and(|c| TONE_MARKS.contains(&c)) && c != '\n';
        let is_stop = matches!(c, '.' | ',')
            && chars.peek() == Some(&' ')
            && !(second == Some('.') && first.is_some_and(is_initial));
        let is_colon = c == ':' && !first.is_some_and(is_digit);
        if !after_tone_mark && is_stop {
            chars.next();
            before = [Some(c), Some(' ')];
        }
        if after_tone_mark || is_stop || is_colon || BREAKS.contains(c) {
            tokens.push(String::new());
        } else if let Some(token) = tokens.last_mut() {
            token.push(c);
        }
    }
    tokens
}

/// Returns true for the characters that Python's case-insensitive `[a-z]` matches.
fn is_initial(c: char) -> bool {
    c.is_ascii_alphabetic() || matches!(c, 'İ' | 'ı' | 'ſ' | '\u{212a}')
}

fn is_digit(c: char) -> bool {
    c.general_category() == GeneralCategory::DecimalNumber
}

/// Trims white space, and drops tokens of punctuation alone.
fn cleaned<'a>(tokens: impl IntoIterator<Item = &'a str>) -> impl Iterator<Item = &'a str> {
    let is_silent = |c: char| {
        TONE_MARKS.contains(&c)
            || BREAKS.contains(c)
            || matches!(c, '.' | ',' | ':' | ' ' | '\t' | '\n' | '\r' | '\u{b}' | '\u{c}')
    };
    let spoken = tokens.into_iter().filter(move |token| !token.chars().all(is_silent));
    spoken.map(|token| token.trim_matches(is_space))
}

/// White space as Python's `strip` defines it.
fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

/// Cuts a token into parts within the limit: at the last space that fits, or else at the limit.
fn shortened(token: &str) -> Vec<String> {
    let chars: Vec<char> = token.chars().collect();
    let mut parts = Vec::new();
    let mut rest = chars.as_slice();
    loop {
        if let [' ', after @ ..] = rest {
            rest = after;
        }
        let Some(full) = rest.get(..LONGEST).filter(|_| rest.len() > LONGEST) else { break };
        let end = full.iter().rposition(|c| *c == ' ').unwrap_or(LONGEST);
        let (part, after) = rest.split_at(end);
        parts.push(part.iter().collect());
        rest = after;
    }
    parts.push(rest.iter().collect());
    parts.retain(|part: &String| !part.is_empty());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_text_is_one_part() {
        assert_eq!(parts(" 안녕하세요. 반갑습니다. "), ["안녕하세요. 반갑습니다."]);
        assert_eq!(
            parts("Why?Because Mr. Kim, Esq. said so!"),
            ["Why? Because Mr Kim, Esquire said so!"]
        );
    }

    #[test]
    fn punctuation_alone_is_nothing() {
        for nothing in ["", "  ", "...", "?!", "（".trim_start_matches('（'), "。、\n"] {
            assert_eq!(parts(nothing), [""; 0], "{nothing:?}");
        }
    }

    #[test]
    fn a_long_text_is_cut_where_it_breathes() {
        let text = format!(
            "{}. It costs 3.50, at 10:30. U.S. A. and so: {}",
            "a".repeat(60),
            "b".repeat(60)
        );
        let found = parts(&text);
        assert_eq!(found[1..4], ["It costs 3.50", "at 10:30", "U.S. A"]);
        assert_eq!(found[4..], ["and so".to_owned(), "b".repeat(60)]);
    }

    #[test]
    fn a_long_part_is_cut_at_a_space_or_where_it_is_full() {
        let words = parts(&"열 글자의 한국어 ".repeat(20));
        assert!(words.iter().all(|part| part.chars().count() <= LONGEST) && words.len() >= 2);
        let solid = parts(&"가".repeat(250));
        assert_eq!(solid.iter().map(|p| p.chars().count()).collect::<Vec<_>>(), [100, 100, 50]);
    }
}
