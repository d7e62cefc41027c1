//! Full stops that end no sentence: abbreviations, initials, numbers of a list, dates.

/// Abbreviations that precede a name or another word.
const BEFORE_WORDS: &[&str] = &[
    "adm", "al", "approx", "bros", "bzw", "ca", "capt", "cf", "cmdr", "col", "dept", "dr", "est",
    "fr", "gen", "gov", "hon", "hr", "lt", "mme", "mr", "mrs", "ms", "mt", "prof", "rep", "rev",
    "sen", "sgt", "sr", "st", "u.a", "vgl", "vs",
];

/// Abbreviations that precede a number.
const BEFORE_NUMBERS: &[&str] = &[
    "apr", "art", "aug", "bd", "ch", "dec", "eq", "feb", "fig", "figs", "jan", "jul", "jun", "mar",
    "no", "nos", "nov", "nr", "oct", "p", "pp", "sec", "sep", "sept", "v", "ver", "vol",
];

/// Returns true if the full stop after `text` ends no sentence, judged by the word before it and the character after
/// it.
pub(super) fn is_abbreviation(text: &str, next: char) -> bool {
    // Longer words are not abbreviations, and the backward search must be bounded.
    let tail = text.char_indices().rev().take(12).last().map_or(0, |(at, _)| at);
    let tail = text.get(tail..).unwrap_or_default();
    let word = tail.rsplit(|c: char| !(c.is_alphanumeric() || c == '.')).next().unwrap_or_default();
    if word.is_empty() {
        return false;
    }
    if word.chars().all(|c| c.is_numeric() || c == '.') {
        // A list number, or a part of a date. A year may be the last word of a sentence.
        return word.chars().count() <= 3 || next.is_numeric();
    }
    let last = word.rsplit('.').next().unwrap_or_default();
    if last.len() == 1 && last.starts_with(|c: char| c.is_ascii_alphabetic()) {
        // J. K., U.S., e.g.; but a single lower-case letter is a word.
        return word.len() > 1 || last.starts_with(|c: char| c.is_ascii_uppercase());
    }
    let word = word.to_ascii_lowercase();
    let is = |list: &[&str]| list.contains(&word.as_str());
    is(BEFORE_WORDS) || (next.is_numeric() && is(BEFORE_NUMBERS))
}
