//! Code that can panic says why it cannot.

use super::lexed::{Word, lex, test_files};
use super::tree::{Finding, Source, assert_none, places, tree};

fn can_panic(word: &Word) -> bool {
    match word.text.as_str() {
        // Called, or handed on as in `map(Option::unwrap)`.
        "unwrap" | "expect" => word.after_dot || word.path != word.text,
        "panic" | "unreachable" => word.is_macro,
        _ => false,
    }
}

fn unexplained_panics(sources: &[Source]) -> Vec<Finding> {
    let tests = test_files(sources);
    let mut findings = Vec::new();
    let shipped = sources.iter().filter(|source| {
        source.is_rust()
            && source.path.starts_with("core/src/")
            && !tests.contains(source.path.as_str())
    });
    for source in shipped {
        let lines: Vec<&str> = source.text.lines().collect();
        let commented = |line: usize| lines.get(line - 1).is_some_and(|line| has_comment(line));
        for word in lex(source).words.iter().filter(|word| !word.in_test && can_panic(word)) {
            let explained = commented(word.line) || word.line > 1 && commented(word.line - 1);
            if !explained {
                let message = format!(
                    "`{}`: return an error, or say beside it why it cannot fail",
                    word.text
                );
                findings.push(Finding::new(source, word.line, message));
            }
        }
    }
    findings
}

/// Has `// …`, but no doc comment: that is for the item's reader. The blank before it tells it from an
/// address in a string.
fn has_comment(line: &str) -> bool {
    let text = line.trim_start();
    let starts = text.starts_with("//") && !text.starts_with("///") && !text.starts_with("//!");
    starts || line.contains(" // ")
}

#[test]
fn every_panic_in_core_is_explained() {
    assert_none(&unexplained_panics(tree()));
}

#[test]
fn an_unexplained_panic_is_found() {
    let text = r#"//! Sample.
a.unwrap();
b.expect("x");

// It is never empty.
c.unwrap();
d.unwrap(); // checked above
panic!("x");
e.unwrap_or(1);
/// f.unwrap()
f.map(Option::unwrap);
let g = "http://x".parse().unwrap();
unreachable!()
#[expect(lint)]
let unwrap = 1;
"#;
    let findings = unexplained_panics(&[Source::new("core/src/a.rs", text)]);
    let lines: Vec<usize> = findings.iter().map(|finding| finding.line).collect();
    assert_eq!(lines, [2, 3, 11, 12, 13], "{findings:#?}");
}

#[test]
fn tests_and_other_crates_may_panic() {
    let sources = [
        Source::new(
            "core/src/a.rs",
            "#[cfg(test)]\nmod tests;\n#[cfg(test)]\nmod t { a.unwrap() }",
        ),
        Source::new("core/src/a/tests.rs", "a.unwrap()"),
        Source::new("tests/suite/src/lib.rs", "a.unwrap()"),
    ];
    assert_eq!(places(&unexplained_panics(&sources)), []);
}
