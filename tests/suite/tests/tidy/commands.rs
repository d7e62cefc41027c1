//! Commands and snippets in documents: files, examples, commands and suites that they name exist, and every snippet belongs
//! to a language that a suite runs.

use super::markdown::{Fence, fences};
use super::tree::{Finding, Source, assert_none, documents, exists, file, places};

/// Languages of fences whose snippets run, are compiled or are compared, by the place that does it.
const RUN: &[&str] = &[
    // tests/python/test_readme.py
    "python",
    // tests/node/readme.test.mjs
    "js",
    // tests/browser: packages.test.mjs, react-peers.test.mjs
    "mjs",
    "tsx",
    // tests/suite/src/lib.rs
    "rust",
    "rust,no_run",
    // This file.
    "sh",
];
/// Languages without a program: pictures, output, the wire, configuration, and code before a change.
const SHOWN: &[&str] = &["text", "json", "diff", "toml", ""];
/// Fragments that stand beside the whole program, which is tested.
const FRAGMENTS: &[&str] = &["examples/ai-sdk/README.md", "examples/assistant-ui/README.md"];

/// Folders of the project by which a word of a command is known as a path.
const FOLDERS: &[&str] = &["./", "../", "bindings-", "core/", "docs/", "examples/", "tests/"];

/// The tables that a command is compared with.
struct Known {
    args: String,
    suites: String,
    examples: String,
}

impl Known {
    fn read() -> Self {
        Known {
            args: file("tests/xtask/src/args.rs").text,
            suites: file("tests/xtask/src/suites.rs").text,
            examples: file("examples/Cargo.toml").text,
        }
    }

    /// The fault of a command's words; `None` if there is none.
    fn fault(&self, words: &[&str], is_there: impl Fn(&str) -> bool) -> Option<String> {
        let after = |word: &'static str| {
            words.iter().skip_while(move |other| **other != word).skip(1).copied()
        };
        if let Some(command) = after("xtask").next()
            && !self.args.contains(&format!("\"{command}\" =>"))
        {
            return Some(format!("`cargo xtask {command}`: there is no such command"));
        }
        if after("xtask").next() == Some("test") {
            let mut suites = after("test").filter(|word| !word.starts_with('-'));
            let unknown = suites.find(|name| !self.suites.contains(&format!("name: \"{name}\"")));
            if let Some(name) = unknown {
                return Some(format!("`cargo xtask test {name}`: there is no such suite"));
            }
        }
        if words.contains(&"cargo")
            && let Some(name) = after("--example").next()
            && !self.examples.contains(&format!("name = \"{name}\""))
        {
            return Some(format!("`--example {name}`: there is no such example"));
        }
        let is_path = |word: &str| FOLDERS.iter().any(|folder| word.starts_with(folder));
        let is_built = |word: &str| word.contains("/target/") || word.contains("/dist/");
        let mut paths = words.iter().map(|word| word.trim_matches(['(', ')', '"']));
        let missing = paths.find(|word| is_path(word) && !is_built(word) && !is_there(word))?;
        Some(format!("{missing}: there is no such file"))
    }
}

/// The commands of a fence, each as words without its comment, with their line.
fn commands<'a>(fence: &Fence<'a>) -> Vec<(usize, Vec<&'a str>)> {
    let mut commands = Vec::new();
    for (line, text) in (fence.line + 1..).zip(&fence.lines) {
        let text = if text.starts_with('#') { "" } else { text };
        let code = text.split("  #").next().unwrap_or_default();
        for part in code.split("&&").flat_map(|part| part.split(';')) {
            commands.push((line, part.split_whitespace().collect()));
        }
    }
    commands
}

fn faults(documents: &[Source], known: &Known, exists: impl Fn(&str) -> bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    for document in documents {
        let folder = document.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let is_there = |word: &str| {
            let word = word.trim_start_matches("./");
            exists(word) || exists(&format!("{folder}/{word}"))
        };
        for fence in fences(document) {
            if !RUN.contains(&fence.language) && !SHOWN.contains(&fence.language) {
                let is_fragment = FRAGMENTS.contains(&document.path.as_str());
                let message =
                    format!("`{}`: no suite runs snippets of this language", fence.language);
                findings
                    .extend((!is_fragment).then(|| Finding::new(document, fence.line, message)));
            }
            if fence.language == "sh" {
                for (line, words) in commands(&fence) {
                    let fault = known.fault(&words, is_there);
                    findings.extend(fault.map(|fault| Finding::new(document, line, fault)));
                }
            }
        }
    }
    findings
}

#[test]
fn commands_of_documents_name_nothing_that_is_not_there() {
    assert_none(&faults(&documents(), &Known::read(), exists));
}

#[test]
fn documents_with_rust_are_compiled() {
    let list = file("tests/suite/src/lib.rs").text;
    let has_rust = |document: &&Source| {
        fences(document).iter().any(|fence| fence.language.starts_with("rust"))
    };
    let missing = documents().iter().filter(has_rust).find_map(|document| {
        let is_listed = list.contains(&format!("\"{}\"", document.path));
        (!is_listed).then(|| document.path.clone())
    });
    assert_eq!(missing, None, "add it to tests/suite/src/lib.rs");
}

#[test]
fn a_wrong_command_is_found() {
    let known = Known {
        args: "\"test\" =>".to_owned(),
        suites: "name: \"unit\"".to_owned(),
        examples: "name = \"turn\"".to_owned(),
    };
    let text = "```sh\ncargo xtask test unit && ls docs/a.md  # core/x\ncargo xtask tset\ncargo xtask test units\n\
                cargo run --example trun\nnode examples/b.mjs\n```\n```ruby\n```\n";
    let found = faults(&[Source::new("docs/a.md", text)], &known, |path| path == "docs/a.md");
    let lines: Vec<usize> = places(&found).iter().map(|(_, line)| *line).collect();
    assert_eq!(lines, [3, 4, 5, 6, 8]);
}
