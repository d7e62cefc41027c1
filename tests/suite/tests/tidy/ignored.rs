//! Ignored tests are forbidden. Prints, stubs and panics are covered by lints of clippy.

use super::lexed::lex;
use super::tree::{Finding, Source, assert_none, places, tree};

fn ignored_tests(sources: &[Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in sources.iter().filter(|source| source.is_rust()) {
        let words = lex(source).words;
        for word in words.iter().filter(|word| word.in_attribute && word.text == "ignore") {
            let advice = "`ignore`: make the test pass, or delete it";
            findings.push(Finding::new(source, word.line, advice.to_owned()));
        }
    }
    findings
}

#[test]
fn no_test_is_ignored() {
    assert_none(&ignored_tests(tree()));
}

#[test]
fn an_ignored_test_is_found() {
    let text =
        "#[test]\n#[ignore = \"slow\"]\nfn ignore() {}\n#[cfg_attr(miri, ignore)]\nfn b() {}";
    let findings = ignored_tests(&[Source::new("tests/a.rs", text)]);
    assert_eq!(places(&findings), [("tests/a.rs", 2), ("tests/a.rs", 4)]);
}
