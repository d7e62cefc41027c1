//! Calls that have no place in the code: prints in core, and work or tests that are put off.

use super::lexed::{Word, lex};
use super::tree::{Finding, Source, assert_none, places, tree};

fn uses(
    sources: &[Source],
    is_meant: impl Fn(&Source, &Word) -> bool,
    advice: &str,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in sources.iter().filter(|source| source.is_rust()) {
        for word in lex(source).words.iter().filter(|word| is_meant(source, word)) {
            findings.push(Finding::new(source, word.line, format!("`{}`: {advice}", word.text)));
        }
    }
    findings
}

fn prints(sources: &[Source]) -> Vec<Finding> {
    let macros = ["print", "println", "eprint", "eprintln", "dbg"];
    let is_print = |source: &Source, word: &Word| {
        source.path.starts_with("core/src/")
            && word.is_macro
            && macros.contains(&word.text.as_str())
    };
    uses(sources, is_print, "a library does not print: use `tracing`, or return it")
}

fn put_off(sources: &[Source]) -> Vec<Finding> {
    let is_stub = |_: &Source, word: &Word| {
        word.is_macro && ["todo", "unimplemented"].contains(&word.text.as_str())
    };
    uses(sources, is_stub, "write it, or return an error that says what is not supported")
}

fn ignored_tests(sources: &[Source]) -> Vec<Finding> {
    let is_ignore = |_: &Source, word: &Word| word.in_attribute && word.text == "ignore";
    uses(sources, is_ignore, "make the test pass, or delete it")
}

#[test]
fn core_does_not_print() {
    assert_none(&prints(tree()));
}

#[test]
fn no_code_is_put_off() {
    assert_none(&put_off(tree()));
}

#[test]
fn no_test_is_ignored() {
    assert_none(&ignored_tests(tree()));
}

#[test]
fn a_print_in_core_is_found() {
    let text = "// println!()\n/// println!()\nprintln!();\nif print != x {}\nstd::dbg!(x);\n";
    let sources = [Source::new("core/src/a.rs", text), Source::new("examples/a.rs", text)];
    assert_eq!(places(&prints(&sources)), [("core/src/a.rs", 3), ("core/src/a.rs", 5)]);
}

#[test]
fn code_that_is_put_off_is_found() {
    let text = "let todo = \"todo!()\";\ntodo!()\nfn f() { core::unimplemented!() }";
    let findings = put_off(&[Source::new("examples/a.rs", text)]);
    assert_eq!(places(&findings), [("examples/a.rs", 2), ("examples/a.rs", 3)]);
}

#[test]
fn an_ignored_test_is_found() {
    let text =
        "#[test]\n#[ignore = \"slow\"]\nfn ignore() {}\n#[cfg_attr(miri, ignore)]\nfn b() {}";
    let findings = ignored_tests(&[Source::new("tests/a.rs", text)]);
    assert_eq!(places(&findings), [("tests/a.rs", 2), ("tests/a.rs", 4)]);
}
