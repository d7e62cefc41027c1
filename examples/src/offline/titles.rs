//! A name for a conversation, if the instructions ask for one: its topic, or its first words.

use super::heard::{Both, Heard};

/// Phrases of instructions that ask for a name.
const ASKING: &[&str] = &["워크스페이스 이름", "workspace name"];

/// The most characters of a name derived from the message.
const LONGEST: usize = 16;

/// Names for words of the message.
const TOPICS: &[(Both<&[&str]>, Both<&str>)] = &[
    (
        [&["슬프", "슬퍼", "우울", "외로", "속상"], &["sad", "lonely", "unhappy", "upset"]],
        ["마음을 달래는 시간", "A heavy heart"],
    ),
    ([&["피곤", "지쳤", "힘들"], &["tired", "exhausted"]], ["지친 하루", "A tiring day"]),
    (
        [&["기분", "컨디션", "행복", "기뻐"], &["how are you", "feel", "happy"]],
        ["오늘의 기분", "How it feels today"],
    ),
    ([&["날씨", "비가", "눈이"], &["weather", "rain", "snow"]], ["날씨 이야기", "The weather"]),
    (
        [&["밥", "점심", "저녁", "먹"], &["food", "eat", "lunch", "dinner"]],
        ["밥 이야기", "A good meal"],
    ),
    ([&["이름", "누구"], &["name", "who are you"]], ["서로 알아가기", "Getting to know"]),
    ([&["안녕", "반가"], &["hello", "hi", "hey"]], ["첫인사", "First hello"]),
];

/// A name for a conversation that begins with this message, if these instructions ask for one.
pub(super) fn title(instructions: &str, message: &str) -> Option<String> {
    if !ASKING.iter().any(|phrase| instructions.contains(phrase)) {
        return None;
    }
    let heard = Heard::new(message);
    let topic = TOPICS.iter().find(|(words, _)| heard.has_any(*words));
    Some(match topic {
        Some((_, name)) => heard.of(*name).to_owned(),
        None => {
            message.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(LONGEST).collect()
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_given_where_one_is_asked_for() {
        let ask = "간결한 한국어 워크스페이스 이름을 지어 주세요";
        assert_eq!(title(ask, "오늘 기분이 어때요?").as_deref(), Some("오늘의 기분"));
        assert_eq!(title(ask, "Will it rain?").as_deref(), Some("The weather"));
        let long = title(ask, "파이썬으로  무언가를\n만들고 싶은 사람들의 모임").unwrap();
        assert_eq!(long, "파이썬으로 무언가를 만들고 싶");
        assert_eq!(title("따뜻하게 답하세요", "오늘 기분이 어때요?"), None);
    }
}
