//! The sentiment of a message from a few words, in place of an application's classifier.

use crate::offline::Heard;

/// Words by label; the first label with a match is used.
const WORDS: &[(&str, &[&str], &[&str])] = &[
    (
        "슬픔",
        &["슬프", "슬퍼", "슬픈", "우울", "외로", "속상", "눈물"],
        &["sad", "lonely", "unhappy", "upset"],
    ),
    ("분노", &["화나", "화가나", "짜증", "억울"], &["angry", "furious", "annoyed"]),
    ("불안", &["불안", "걱정", "무서", "두려"], &["afraid", "worried", "anxious", "scared"]),
    ("피로", &["피곤", "지쳤", "지쳐", "힘들", "졸려"], &["tired", "exhausted", "sleepy"]),
    (
        "기쁨",
        &["기쁘", "기뻐", "행복", "신나", "좋아요", "고마"],
        &["happy", "great", "glad", "thanks"],
    ),
];

/// The label of messages without any of the words.
const NEUTRAL: &str = "중립";

/// The label of a message.
pub fn label(message: &str) -> &'static str {
    let heard = Heard::new(message);
    let found = WORDS.iter().find(|(_, korean, english)| heard.has_any([korean, english]));
    found.map_or(NEUTRAL, |(label, ..)| label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_labelled_by_its_words_in_both_languages() {
        for (message, expected) in [
            ("요즘 너무 외로워요", "슬픔"),
            ("I am so tired", "피로"),
            ("오늘 정말 행복해요!", "기쁨"),
            ("I'm worried about it", "불안"),
            ("왜 이렇게 짜증이 나지", "분노"),
            ("오늘 기분이 어때요?", NEUTRAL),
            ("", NEUTRAL),
        ] {
            assert_eq!(label(message), expected, "{message}");
        }
    }
}
