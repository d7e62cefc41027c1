//! Texts as models write them, cut into tokens of a few characters.

use std::collections::VecDeque;

use fastrand::Rng;

use super::text_words::{ENGLISH, KOREAN, NAMES, SYMBOLS};

/// An endless text in tokens.
pub(super) struct Tokens {
    rng: Rng,
    /// Tokens of the current passage.
    waiting: VecDeque<String>,
    passages: usize,
}

impl Tokens {
    /// Passages of prose, Markdown, code and Korean in turn, of code twice as many.
    pub(super) fn mixed(seed: u64) -> Self {
        Self { rng: Rng::with_seed(seed), waiting: VecDeque::new(), passages: 0 }
    }

    /// The arguments of a tool call that writes a file: a JSON object in exactly `count` tokens.
    pub(super) fn arguments(seed: u64, count: usize) -> impl Iterator<Item = String> {
        const OPENING: [&str; 7] =
            ["{\"", "path", "\":\"", "src/main", ".rs\",\"", "content", "\":\""];
        let mut rng = Rng::with_seed(seed);
        let mut tokens = VecDeque::new();
        // One token of the text for each but the opening's and the end's.
        let texts = count.saturating_sub(OPENING.len() + 1);
        while tokens.len() < texts {
            let passage = if rng.u8(..) < 192 { code(&mut rng) } else { korean(&mut rng) };
            cut(&passage, &mut rng, &mut tokens);
        }
        let inner = tokens.into_iter().take(texts).map(|text| {
            let quoted = serde_json::Value::String(text).to_string();
            quoted.get(1..quoted.len() - 1).unwrap_or_default().to_owned()
        });
        let opening = OPENING.into_iter().map(str::to_owned);
        opening.chain(inner).chain(std::iter::once("\"}".to_owned())).take(count)
    }
}

impl Iterator for Tokens {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        while self.waiting.is_empty() {
            let rng = &mut self.rng;
            let passage = match self.passages % 5 {
                0 => prose(rng),
                1 | 3 => code(rng),
                2 => markdown(rng),
                _ => korean(rng),
            };
            self.passages += 1;
            cut(&passage, rng, &mut self.waiting);
        }
        self.waiting.pop_front()
    }
}

fn any<'a>(rng: &mut Rng, words: &[&'a str]) -> &'a str {
    rng.choice(words).copied().unwrap_or_default()
}

/// So many words, with spaces between them and a comma now and then.
fn phrase(rng: &mut Rng, words: &[&str], count: usize) -> String {
    let mut phrase = String::new();
    for n in 0..count {
        if n > 0 {
            phrase.push_str(if rng.u8(..) < 24 { ", " } else { " " });
        }
        phrase.push_str(any(rng, words));
    }
    phrase
}

fn sentence(rng: &mut Rng) -> String {
    let count = rng.usize(6..12);
    let mut sentence = phrase(rng, ENGLISH, count);
    if let Some(first) = sentence.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    if rng.u8(..) < 80 {
        sentence.push_str(&format!(" \"{}\"", phrase(rng, ENGLISH, 3)));
    }
    sentence.push('.');
    sentence
}

fn prose(rng: &mut Rng) -> String {
    let sentences: Vec<_> = (0..rng.usize(2..4)).map(|_| sentence(rng)).collect();
    sentences.join(" ") + "\n\n"
}

fn markdown(rng: &mut Rng) -> String {
    let mut text = format!("## {}\n\n", phrase(rng, ENGLISH, 3));
    for number in 1..rng.usize(3..6) {
        let (name, rest) = (any(rng, NAMES), phrase(rng, ENGLISH, 3));
        match rng.u8(0..4) {
            0 => text.push_str(&format!("{number}. `{name}` — {rest}\n")),
            1 => {
                text.push_str(&format!("- [{name}](https://example.com/{name}?q=1&r=2): {rest}\n"))
            }
            2 => text.push_str(&format!("| {name} | {rest} | ✅ |\n")),
            _ => text.push_str(&format!("- **{name}**: {rest} {}\n", any(rng, SYMBOLS))),
        }
    }
    text.push('\n');
    text
}

fn code(rng: &mut Rng) -> String {
    let mut text = "```python\n".to_owned();
    for _ in 0..rng.usize(5..10) {
        let (a, b) = (any(rng, NAMES), any(rng, NAMES));
        let number = rng.u16(..);
        text.push_str(&match rng.u8(0..7) {
            0 => format!("    {a} = \"{}\"\n", phrase(rng, ENGLISH, 2)),
            1 => format!("    print(f\"{{{a}}}\\t{{{b}}}\\n\")\n"),
            2 => format!("    if {a} < {number} and \"{b}\" in {a}:\n        return None\n"),
            3 => format!("    {a}[\"{b}\"] = {{\"id\": {number}, \"{a}\": \"{b}\"}}\n"),
            4 => format!("    {a} = re.compile(r\"^\\d+\\.\\w*\\\\{b}$\")\n"),
            5 => format!("    path = \"C:\\\\{a}\\\\{b}\"  # {}\n", phrase(rng, KOREAN, 2)),
            _ => format!(
                "def {a}({b}: dict[str, int]) -> str:\n    return {b}[\"{a}\"] & {number}\n"
            ),
        });
    }
    text.push_str("```\n\n");
    text
}

fn korean(rng: &mut Rng) -> String {
    let mut text = String::new();
    for _ in 0..rng.usize(8..13) {
        let count = rng.usize(4..10);
        text.push_str(&phrase(rng, KOREAN, count));
        match rng.u8(0..8) {
            0 => text.push_str(&format!("! {}\n", any(rng, SYMBOLS))),
            1 => text.push_str("?\n\n"),
            2 => text.push_str(&format!(" \"{}\". ", phrase(rng, KOREAN, 2))),
            _ => text.push_str(". "),
        }
    }
    text.push('\n');
    text
}

/// Cuts as tokenisers do: a space belongs to the word after it, a line break to the indentation after it.
fn cut(text: &str, rng: &mut Rng, tokens: &mut VecDeque<String>) {
    #[derive(PartialEq)]
    enum Kind {
        Letter,
        Digit,
        Hangul,
        Blank,
        Mark,
    }
    let kind = |c: char| match c {
        'a'..='z' | 'A'..='Z' | '_' => Kind::Letter,
        '0'..='9' => Kind::Digit,
        '가'..='힣' => Kind::Hangul,
        ' ' | '\n' => Kind::Blank,
        _ => Kind::Mark,
    };
    let mut chars = text.chars().peekable();
    while let Some(first) = chars.next() {
        let mut token = String::from(first);
        let mut last = first;
        if first == ' ' {
            // One space and the word after it; more spaces are a token of their own.
            if let Some(next) = chars.next_if(|next| *next != ' ') {
                token.push(next);
                last = next;
            }
        }
        let most = match kind(last) {
            Kind::Letter => rng.usize(3..=9),
            Kind::Digit => 3,
            Kind::Hangul => rng.usize(1..=3),
            Kind::Blank => 16,
            Kind::Mark => rng.usize(1..=3),
        };
        let mut length = 1;
        while length < most {
            let Some(next) = chars.next_if(|next| kind(*next) == kind(last)) else { break };
            token.push(next);
            length += 1;
        }
        tokens.push_back(token);
    }
}
