//! The pace of a model: pieces of a word or a few syllables, the first one late.

use std::time::Duration;

/// The time to the first piece, and between pieces.
const FIRST: Duration = Duration::from_millis(400);
const NEXT: Duration = Duration::from_millis(25);

/// Jitter: the fraction of a wait that is added or subtracted at random.
const JITTER: f64 = 0.3;

/// Syllables in a Korean piece, about as in a model's tokens.
const SYLLABLES: usize = 2;

/// Splits text like a model's tokens: before each blank, and Korean after every second syllable.
pub(super) fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(first_piece(rest));
        pieces.push(piece);
        rest = after;
    }
    pieces
}

/// The wait before the first piece.
pub(super) fn first_wait() -> Duration {
    jittered(FIRST)
}

/// The wait before any further piece.
pub(super) fn next_wait() -> Duration {
    jittered(NEXT)
}

/// This duration with jitter.
pub(super) fn jittered(wait: Duration) -> Duration {
    wait.mul_f64(1.0 + JITTER * (2.0 * fastrand::f64() - 1.0))
}

fn first_piece(text: &str) -> usize {
    let mut syllables = 0;
    let mut begun = false;
    for (at, c) in text.char_indices() {
        let is_syllable = matches!(c, '가'..='힣');
        if begun && (c.is_whitespace() || is_syllable && syllables == SYLLABLES) {
            return at;
        }
        begun |= !c.is_whitespace();
        syllables += usize::from(is_syllable);
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn english_is_cut_into_words_with_their_blanks() {
        assert_eq!(pieces("I am  not a model."), ["I", " am", "  not", " a", " model."]);
    }

    #[test]
    fn korean_is_cut_into_syllables() {
        assert_eq!(pieces("안녕하세요! 저는"), ["안녕", "하세", "요!", " 저는"]);
    }

    #[test]
    fn no_piece_is_empty_and_none_is_lost() {
        for text in ["", " ", "a ", "\n\n가나다", "👩‍👩‍👧 ok", "ㅋㅋㅋㅋ 가a나b다"]
        {
            let pieces = pieces(text);
            assert_eq!(pieces.concat(), text);
            assert!(pieces.iter().all(|piece| !piece.is_empty()), "{pieces:?}");
        }
    }

    #[test]
    fn waits_stay_near_their_mean() {
        for _ in 0..100 {
            assert!((279..=521).contains(&first_wait().as_millis()));
            assert!((17..=33).contains(&next_wait().as_millis()));
        }
    }
}
