//! Requests of the PyPI package `gtts` and ours are identical, byte for byte.

use std::io::Write;
use std::process::{Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};
use turnwire::GoogleTranslateSpeaker;
use turnwire::speech::{Speaker, SpeechRequest};
use turnwire_fakes::Fake;

/// Number of texts to compare.
const TEXTS: usize = 200;

/// The headers that identify the client and the call.
const HEADERS: [&str; 3] = ["referer", "user-agent", "content-type"];

#[derive(Clone, Debug)]
struct Asked {
    text: String,
    language: &'static str,
    slow: bool,
}

#[tokio::test]
async fn requests_equal_those_of_gtts_to_the_byte() {
    let asked = generated();
    let (theirs, ours) = (Fake::spawn_thread().unwrap(), Fake::spawn_thread().unwrap());
    let spoken_by_gtts = gtts(&theirs, &asked);
    let mut spoken = Vec::new();
    for Asked { text, language, slow } in &asked {
        let speaker =
            GoogleTranslateSpeaker::new(*language).slow(*slow).base_url(ours.url()).no_proxy();
        spoken.push(match speaker.speak(SpeechRequest::new(text)).await {
            Ok(audio) => BASE64.encode(audio.collect().await.unwrap()).into(),
            // `gtts` fails an assertion for the same input.
            Err(error) if error.code() == "invalid_request" => Value::Null,
            Err(error) => panic!("{text:?}: {error}"),
        });
    }
    let (theirs, ours) = (requests(&theirs), requests(&ours));
    for (theirs, ours) in theirs.iter().zip(&ours) {
        assert_eq!(theirs, ours);
    }
    assert_eq!(theirs.len(), ours.len());
    assert!(
        theirs.len() > 2 * TEXTS,
        "only {} requests: most texts are to have several parts",
        theirs.len()
    );
    assert_eq!(spoken_by_gtts, spoken, "the audio is the same, too");
    let silent = spoken.iter().filter(|audio| audio.is_null()).count();
    assert!(silent < TEXTS / 10, "{silent} texts were nothing");
    println!("{TEXTS} texts, {} requests: equal", theirs.len());
}

/// The parts of a request that matter.
fn requests(fake: &Fake) -> Vec<Value> {
    let matters = |request: turnwire_fakes::Record| {
        let headers = HEADERS.map(|name| request.header(name).map(str::to_owned));
        json!([request.method, request.path, request.query, headers, request.body])
    };
    fake.requests().into_iter().map(matters).collect()
}

/// Lets `gtts` speak all texts, and returns the audio of each in base64, or null where there was nothing to speak.
fn gtts(fake: &Fake, asked: &[Asked]) -> Vec<Value> {
    let python = std::env::var("TURNWIRE_GTTS_PYTHON").expect(
        "TURNWIRE_GTTS_PYTHON tells where a Python with gtts is; run `cargo xtask test speech`",
    );
    let mut child = Command::new(python)
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../gtts/speak.py"))
        .arg(fake.url())
        .env("NO_PROXY", "127.0.0.1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines: Vec<_> = asked
        .iter()
        .map(|a| json!({"text": a.text, "lang": a.language, "slow": a.slow}).to_string())
        .collect();
    let mut stdin = child.stdin.take().unwrap();
    let output = std::thread::scope(|scope| {
        // Concurrently with reading: the answers fill the pipe long before the questions end.
        scope.spawn(move || stdin.write_all(lines.join("\n").as_bytes()).unwrap());
        child.wait_with_output().unwrap()
    });
    assert!(output.status.success());
    let lines = String::from_utf8(output.stdout).unwrap();
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The same texts in every run.
fn generated() -> Vec<Asked> {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let strategy = asked();
    (0..TEXTS).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
}

fn asked() -> impl Strategy<Value = Asked> {
    let words = prop_oneof![
        4 => prop::sample::select(vec![
            ("ko", "[가-힣]{1,8}"), ("en", "[a-zA-Z]{1,12}"), ("ja", "[ぁ-んァ-ヶ一-龥]{1,9}"), ("zh-CN", "[一-龥]{1,12}"),
            ("zh-cn", "[一-龥]{1,12}"), ("en-US", "[a-zA-Z]{1,12}"), ("pt-br", "[a-zãé]{1,12}"),
            ("ar", "[ء-ي]{1,9}"), ("hi", "[अ-ह][ा-ौ]?[अ-ह०-९]{0,6}"), ("ru", "[а-яА-Я]{1,12}"), ("de", "[a-zäöüßſ]{1,14}"),
        ]),
        // A long word without a space.
        1 => Just(("ko", "[가-힣]{90,260}")),
    ];
    let marks = prop::sample::select(vec![
        " ",
        " ",
        " ",
        " ",
        "  ",
        ". ",
        ", ",
        ".",
        ",",
        "? ",
        "?",
        "!",
        "！",
        "？",
        ": ",
        ":",
        "：",
        "; ",
        "…",
        "‥",
        "، ",
        "。",
        "，",
        "、",
        "—",
        "-",
        "-\n",
        "\n",
        "\n\n",
        "(",
        ") ",
        "[",
        "]",
        "¿",
        "¡",
        "\"",
        "'",
        "/",
        "\\",
        "\t",
        "\u{3000}",
        " Dr. ",
        " mrs.",
        "Prof.",
        " St. ",
        "mr.s.",
        "mſ. ",
        " Esq. ",
        "esq.",
        " a.b. ",
        "A.m. ",
        " x.ſ. ",
        " 10:30",
        "３：",
        " 3:",
        "٣:",
        "½:",
        " 3.5 ",
        " 1,000 ",
        "&=+%~_* ",
        "😀",
        "👨‍👩‍👧",
        "é",
        "e\u{301}",
        "\u{85}",
        "\u{1f} ",
        "\u{7f}",
        "...",
        "?!",
    ]);
    let text = words.prop_flat_map(move |(language, word)| {
        let pairs = prop::collection::vec((word, marks.clone()), 0..60);
        let text = pairs.prop_map(|pairs| {
            pairs.into_iter().flat_map(|(word, mark)| [word, mark.to_owned()]).collect::<String>()
        });
        (Just(language), text, any::<bool>())
    });
    text.prop_map(|(language, text, slow)| Asked { text, language, slow })
}
