//! The layers of core: each room names only the rooms that its row in ARCHITECTURE.md lists, all of them above it in that table.

use std::collections::{BTreeMap, BTreeSet};

use super::lexed::{lex, test_files};
use super::tree::{Finding, Source, assert_none, file, places, tree};

const PAGE: &str = "core/ARCHITECTURE.md";
const ROOMS: &str = "core/src/";
/// The crate's root, which re-exports names of every room; no room may import through it.
const ROOT: &str = "core/src/lib.rs";

/// A row of the table: a room, and the rooms that it may name.
#[derive(Debug)]
struct Row {
    room: String,
    may_name: Vec<String>,
    line: usize,
}

/// The table of rooms: the one whose header ends with the column `names`.
fn rows(page: &Source) -> Vec<Row> {
    let lines = (1..).zip(page.text.lines());
    let table = lines.skip_while(|(_, line)| !line.ends_with("| names |")).skip(2);
    table
        .take_while(|(_, line)| line.starts_with('|'))
        .map(|(line, text)| {
            let cells: Vec<&str> = text.trim_matches('|').split('|').collect();
            let in_ticks = |cell: &str| -> Vec<String> {
                cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
            };
            let room = cells.first().map(|cell| in_ticks(cell)).unwrap_or_default();
            let may_name = cells.last().map(|cell| in_ticks(cell)).unwrap_or_default();
            Row { room: room.into_iter().next().unwrap_or_default(), may_name, line }
        })
        .collect()
}

/// The room of a file in core: its first folder, or its own name.
fn room(path: &str) -> Option<&str> {
    let rest = path.strip_prefix(ROOMS).filter(|_| path != ROOT)?;
    rest.split('/').next()?.strip_suffix(".rs").or_else(|| rest.split('/').next())
}

/// Number of `super` from a file's module to the crate's root.
fn depth(path: &str) -> usize {
    let rest = path.strip_prefix(ROOMS).unwrap_or_default();
    let is_folder = rest.ends_with("/mod.rs");
    rest.split('/').count() - usize::from(is_folder)
}

/// The names at the crate's root that a file's code uses, outside of tests, with their lines.
fn named(source: &Source) -> Vec<(String, usize)> {
    let to_root = depth(&source.path);
    let words = lex(source).words.into_iter().filter(|word| !word.in_test);
    words
        .filter_map(|word| {
            let mut parts: Vec<&str> = word.path.split("::").collect();
            let supers = parts.iter().take_while(|part| **part == "super").count();
            if supers >= to_root && supers > 0 {
                parts.drain(..supers);
            } else if parts.first() == Some(&"crate") {
                parts.remove(0);
            } else {
                return None;
            }
            match parts.as_slice() {
                [name] => Some(((*name).to_owned(), word.line)),
                _ => None,
            }
        })
        .collect()
}

fn crossings(page: &Source, sources: &[Source]) -> Vec<Finding> {
    let rows = rows(page);
    let by_room: BTreeMap<&str, &Row> = rows.iter().map(|row| (row.room.as_str(), row)).collect();
    let mut findings = Vec::new();
    let mut above = BTreeSet::new();
    for row in &rows {
        for name in row.may_name.iter().filter(|name| !above.contains(name.as_str())) {
            let message = format!("`{}` may name `{name}`, which is not above it", row.room);
            findings.push(Finding::new(page, row.line, message));
        }
        above.insert(row.room.as_str());
    }

    let tests = test_files(sources);
    let mut used = BTreeSet::new();
    for source in sources.iter().filter(|source| source.is_rust()) {
        let Some(room) = room(&source.path) else { continue };
        if tests.contains(source.path.as_str()) {
            continue;
        }
        let Some(row) = by_room.get(room) else {
            let message = format!("`{room}` has no row in the table of {PAGE}");
            findings.push(Finding::new(source, 1, message));
            continue;
        };
        for (name, line) in named(source).into_iter().filter(|(name, _)| name != room) {
            if !by_room.contains_key(name.as_str()) {
                let message = format!("`crate::{name}`: import it from its room");
                findings.push(Finding::new(source, line, message));
            } else if row.may_name.contains(&name) {
                used.insert((room.to_owned(), name));
            } else {
                let message = format!("`{room}` may not name `{name}`: see the table in {PAGE}");
                findings.push(Finding::new(source, line, message));
            }
        }
    }
    for row in &rows {
        let is_used = |name: &&String| used.contains(&(row.room.clone(), (*name).clone()));
        for name in row.may_name.iter().filter(|name| !is_used(name)) {
            let message = format!("`{}` does not name `{name}`: take it out of the row", row.room);
            findings.push(Finding::new(page, row.line, message));
        }
    }
    findings
}

#[test]
fn rooms_name_only_the_rooms_that_the_architecture_lists() {
    assert_none(&crossings(&file(PAGE), tree()));
}

fn sample(rows: &str) -> Source {
    Source::new(PAGE, format!("# Core\n\n| room | holds | names |\n| --- | --- | --- |\n{rows}\n"))
}

#[test]
fn a_name_against_the_layers_is_found_however_it_is_written() {
    let page = sample("| `error` | | |\n| `http` | | `error` |\n| `chat` | | `error`, `http` |");
    let sources = [
        Source::new("core/src/chat/mod.rs", "use crate::{error::Error, http};"),
        Source::new("core/src/http/mod.rs", "use crate::error::Error;\nuse crate::chat::Chunk;"),
        Source::new("core/src/http/a.rs", "fn a() {}\nuse super::super::{chat::Chunk};"),
        Source::new("core/src/http/b.rs", "use super::a;\nuse crate::Error;"),
        Source::new("core/src/http/c.rs", "#[cfg(test)]\nmod tests { use crate::chat::Chunk; }"),
        Source::new("core/src/error.rs", "use super::http::Body;"),
        Source::new("core/src/new.rs", ""),
        Source::new("core/src/lib.rs", "pub use chat::Chunk;"),
    ];
    let found = crossings(&page, &sources);
    let expected = [
        ("core/src/http/mod.rs", 2),
        ("core/src/http/a.rs", 2),
        ("core/src/http/b.rs", 2),
        ("core/src/error.rs", 1),
        ("core/src/new.rs", 1),
    ];
    assert_eq!(places(&found), expected, "{found:?}");
}

#[test]
fn rows_that_point_down_or_at_nothing_are_found() {
    let page = sample("| `error` | | `http` |\n| `http` | | `error` |");
    let sources = [
        Source::new("core/src/error.rs", "use crate::http::Body;"),
        Source::new("core/src/http.rs", ""),
    ];
    let found: Vec<usize> = crossings(&page, &sources).iter().map(|found| found.line).collect();
    assert_eq!(found, [5, 6]);
}
