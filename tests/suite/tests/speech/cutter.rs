//! The sentence cutter: cases of every language, and properties of all texts.

use proptest::prelude::*;
use serde::Deserialize;
use turnwire::speech::SentenceCutter;
use unicode_segmentation::UnicodeSegmentation;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    text: String,
    sentences: Vec<String>,
}

fn cases() -> Vec<Case> {
    let files = [
        include_str!("../../../vectors/speech/sentences.json"),
        include_str!("../../../vectors/speech/marks.json"),
    ];
    files.iter().flat_map(|file| serde_json::from_str::<Vec<Case>>(file).unwrap()).collect()
}

fn cut<'a>(pieces: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut cutter = SentenceCutter::new();
    pieces.into_iter().for_each(|piece| cutter.push(piece));
    cutter.finish();
    std::iter::from_fn(|| cutter.next_sentence()).collect()
}

/// The text in pieces of these sizes in characters, repeated.
fn pieces<'a>(mut text: &'a str, lengths: &[usize]) -> Vec<&'a str> {
    let mut pieces = Vec::new();
    for length in lengths.iter().cycle() {
        if text.is_empty() {
            break;
        }
        let end = text.char_indices().nth(*length).map_or(text.len(), |(at, _)| at);
        let (piece, rest) = text.split_at(end);
        pieces.push(piece);
        text = rest;
    }
    pieces
}

#[test]
fn every_case_holds() {
    let cases = cases();
    assert!(cases.len() >= 43, "only {} cases", cases.len());
    for Case { name, text, sentences } in cases {
        assert_eq!(cut([text.as_str()]), sentences, "{name}");
        assert_eq!(cut(pieces(&text, &[1])), sentences, "{name}, character by character");
    }
}

#[test]
fn a_sentence_is_there_with_the_first_character_after_it() {
    let mut cutter = SentenceCutter::new();
    cutter.push("안녕하세요.");
    assert_eq!(cutter.next_sentence(), None, "it might be a name with a dot, or a quote's end");
    cutter.push(" ");
    assert_eq!(cutter.next_sentence().as_deref(), Some("안녕하세요."), "a blank is a character");
    cutter.push("반가워요\n");
    assert_eq!(cutter.next_sentence().as_deref(), Some("반가워요"), "a line has ended");
}

/// The sentences available before any further text.
fn at_once(text: &str) -> Vec<String> {
    let mut cutter = SentenceCutter::new();
    cutter.push(text);
    std::iter::from_fn(|| cutter.next_sentence()).collect()
}

#[test]
fn a_blank_is_enough_where_no_letter_after_it_could_change_the_end() {
    for text in [
        "안녕하세요. ",
        "정말요? ",
        "\"좋아요.\" ",
        "(네.) ",
        "음... ",
        "नमस्ते। ",
        "مرحبا؟ ",
        "はい。 ",
        "Sure! ",
        "Really?! ",
        "Is it 5? ",
    ] {
        assert_eq!(at_once(text), [text.trim()], "{text:?}");
    }
    // An abbreviation, a list number, a lower-case letter that continues.
    for text in ["Dr. ", "etc. ", "1. ", "3.", "hello world. ", "\"Really?\" ", "a ? ", "wait... "]
    {
        assert!(at_once(text).is_empty(), "{text:?}");
    }
    assert_eq!(at_once("hello world. N"), ["hello world."]);
}

#[test]
fn a_cutter_that_finished_begins_anew() {
    let mut cutter = SentenceCutter::new();
    cutter.push("```\ncode");
    cutter.finish();
    cutter.push("말");
    cutter.finish();
    assert_eq!(cutter.next_sentence().as_deref(), Some("말"));
}

#[test]
fn the_longest_sentence_can_be_set() {
    let mut cutter = SentenceCutter::new().longest(20);
    cutter.push(&"가".repeat(50));
    cutter.finish();
    let lengths = std::iter::from_fn(|| cutter.next_sentence()).map(|s| s.chars().count());
    assert_eq!(lengths.collect::<Vec<_>>(), [20, 20, 10]);
}

/// Pieces of text with a meaning for the cutter.
fn soup() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "안녕",
        "하세요",
        "a",
        "Bc",
        "x",
        "3",
        ".",
        "!",
        "?",
        "。",
        "…",
        ",",
        " ",
        "  ",
        "\n",
        "\r\n",
        "*",
        "**",
        "_",
        "`",
        "```",
        "~~~",
        "~",
        "# ",
        "- ",
        "> ",
        "1. ",
        "|",
        "|--|",
        "[",
        "]",
        "](",
        "(",
        ")",
        "<",
        ">",
        "</b>",
        "\\",
        "![",
        "http://",
        "https://a.b/c",
        "www.",
        "h",
        "😀",
        "👨‍👩‍👧",
        "🇰🇷",
        "\u{200d}",
        "\u{fe0f}",
        "e\u{301}",
        "ᄒ",
        "ᅡ",
        "ᆫ",
        "\"",
        "'",
        "「",
        "」",
        "Mr",
        "[1]",
        "[x] ",
        "\t",
        "\u{0}",
        "é",
        "ß",
        "م",
        "&",
        "amp;",
        "&#39;",
        "。」",
        "と",
        "さ",
        "«",
        "»",
        "„",
        "“",
        "．",
        "。",
        "।",
    ]);
    prop::collection::vec(word, 0..80).prop_map(|words| words.concat())
}

proptest! {
    #[test]
    fn sentences_are_the_same_however_the_text_is_split(
        text in soup(), lengths in prop::collection::vec(1usize..9, 1..6),
    ) {
        prop_assert_eq!(cut([text.as_str()]), cut(pieces(&text, &lengths)));
    }

    #[test]
    fn any_text_at_all_can_be_cut(text in any::<String>(), lengths in prop::collection::vec(1usize..9, 1..6)) {
        let sentences = cut([text.as_str()]);
        for sentence in &sentences {
            prop_assert!(sentence.chars().count() <= 200 && sentence.contains(char::is_alphanumeric));
            prop_assert_eq!(sentence.trim(), sentence.as_str());
        }
        prop_assert_eq!(sentences, cut(pieces(&text, &lengths)));
    }

    #[test]
    fn plain_text_loses_nothing_that_is_heard_and_no_grapheme_is_split(
        words in prop::collection::vec("[가-힣a-zA-Zé]{1,9}|(한){1,90}|(e\u{301}\u{323}){1,90}|(नि){1,90}|(क्ष){1,90}|[0-9]{1,4}", 1..40),
        marks in prop::collection::vec(prop::sample::select(vec![" ", ". ", "! ", "? ", "\n", ", ", "。"]), 40),
    ) {
        let text: String = words.iter().zip(&marks).flat_map(|(word, mark)| [word.as_str(), mark]).collect();
        // A single mark left by a cut at the longest length is not a sentence, and is dropped.
        let graphemes = |text: &str| -> Vec<String> {
            text.graphemes(true).filter(|g| g.contains(char::is_alphanumeric)).map(str::to_owned).collect()
        };
        let kept: Vec<String> = cut([text.as_str()]).iter().flat_map(|s| graphemes(s)).collect();
        prop_assert_eq!(kept, graphemes(&text));
    }
}

/// The text buffered in a cutter, from its `Debug`.
fn kept(cutter: &SentenceCutter) -> usize {
    format!("{cutter:?}").len()
}

#[test]
fn a_text_without_an_end_is_cut_in_bounded_memory() {
    // Letters, marks on one letter, an open link, tag, code, URL, prefix: none may accumulate.
    for piece in [
        "가나다라",
        "\u{301}",
        "a\u{301}",
        "(",
        "<a ",
        "`",
        "*",
        "#",
        "> ",
        "https://a",
        "/b",
        ".",
        "1",
        "[",
        "ᄒ",
        "| ",
        "&",
        "&a",
        "»",
        ". »",
    ] {
        for opening in ["", "[a](", "<b c=", "`", "```", "- ", "https://", "x"] {
            let mut cutter = SentenceCutter::new();
            cutter.push(opening);
            let block = piece.repeat(1000);
            for _ in 0..20 {
                cutter.push(&block);
                while let Some(sentence) = cutter.next_sentence() {
                    assert!(sentence.chars().count() <= 200);
                }
                assert!(
                    kept(&cutter) < 16_000,
                    "{opening:?} and then {piece:?}: {}",
                    kept(&cutter)
                );
            }
        }
    }
}
