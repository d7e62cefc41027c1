//! Links in documents: a relative one points to a file of the project, and its anchor to a heading there.

use super::markdown::{anchors, prose};
use super::tree::{Finding, Source, assert_none, documents, exists, places};

/// The targets of the links in a line.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).filter_map(|rest| rest.split_whitespace().next()).map(|rest| {
        // A path may have parentheses of its own, but no document here has one that is not closed.
        let mut depth = 0;
        let end = rest.find(|c| {
            depth += match c {
                '(' => 1,
                ')' => -1,
                _ => 0,
            };
            depth < 0
        });
        end.and_then(|end| rest.get(..end)).unwrap_or(rest)
    })
}

/// The path of a link's target, from the root; `None` above the root.
fn resolved(from: &str, target: &str) -> Option<String> {
    if target.is_empty() {
        return Some(from.to_owned());
    }
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "." | "" => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

fn broken(documents: &[Source], exists: impl Fn(&str) -> bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    for document in documents {
        for (line, text) in prose(document) {
            for target in targets(&text) {
                if ["http://", "https://", "mailto:"]
                    .iter()
                    .any(|scheme| target.starts_with(scheme))
                {
                    continue;
                }
                let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
                let Some(found) = resolved(&document.path, path).filter(|path| exists(path)) else {
                    findings.push(Finding::new(
                        document,
                        line,
                        format!("{target}: there is no such file"),
                    ));
                    continue;
                };
                let aim = documents.iter().find(|other| other.path == found);
                let has_heading =
                    || aim.is_some_and(|aim| anchors(aim).iter().any(|own| own == anchor));
                if !anchor.is_empty() && !has_heading() {
                    findings.push(Finding::new(
                        document,
                        line,
                        format!("{target}: there is no such heading"),
                    ));
                }
            }
        }
    }
    findings
}

#[test]
fn links_point_to_files_and_headings_of_the_project() {
    let documents = documents();
    assert!(documents.iter().any(|document| document.path == "docs/concepts.md"));
    assert_none(&broken(&documents, exists));
}

#[test]
fn a_link_to_nothing_is_found() {
    let text = "# A\n[ok](b.md#two) [ok](#a) [ok](../c(1).rs) [ok](https://example.org)\n[no](x.md)\n[no](b.md#three)\n`[x](y)`\n";
    let documents = [Source::new("docs/a.md", text), Source::new("docs/b.md", "## Two\n")];
    let found = broken(&documents, |path| ["docs/a.md", "docs/b.md", "c(1).rs"].contains(&path));
    assert_eq!(places(&found), [("docs/a.md", 3), ("docs/a.md", 4)]);
}
