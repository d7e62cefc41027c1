//! The replies of the offline service: a few rules, in Korean and English, that match words of the message.

use jiff::civil::{DateTime, Weekday};

use super::heard::{Both, Heard, Language};

/// The most characters of a message that an echo repeats.
const LONGEST_ECHO: usize = 60;

/// The reply to a message, in the message's language. Its last sentence says that it is not from a model.
pub(super) fn reply(message: &str, now: DateTime) -> String {
    let heard = Heard::new(message);
    let greets = heard.has_any(GREETING.words) && !heard.has_any(GOODBYE.words);
    let rule = RULES.iter().find(|rule| heard.has_any(rule.words));
    let rule = rule.or(greets.then_some(&GREETING));
    let answer = match (heard.name(), rule) {
        (Some(name), _) => welcome(heard.language, name),
        (None, Some(rule)) => heard.of(rule.answer).replace("{time}", &time(heard.language, now)),
        (None, None) => echo(&heard),
    };
    let opening = if greets { heard.of(["안녕하세요! ", "Hello! "]) } else { "" };
    format!("{opening}{answer} {}", heard.of(NO_MODEL))
}

/// The answer to messages with any of these words.
struct Rule {
    words: Both<&'static [&'static str]>,
    answer: Both<&'static str>,
}

const NO_MODEL: Both<&str> = [
    "저는 모델이 아니라 예제에 든 오프라인 서비스예요.",
    "I am not a model, but the offline service that comes with this example.",
];

/// Opens the reply, regardless of the rest of the message.
const GREETING: Rule = Rule {
    words: [&["안녕", "반가"], &["hello", "hi", "hey", "good morning", "good evening"]],
    answer: [
        "이렇게 말을 걸어 주셔서 반가워요. 오늘 하루는 어떻게 보내고 계세요?",
        "It is good to hear from you. How is your day going?",
    ],
};

const GOODBYE: Rule = Rule {
    words: [
        &["안녕히계", "안녕히가", "잘가", "잘자", "다음에봐", "또봐요"],
        &["bye", "goodbye", "good night", "see you"],
    ],
    answer: [
        "이야기 나눠서 즐거웠어요. 편안한 시간 보내시고 또 만나요.",
        "It was nice to talk. Take care, and see you soon.",
    ],
};

/// The first match is used: feelings precede questions.
const RULES: &[Rule] = &[
    GOODBYE,
    Rule {
        words: [
            &[
                "슬프",
                "슬퍼",
                "슬픈",
                "우울",
                "외로",
                "속상",
                "눈물",
                "기분이안좋",
                "기분안좋",
                "기분이나빠",
                "기분이나쁘",
            ],
            &["sad", "lonely", "depressed", "unhappy", "crying", "upset", "not happy"],
        ],
        answer: [
            "마음이 많이 무거우셨군요. 그런 날에는 좋아하는 노래 한 곡이나 친한 사람의 목소리가 힘이 되기도 해요. \
             무슨 일이 있었는지 들려주시겠어요?",
            "That sounds heavy. On such a day a favourite song or a friend's voice can help a little. \
             Would you like to tell me what happened?",
        ],
    },
    Rule {
        words: [
            &["피곤", "지쳤", "지쳐", "지친", "힘들", "힘드", "졸려", "졸리"],
            &["tired", "exhausted", "sleepy", "worn out"],
        ],
        answer: [
            "많이 지치셨군요. 오늘 하루 애쓰셨어요. 따뜻한 차 한 잔 드시고 잠깐이라도 쉬어 가세요.",
            "You have done a lot today. A warm cup of tea and a short rest would do you good.",
        ],
    },
    Rule {
        words: [
            &["기분좋", "기분이좋", "행복", "기뻐", "기쁘", "신나"],
            &["i'm happy", "i am happy", "feel great", "feel good", "excited"],
        ],
        answer: [
            "좋은 소식이네요! 그런 날은 오래 기억해 두면 좋아요. 어떤 일이 가장 즐거우셨어요?",
            "That is good news! Such days are worth remembering. What was the best part of it?",
        ],
    },
    Rule {
        words: [&["고마", "고맙", "감사"], &["thanks", "thank", "thx"]],
        answer: [
            "천만에요. 그렇게 말씀해 주시니 저도 고마워요.",
            "You are welcome. It is kind of you to say so.",
        ],
    },
    Rule {
        words: [
            &["기분", "어떻게지내", "잘지내", "잘있었", "컨디션"],
            &["how are you", "how do you feel", "how are things", "how's it going"],
        ],
        answer: [
            "저는 기분이랄 것이 없지만, 물어봐 주셔서 고마워요. 오늘 기분은 어떠세요?",
            "I have no feelings to speak of, but thank you for asking. How are you today?",
        ],
    },
    Rule {
        words: [
            &["날씨", "비가와", "비가오", "비와", "비오", "눈이오", "더워", "추워", "우산"],
            &["weather", "rain", "raining", "rainy", "snow", "snowing", "sunny", "umbrella"],
        ],
        answer: [
            "바깥 날씨는 제가 볼 수 없어요. 창밖을 한번 보시고, 나가실 때는 겉옷을 챙기시면 좋겠어요.",
            "I cannot see the weather from here. Have a look out of the window, and take a coat to be safe.",
        ],
    },
    Rule {
        words: [
            &["몇시", "시간이야", "지금시간", "며칠", "몇일", "무슨요일"],
            &[
                "what time",
                "tell me the time",
                "know the time",
                "what day",
                "what's the date",
                "what date",
            ],
        ],
        answer: ["지금은 {time}이에요.", "It is {time}."],
    },
    Rule {
        words: [
            &[
                "배고",
                "배가고",
                "밥",
                "점심",
                "저녁먹",
                "저녁뭐",
                "저녁메뉴",
                "아침먹",
                "뭐먹",
                "음식",
                "먹고싶",
            ],
            &["hungry", "food", "eat", "breakfast", "lunch", "dinner"],
        ],
        answer: [
            "밥은 든든하게 드셔야죠. 따끈한 된장찌개나 비빔밥은 어떠세요? 가장 좋아하시는 음식도 궁금해요.",
            "A good meal makes the day better. How about a warm soup or bibimbap? I wonder what you like best.",
        ],
    },
    Rule {
        words: [
            &[
                "이름이뭐",
                "이름은뭐",
                "이름뭐",
                "이름이어떻",
                "이름알려",
                "누구세요",
                "누구야",
                "누구예요",
                "누구니",
            ],
            &["your name", "who are you"],
        ],
        answer: [
            "저는 이름이 따로 없어요. 편하게 불러 주세요.",
            "I have no name of my own. Call me what you like.",
        ],
    },
];

/// The answer to a message that introduces a name.
fn welcome(language: Language, name: &str) -> String {
    match language {
        Language::Korean => {
            format!("{name} 님, 만나서 반가워요! 오늘은 어떤 이야기를 나눠 볼까요?")
        }
        Language::English => format!("Nice to meet you, {name}! What shall we talk about?"),
    }
}

/// The answer when no rule matches: it repeats the words.
fn echo(heard: &Heard) -> String {
    let mut said: String = heard.text.chars().take(LONGEST_ECHO).collect();
    if said.len() < heard.text.len() {
        said.push('…');
    }
    match heard.language {
        Language::Korean => format!(
            "“{said}”라고 하셨군요. 제가 아는 것은 인사, 기분, 날씨, 시간, 음식 이야기 정도라서 더 깊이는 답해 드리지 못해요."
        ),
        Language::English => format!(
            "You said “{said}”. I know a little about greetings, feelings, the weather, the time and food, \
             so I cannot say more about that."
        ),
    }
}

fn time(language: Language, now: DateTime) -> String {
    if language == Language::English {
        return now.strftime("%-I:%M %p on %A, %B %-d").to_string();
    }
    let weekday = match now.weekday() {
        Weekday::Monday => "월",
        Weekday::Tuesday => "화",
        Weekday::Wednesday => "수",
        Weekday::Thursday => "목",
        Weekday::Friday => "금",
        Weekday::Saturday => "토",
        Weekday::Sunday => "일",
    };
    let half = if now.hour() < 12 { "오전" } else { "오후" };
    let hour = (now.hour() + 11) % 12 + 1;
    let (month, day, minute) = (now.month(), now.day(), now.minute());
    format!("{month}월 {day}일 {weekday}요일 {half} {hour}시 {minute}분")
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn said(message: &str) -> String {
        reply(message, date(2026, 11, 23).at(15, 4, 0, 0))
    }

    fn assert_parts(message: &str, parts: &[&str]) {
        let reply = said(message);
        for part in parts {
            assert!(reply.contains(part), "{message:?}: {part:?} is not in {reply:?}");
        }
    }

    #[test]
    fn every_reply_ends_with_what_gave_it_in_the_language_of_the_message() {
        for message in ["안녕", "날씨", "아무 말이나", "제 이름은 민수야", "잘 자"]
        {
            assert!(said(message).ends_with(NO_MODEL[0]), "{message}: {}", said(message));
        }
        for message in ["hi", "weather", "anything", "my name is Anna", "bye", ""] {
            assert!(said(message).ends_with(NO_MODEL[1]), "{message}: {}", said(message));
        }
    }

    #[test]
    fn each_topic_is_recognised_in_both_languages() {
        for (korean, english, parts) in [
            ("안녕하세요", "Hi there", ["반가워요", "good to hear"]),
            ("오늘 기분이 어때요?", "How are you?", ["기분이랄 것이", "no feelings"]),
            ("고마워요", "Thank you!", ["천만에요", "welcome"]),
            ("오늘 날씨 어때?", "Will it rain?", ["바깥 날씨", "the weather"]),
            ("지금 몇 시예요?", "What time is it?", ["오후 3시 4분", "3:04 PM"]),
            ("배가 고파요", "I'm hungry", ["비빔밥", "bibimbap"]),
            ("너무 피곤해", "so tired today", ["지치셨군요", "rest"]),
            ("요즘 외로워요", "I feel sad", ["무거우셨군요", "heavy"]),
            ("오늘 정말 행복해요", "I’m happy", ["좋은 소식", "good news"]),
            ("누구세요?", "What is your name?", ["이름이 따로", "no name"]),
            ("안녕히 계세요", "Bye!", ["즐거웠어요", "Take care"]),
        ] {
            assert_parts(korean, &parts[..1]);
            assert_parts(english, &parts[1..]);
        }
    }

    #[test]
    fn a_greeting_opens_the_answer_to_the_rest() {
        assert_parts("안녕하세요, 오늘 날씨 어때요?", &["안녕하세요! 바깥 날씨"]);
        assert_parts("Hello, how are you?", &["Hello! I have no feelings"]);
        assert!(!said("안녕히 가세요").contains("안녕하세요!"));
    }

    #[test]
    fn feelings_go_before_questions() {
        assert_parts("오늘 기분이 우울한데 날씨는 어때요?", &["무거우셨군요"]);
    }

    #[test]
    fn a_name_is_picked_up() {
        assert_parts("안녕하세요, 제 이름은 민수예요.", &["안녕하세요! 민수 님, 만나서"]);
        assert_parts("My name is Anna.", &["Nice to meet you, Anna!"]);
    }

    #[test]
    fn words_that_only_look_like_a_topic_are_repeated() {
        for message in
            ["준비가 됐어요", "누구나 할 수 있어요", "this is about training", "all the time"]
        {
            assert_parts(message, &[&format!("“{message}”")]);
        }
    }

    #[test]
    fn what_is_not_understood_is_repeated_short_and_on_one_line() {
        assert_parts("파이썬\n\t\u{1b}[2J 이야기", &["“파이썬 [2J 이야기”라고"]);
        let reply = said(&"가".repeat(500));
        assert!(reply.contains(&format!("“{}…”", "가".repeat(LONGEST_ECHO))));
    }

    #[test]
    fn noon_and_midnight_are_twelve() {
        let at = |hour| time(Language::Korean, date(2026, 11, 23).at(hour, 0, 0, 0));
        assert_eq!(at(0), "11월 23일 월요일 오전 12시 0분");
        assert_eq!(at(12), "11월 23일 월요일 오후 12시 0분");
        let midnight = time(Language::English, date(2026, 11, 23).at(0, 5, 0, 0));
        assert_eq!(midnight, "12:05 AM on Monday, November 23");
    }
}
