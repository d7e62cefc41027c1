//! Comments open with a noun or a verb: "Number of retries.", not "How often it is tried again."

use super::tree::{Finding, Source, assert_none, places, tree};

/// First words of a clause in place of a noun.
const CLAUSES: &[&str] =
    &["How", "Tells", "Those", "What", "Where", "Whether", "Who", "Whom", "Whose"];

/// The text of a comment line; `None` for any other line.
fn comment(line: &str) -> Option<&str> {
    let line = line.trim_start();
    if line.starts_with("#!") || line.starts_with("#[") {
        return None;
    }
    let marks = ["//!", "///", "//", "/**", "/*", "#", "r\"\"\"", "\"\"\""];
    marks.iter().find_map(|mark| line.strip_prefix(mark)).map(str::trim_start)
}

fn clauses(sources: &[Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in sources {
        let mut is_inside = false;
        for (line, text) in (1..).zip(source.text.lines()) {
            let found = comment(text);
            let opening = found.filter(|_| !is_inside).unwrap_or_default();
            let first = opening.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
            if CLAUSES.contains(&first) {
                let message = format!("`{first} …`: open the comment with a noun or a verb");
                findings.push(Finding::new(source, line, message));
            }
            // A doc string's next lines are not marked, so each `\"\"\"` opens or closes one.
            is_inside = found.is_some() && !text.trim_start().starts_with("\"\"\"");
        }
    }
    findings
}

#[test]
fn comments_open_with_a_noun_or_a_verb() {
    assert_none(&clauses(tree()));
}

#[test]
fn a_clause_is_found_at_the_start_of_a_comment_and_nowhere_else() {
    let text = "//! Retries.\n\n/// What it does.\n/// How it does it.\nlet a = 1; // Where\n// Therefore.\n\n# Who";
    let found = clauses(&[Source::new("a.rs", text)]);
    assert_eq!(places(&found), [("a.rs", 3), ("a.rs", 8)]);
    let python = "\"\"\"Whether it is so.\"\"\"\n\n\"\"\"Truth.\n\nWhat follows.\n\"\"\"\n#!/bin/sh\n#[What]";
    assert_eq!(places(&clauses(&[Source::new("a.py", python)])), [("a.py", 1)]);
}
