//! Markdown as the rules for documents read it: fences, text outside of them, and the anchors of headings.

use std::collections::BTreeMap;

use super::tree::Source;

/// A fenced block of code.
#[derive(Debug, PartialEq)]
pub(crate) struct Fence<'a> {
    /// The word after the opening fence.
    pub(crate) language: &'a str,
    /// The number of the opening line.
    pub(crate) line: usize,
    pub(crate) lines: Vec<&'a str>,
}

/// The fenced blocks of a document.
pub(crate) fn fences(document: &Source) -> Vec<Fence<'_>> {
    let mut fences = Vec::new();
    let mut open: Option<Fence<'_>> = None;
    for (line, text) in (1..).zip(document.text.lines()) {
        let mark = text.trim_start().strip_prefix("```");
        match (open.take(), mark) {
            (None, Some(language)) => {
                open = Some(Fence { language: language.trim(), line, lines: Vec::new() });
            }
            (Some(fence), Some(_)) => fences.push(fence),
            (Some(mut fence), None) => {
                fence.lines.push(text);
                open = Some(fence);
            }
            (None, None) => {}
        }
    }
    fences
}

/// The numbered lines outside of fences, without spans of code.
pub(crate) fn prose(document: &Source) -> Vec<(usize, String)> {
    let mut is_inside = false;
    let mut lines = Vec::new();
    for (line, text) in (1..).zip(document.text.lines()) {
        let is_mark = text.trim_start().starts_with("```");
        is_inside ^= is_mark;
        if !is_inside && !is_mark {
            lines.push((line, text.split('`').step_by(2).collect::<Vec<_>>().join("`")));
        }
    }
    lines
}

/// The anchors of a document's headings, as code hosts make them.
pub(crate) fn anchors(document: &Source) -> Vec<String> {
    let mut is_inside = false;
    let mut seen = BTreeMap::new();
    let mut anchors = Vec::new();
    for line in document.text.lines() {
        is_inside ^= line.trim_start().starts_with("```");
        let title = line.trim_start_matches('#');
        if is_inside || title.len() == line.len() || !title.starts_with(' ') {
            continue;
        }
        let name = slug(title.trim());
        let count = seen.entry(name.clone()).and_modify(|count| *count += 1).or_insert(0);
        anchors.push(if *count == 0 { name } else { format!("{name}-{count}") });
    }
    anchors
}

fn slug(title: &str) -> String {
    let kept = title.chars().filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c));
    kept.flat_map(char::to_lowercase).map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[test]
fn fences_prose_and_anchors_are_told_apart() {
    let text = "# One `two`, three\n\n```sh\n# no heading\nls\n```\n\nsee `[a](b)` and [c](d)\n\n## Again\n\n## Again\n";
    let document = Source::new("a.md", text);
    let found = fences(&document);
    assert_eq!(found, [Fence { language: "sh", line: 3, lines: vec!["# no heading", "ls"] }]);
    assert_eq!(anchors(&document), ["one-two-three", "again", "again-1"]);
    assert!(prose(&document).contains(&(8, "see ` and [c](d)".to_owned())));
}
