//! The failures in the output of a suite: of `cargo test`, of pytest and of `node --test`.

use crate::excerpt::{first, last, of_rust};

/// A test that failed.
#[derive(Debug, PartialEq)]
pub(crate) struct Failure {
    /// The test, after its file or its crate.
    pub(crate) name: String,
    /// Its report: the message of a panic first, and no backtrace.
    pub(crate) text: String,
}

/// Finds the failures. If no test failed, the end of the output is one, named by the reason that the suite gave.
pub(crate) fn find(output: &str, reason: &str) -> Vec<Failure> {
    let lines: Vec<_> = output.lines().collect();
    let mut found = of_cargo(&lines);
    found.extend(of_pytest(&lines));
    found.extend(of_node(&lines));
    if found.is_empty() {
        found.push(Failure { name: reason.to_owned(), text: last(&lines) });
    }
    found
}

/// `---- <test> stdout ----` and the lines below it, in the report of the binary named last. A binary that did not
/// live to report has the end of its output.
fn of_cargo(lines: &[&str]) -> Vec<Failure> {
    let mut found = Vec::new();
    let mut binary = "";
    let mut binary_began = 0;
    for (at, line) in lines.iter().enumerate() {
        let rest = lines.get(at + 1..).unwrap_or_default();
        if let Some(name) = binary_in(line) {
            (binary, binary_began) = (name, at);
        } else if let Some(test) =
            line.strip_prefix("---- ").and_then(|line| line.strip_suffix(" stdout ----"))
        {
            let end =
                rest.iter().position(|line| line.starts_with("---- ") || *line == "failures:");
            let report = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
            found.push(Failure { name: format!("{binary}: {test}"), text: of_rust(report) });
        } else if let Some(end) = line.strip_prefix("  process didn't exit successfully: ")
            && !binary.is_empty()
        {
            let how = end.rsplit_once("` (").map_or(end, |(_, how)| how.trim_end_matches(')'));
            let text = last(lines.get(binary_began..at).unwrap_or_default());
            found.push(Failure { name: format!("{binary}: {how}"), text });
        }
    }
    found
}

/// `chat` in Cargo's `     Running tests/chat/main.rs (target/debug/deps/chat-1a2b)`, and `turnwire` in its
/// `   Doc-tests turnwire`.
fn binary_in(line: &str) -> Option<&str> {
    if let Some(name) = line.strip_prefix("   Doc-tests ") {
        return Some(name);
    }
    let (_, path) = line.strip_prefix("     Running ")?.rsplit_once('/')?;
    path.strip_suffix(')')?.rsplit_once('-').map(|(name, _)| name)
}

/// `____ <test> ____` and the lines below it, in the sections of failures and errors. The files are in the summary.
fn of_pytest(lines: &[&str]) -> Vec<Failure> {
    let mut found = Vec::new();
    // Taken as they are used: two files may have tests of one name.
    let mut summary: Vec<_> = lines.iter().filter_map(|line| in_summary(line)).collect();
    let mut is_report = false;
    for (at, line) in lines.iter().enumerate() {
        if let Some(title) = ruled(line, '=') {
            is_report = matches!(title, "FAILURES" | "ERRORS");
        } else if let Some(test) = ruled(line, '_').filter(|_| is_report) {
            let rest = lines.get(at + 1..).unwrap_or_default();
            let report =
                rest.iter().take_while(|line| ruled(line, '_').or(ruled(line, '=')).is_none());
            let place = summary.iter().position(|id| is_title_of(test, id));
            let name = place.map_or(test, |place| summary.remove(place));
            found.push(Failure { name: name.to_owned(), text: first(report) });
        }
    }
    found
}

/// The title in `==== <title> ====`.
fn ruled(line: &str, rule: char) -> Option<&str> {
    let title = line.strip_prefix(rule)?.trim_start_matches(rule).strip_prefix(' ')?;
    title.trim_end_matches(rule).strip_suffix(' ').filter(|title| !title.starts_with([rule, ' ']))
}

/// The test in `FAILED <test> - <why>`.
fn in_summary(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("FAILED ").or_else(|| line.strip_prefix("ERROR "))?;
    let id = rest.split(" - ").next()?;
    id.contains(".py").then_some(id)
}

/// Returns true if a report's title, such as `TestStream.test_ends[a]`, is that of this test.
fn is_title_of(title: &str, id: &str) -> bool {
    let title = title.rsplit_once(" of ").map_or(title, |(_, test)| test);
    match id.split_once("::") {
        Some((_, test)) => test.replace("::", ".") == title,
        None => title.ends_with(id),
    }
}

/// `test at <place>` and the lines below it, which are at the end of what the reporter `spec` writes.
fn of_node(lines: &[&str]) -> Vec<Failure> {
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let Some(place) = line.strip_prefix("test at ") else { continue };
        let rest = lines.get(at + 1..).unwrap_or_default();
        let Some(title) = rest.first().and_then(|line| line.strip_prefix("✖ ")) else { continue };
        let report = rest.iter().skip(1);
        let report: Vec<_> =
            report.take_while(|line| line.is_empty() || line.starts_with(' ')).copied().collect();
        // A file that could not be run has said why before the reporter says that it failed.
        let text = match report.as_slice() {
            ["  'test failed'", ..] => {
                let said = lines.iter().position(|line| line.strip_prefix("✖ ") == Some(title));
                last(lines.get(..said.unwrap_or(at)).unwrap_or_default())
            }
            report => first(report),
        };
        let test = title.rsplit_once(" (").map_or(title, |(test, _)| test);
        found.push(Failure { name: format!("{place}: {test}"), text });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(name: &str, text: &str) -> Failure {
        Failure { name: name.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn of_cargo_test_each_has_its_binary() {
        let output = "
     Running unittests src/lib.rs (target/debug/deps/turnwire-412a1ff9f6f154bd)

running 2 tests
test chat::a ... FAILED
test chat::b ... FAILED

failures:

---- chat::a stdout ----

thread 'chat::a' (1) panicked at core/src/lib.rs:1:1:
left != right

---- chat::b stdout ----
gone

failures:
    chat::a
    chat::b

test result: FAILED. 0 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s

error: test failed, to rerun pass `-p turnwire --lib`
     Running tests/chat/main.rs (target/debug/deps/chat-a4572e9476b49536)

running 1 test
free(): invalid pointer
error: test failed, to rerun pass `-p turnwire-suite --test chat`

Caused by:
  process didn't exit successfully: `/target/debug/deps/chat-a4572e9476b49536` (signal: 6, SIGABRT: process abort signal)
   Doc-tests turnwire
";
        let found = find(output, "");
        let expected = [
            (
                "turnwire: chat::a",
                "thread 'chat::a' (1) panicked at core/src/lib.rs:1:1:\nleft != right",
            ),
            ("turnwire: chat::b", "gone"),
        ];
        for (found, (name, text)) in found.iter().zip(expected) {
            assert_eq!(*found, failure(name, text));
        }
        let [_, _, crashed] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!(crashed.name, "chat: signal: 6, SIGABRT: process abort signal");
        assert!(crashed.text.contains("invalid pointer"), "{crashed:?}");
    }

    #[test]
    fn of_pytest_each_has_its_file() {
        let output = "
....F..
==================================== ERRORS ====================================
_______________________ ERROR at setup of test_one ________________________
no fixture
=================================== FAILURES ===================================
__________________ test_typed[app.py0] ___________________

    def test_typed() -> None:
>       check()

tests/test_b.py:54: 
_ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ 
E       AssertionError: 1
----------------------------- Captured stdout call -----------------------------
said
_____________ TestStream.test_ends ______________
E       2
=========================== short test summary info ============================
FAILED tests/test_b.py::test_typed[app.py0] - AssertionError: 1
FAILED tests/test_c.py::TestStream::test_ends - 2
ERROR tests/test_a.py::test_one - no fixture
3 failed, 3260 passed in 847.25s (0:14:07)
$ cargo run
";
        let found = find(output, "");
        let names: Vec<_> = found.iter().map(|failure| failure.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "tests/test_a.py::test_one",
                "tests/test_b.py::test_typed[app.py0]",
                "tests/test_c.py::TestStream::test_ends"
            ]
        );
        let text = &found.get(1).unwrap().text;
        assert!(text.contains("check()") && text.ends_with("said"), "{text}");
    }

    #[test]
    fn of_node_each_has_its_place_and_a_file_that_did_not_run_its_output() {
        let output = "
✔ fine (5.15ms)
✖ bad (5.79ms)
  AssertionError [ERR_ASSERTION]: in place

file:///tests/c.test.mjs:1
Error: at load
✖ /tests/c.test.mjs (330.32ms)
  'test failed'

ℹ fail 2

✖ failing tests:

test at a.test.mjs:4:1
✖ bad (5.79ms)
  AssertionError [ERR_ASSERTION]: why
  
      at TestContext.<anonymous>

test at c.test.mjs:1:1
✖ /tests/c.test.mjs (330.32ms)
  'test failed'
npm error code 1
";
        let [bad, unread] = find(output, "").try_into().unwrap();
        let why = "  AssertionError [ERR_ASSERTION]: why\n  \n      at TestContext.<anonymous>";
        assert_eq!(bad, failure("a.test.mjs:4:1: bad", why));
        assert_eq!(unread.name, "c.test.mjs:1:1: /tests/c.test.mjs");
        assert!(unread.text.ends_with("Error: at load"), "{unread:?}");
    }

    #[test]
    fn without_a_test_the_end_is_shown() {
        let output: String = (0..100).map(|line| format!("line {line}\n")).collect();
        let [end] = find(&output, "no disk").try_into().unwrap();
        assert_eq!(end.name, "no disk");
        assert!(end.text.starts_with("line 40\n") && end.text.ends_with("line 99"), "{end:?}");
    }
}
