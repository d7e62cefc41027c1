//! Analyses a message without a model: its language, its words, a name.

/// A value for each language: Korean, English.
pub(crate) type Both<T> = [T; 2];

/// A supported language.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Language {
    Korean,
    English,
}

/// A message, normalised for comparison with rules.
#[derive(Debug)]
pub(crate) struct Heard {
    pub(super) language: Language,
    /// On one line, without control characters.
    pub(super) text: String,
    /// Without blanks, as the spacing of Korean varies.
    joined: String,
    /// In lower case, with one blank around every word.
    words: String,
}

impl Heard {
    pub(crate) fn new(message: &str) -> Self {
        let is_blank = |c: char| c.is_whitespace() || c.is_control();
        let parts: Vec<&str> = message.split(is_blank).filter(|part| !part.is_empty()).collect();
        let text = parts.join(" ");
        let lower = text.to_lowercase().replace('’', "'");
        let words = lower.split(|c: char| !c.is_alphanumeric() && c != '\'');
        let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
        Heard {
            language: language(&parts),
            joined: parts.concat(),
            words: format!(" {} ", words.join(" ")),
            text,
        }
    }

    /// The value for the message's language.
    pub(super) fn of<T>(&self, [korean, english]: Both<T>) -> T {
        match self.language {
            Language::Korean => korean,
            Language::English => english,
        }
    }

    /// Returns true if the message contains one of the words of its language: Korean ones anywhere, without blanks; English
    /// ones as whole words.
    pub(crate) fn has_any(&self, words: Both<&[&str]>) -> bool {
        self.of(words).iter().any(|word| match self.language {
            Language::Korean => self.joined.contains(word),
            Language::English => self.words.contains(&format!(" {word} ")),
        })
    }

    /// The name that the message introduces.
    pub(super) fn name(&self) -> Option<&str> {
        match self.language {
            Language::Korean => korean_name(&self.text),
            Language::English => english_name(&self.text),
        }
    }
}

/// Korean, unless most words are in another script: Korean text contains names and terms in Latin letters.
fn language(words: &[&str]) -> Language {
    let is_korean = |c| matches!(c, '가'..='힣' | 'ㄱ'..='ㆎ' | '\u{1100}'..='\u{11ff}');
    let (korean, others): (Vec<&str>, Vec<&str>) = words
        .iter()
        .filter(|word| word.contains(char::is_alphabetic))
        .partition(|word| word.contains(is_korean));
    match !korean.is_empty() && korean.len() >= others.len() {
        true => Language::Korean,
        false => Language::English,
    }
}

/// The name in `제 이름은 민수예요`.
fn korean_name(text: &str) -> Option<&str> {
    const ENDINGS: &[&str] = &[
        "이라고",
        "입니다",
        "이에요",
        "이예요",
        "예요",
        "에요",
        "라고",
        "이야",
        "이고",
        "야",
        "고",
    ];
    const QUESTIONS: &[&str] = &["뭐", "뭔", "무엇", "무슨", "누구", "어떻게", "어떤"];
    let (_, after) = text.split_once("이름은")?;
    let word = after.split_whitespace().next()?;
    let word = word.trim_matches(|c: char| !c.is_alphanumeric());
    let stem = ENDINGS.iter().find_map(|ending| word.strip_suffix(ending)).unwrap_or(word);
    let is_name = !stem.is_empty() && !QUESTIONS.iter().any(|question| word.starts_with(question));
    is_name.then_some(stem)
}

/// The name in `my name is Anna`.
fn english_name(text: &str) -> Option<&str> {
    let is_edge = |c: char| !c.is_alphanumeric();
    let words: Vec<&str> = text.split_whitespace().map(|word| word.trim_matches(is_edge)).collect();
    let after = |phrase: &[&str]| {
        let says = |said: &[&str]| said.iter().zip(phrase).all(|(a, b)| a.eq_ignore_ascii_case(b));
        let at = words.windows(phrase.len()).position(says)?;
        words.get(at + phrase.len()).copied()
    };
    let name = after(&["my", "name", "is"]).or_else(|| after(&["call", "me"]))?;
    name.starts_with(char::is_uppercase).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_is_that_of_most_words() {
        for korean in
            ["안녕", "ㅠㅠ", "React 배우고 싶어요", "turnwire SDK로 stream 받는 법", "안녕 Anna"]
        {
            assert_eq!(Heard::new(korean).language, Language::Korean, "{korean}");
        }
        for english in ["hi", "What does 안녕 mean?", "", "123", "👍"] {
            assert_eq!(Heard::new(english).language, Language::English, "{english}");
        }
    }

    #[test]
    fn korean_words_are_found_however_they_are_spaced() {
        for message in ["몇 시예요?", "지금 몇시야", "몇\n시"] {
            assert!(Heard::new(message).has_any([&["몇시"], &[]]), "{message}");
        }
    }

    #[test]
    fn english_words_are_found_whole() {
        let has = |message, word| Heard::new(message).has_any([&[], &[word]]);
        assert!(has("Oh, HI!", "hi") && has("I’m tired", "i'm tired"));
        assert!(!has("this", "hi") && !has("a train", "rain"));
    }

    #[test]
    fn names_are_told_from_questions_for_one() {
        for (message, name) in [
            ("제 이름은 민수예요.", Some("민수")),
            ("안녕! 내 이름은 지은이에요", Some("지은")),
            ("제 이름은 김영희입니다", Some("김영희")),
            ("당신 이름은 뭐예요?", None),
            ("이름은", None),
            ("hello, my name is Anna.", Some("Anna")),
            ("Call me Kim", Some("Kim")),
            ("my name is not important", None),
            ("my name is", None),
        ] {
            assert_eq!(Heard::new(message).name(), name, "{message}");
        }
    }
}
