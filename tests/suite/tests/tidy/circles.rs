//! No import cycles between files, direct or indirect. A permitted cycle is listed, with its reason, in ARCHITECTURE.md
//! under "Circles that stay".

use std::collections::BTreeSet;

use super::imports::{Graph, python, rust, typescript};
use super::tree::{Source, file, tree};

const PAGE: &str = "core/ARCHITECTURE.md";
const HEADING: &str = "## Circles that stay";

/// The groups of files that all import each other, directly or indirectly.
fn circles<'a>(graph: &Graph<'a>) -> Vec<Vec<&'a str>> {
    let reached = |from: &'a str| {
        let mut seen = BTreeSet::new();
        let mut open = vec![from];
        while let Some(file) = open.pop() {
            for next in graph.get(file).into_iter().flatten().copied() {
                if seen.insert(next) {
                    open.push(next);
                }
            }
        }
        seen
    };
    let mut found: Vec<Vec<&str>> = Vec::new();
    for file in graph.keys().copied() {
        if found.iter().flatten().any(|known| *known == file) {
            continue;
        }
        let around = reached(file);
        if around.contains(file) {
            found.push(around.into_iter().filter(|other| reached(other).contains(file)).collect());
        }
    }
    found
}

/// The cycles that the page permits: the files in backticks of each item below the heading.
fn allowed(page: &str) -> Vec<Vec<&str>> {
    let section = page.split(HEADING).nth(1).and_then(|rest| rest.split("\n## ").next());
    let items = section.unwrap_or_default().split("\n- ").skip(1);
    let mut circles: Vec<Vec<&str>> = items
        .map(|item| item.split('`').skip(1).step_by(2).filter(|word| word.contains('/')).collect())
        .collect();
    circles.iter_mut().for_each(|circle| circle.sort_unstable());
    circles
}

fn assert_none(graph: &Graph<'_>) {
    assert!(graph.len() > 5, "the files were not found: {graph:?}");
    let page = file(PAGE);
    let allowed = allowed(&page.text);
    let found = circles(graph);
    let mut lines = Vec::new();
    for circle in found.iter().filter(|circle| !allowed.contains(circle)) {
        lines.push(format!("a circle of {} files:", circle.len()));
        for file in circle {
            let next = graph.get(file).into_iter().flatten().filter(|next| circle.contains(next));
            let next: Vec<&str> = next.copied().collect();
            lines.push(format!("  {file} imports {}", next.join(", ")));
        }
    }
    let is_here = |circle: &&Vec<&str>| circle.iter().any(|file| graph.contains_key(file));
    for circle in allowed.iter().filter(is_here).filter(|circle| !found.contains(circle)) {
        lines.push(format!("{PAGE} allows a circle that is none: {}", circle.join(", ")));
    }
    assert!(lines.is_empty(), "{}", lines.join("\n"));
}

#[test]
fn core_has_no_circle_of_files() {
    assert_none(&rust(tree(), "core/src"));
}

#[test]
fn the_python_package_has_no_circle_of_files() {
    assert_none(&rust(tree(), "bindings-python/src"));
    assert_none(&python(tree(), "bindings-python/python/turnwire"));
}

#[test]
fn the_npm_package_has_no_circle_of_files() {
    assert_none(&rust(tree(), "bindings-node/src"));
    assert_none(&typescript(tree(), "bindings-node/ts"));
}

#[test]
fn a_circle_through_a_modules_face_is_found() {
    let sources = [
        Source::new("c/lib.rs", "pub mod room;\npub use room::A;"),
        Source::new(
            "c/room/mod.rs",
            "mod a;\nmod b;\nmod c;\npub use a::A;\npub(crate) use {b::B};",
        ),
        Source::new("c/room/a.rs", "use super::b::{self, other};\nstruct A;"),
        Source::new("c/room/b.rs", "use crate::room::A;\nstruct B;"),
        Source::new("c/room/c.rs", "use super::{A, B};"),
    ];
    assert_eq!(circles(&rust(&sources, "c")), [["c/room/a.rs", "c/room/b.rs"]]);
}

#[test]
fn a_module_that_uses_its_own_file_is_no_circle_unless_the_file_uses_it() {
    let files = |child: &str| {
        [
            Source::new("c/lib.rs", "mod room;"),
            Source::new("c/room.rs", "mod a;\nuse a::A;\nfn help() {}"),
            Source::new("c/room/a.rs", child),
        ]
    };
    assert!(circles(&rust(&files("pub(super) struct A;"), "c")).is_empty());
    let found = files("use super::help;\npub(super) struct A;");
    assert_eq!(circles(&rust(&found, "c")), [["c/room.rs", "c/room/a.rs"]]);
    let test_only = files("#[cfg(test)]\nmod tests { use super::super::help; }");
    assert!(circles(&rust(&test_only, "c")).is_empty());
}

#[test]
fn imports_of_types_count_in_typescript_and_in_python() {
    let sources = [
        Source::new("p/a.ts", "import type { B } from './b.js'"),
        Source::new("p/b.ts", "export { A } from './a.js'\nimport fs from 'node:fs'"),
        Source::new("p/_a.py", "if TYPE_CHECKING:\n    from ._b import B\n"),
        Source::new("p/_b.py", "from . import (\n    _a,\n    other,\n)\n"),
        Source::new("p/__init__.py", "from ._a import A\n"),
        Source::new("p/sub/_c.py", "from .._b import B\n"),
    ];
    assert_eq!(circles(&typescript(&sources, "p")), [["p/a.ts", "p/b.ts"]]);
    // `other` is a name of the package itself, so `_b` imports `__init__` too.
    assert_eq!(circles(&python(&sources, "p")), [["p/__init__.py", "p/_a.py", "p/_b.py"]]);
}

#[test]
fn the_page_lists_circles_by_their_files() {
    let page = format!(
        "# A\n{HEADING}\n\nText.\n\n- `c/b.rs` and\n  `c/a.rs`: `Names` differ.\n\n## B\n- `c/d.rs`\n"
    );
    assert_eq!(allowed(&page), [["c/a.rs", "c/b.rs"]]);
    assert!(allowed("# A\n- `c/d.rs`").is_empty());
}
