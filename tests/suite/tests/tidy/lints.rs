//! Rules enforced by the compiler: checks that they are not turned off.

use super::tree::{Source, file};

const CORE_ROOT: &str = "core/src/lib.rs";

fn forbids_unsafe(root: &Source) -> bool {
    root.text.lines().any(|line| line.trim() == "#![forbid(unsafe_code)]")
}

/// Through the workspace's lints, or by an attribute.
fn demands_docs(workspace: &Source, manifest: &Source, root: &Source) -> bool {
    let level = value(workspace, "workspace.lints.rust", "missing_docs").unwrap_or_default();
    let strict = ["deny", "forbid"].iter().any(|wanted| level.contains(wanted));
    let inherits = value(manifest, "lints", "workspace") == Some("true");
    let has_attribute =
        |line: &str| ["#![deny(missing_docs)]", "#![forbid(missing_docs)]"].contains(&line.trim());
    strict && inherits || root.text.lines().any(has_attribute)
}

/// The value of `key` in the table `[table]`, as written.
fn value<'a>(toml: &'a Source, table: &str, key: &str) -> Option<&'a str> {
    let header = format!("[{table}]");
    let lines = toml.text.lines().skip_while(|line| line.trim() != header).skip(1);
    let mut own = lines.take_while(|line| !line.starts_with('['));
    own.find_map(|line| {
        let (name, value) = line.split_once('=')?;
        (name.trim() == key).then(|| value.trim())
    })
}

#[test]
fn core_forbids_unsafe_code() {
    assert!(
        forbids_unsafe(&file(CORE_ROOT)),
        "{CORE_ROOT}:1: write `#![forbid(unsafe_code)]` at its head"
    );
}

#[test]
fn core_demands_docs_of_every_public_item() {
    let (workspace, manifest) = (file("Cargo.toml"), file("core/Cargo.toml"));
    assert!(
        demands_docs(&workspace, &manifest, &file(CORE_ROOT)),
        "Cargo.toml:1: set `missing_docs = \"deny\"` in [workspace.lints.rust], and \
         `workspace = true` in [lints] of core/Cargo.toml"
    );
}

#[test]
fn a_root_that_allows_unsafe_code_is_found() {
    let root = |text| Source::new(CORE_ROOT, text);
    assert!(forbids_unsafe(&root("//! X.\n#![forbid(unsafe_code)]\n")));
    assert!(!forbids_unsafe(&root("//! X.\n// #![forbid(unsafe_code)]\n#![deny(unsafe_code)]\n")));
}

#[test]
fn a_root_without_docs_is_found() {
    let toml = |text| Source::new("Cargo.toml", text);
    let denies = toml("[workspace.lints.rust]\nmissing_docs = \"deny\"\n");
    let table = toml("[workspace.lints.rust]\nmissing_docs = { level = \"forbid\" }\n");
    let warns =
        toml("[workspace.lints.rust]\nmissing_docs = \"warn\"\n[x]\nmissing_docs = \"deny\"\n");
    let inherits = toml("[package]\nname = \"x\"\n\n[lints]\nworkspace = true\n");
    let alone = toml("[package]\nversion.workspace = true\n[lints]\n[other]\nworkspace = true\n");
    let plain = Source::new(CORE_ROOT, "//! X.\n");
    let strict = Source::new(CORE_ROOT, "//! X.\n#![deny(missing_docs)]\n");
    assert!(demands_docs(&denies, &inherits, &plain) && demands_docs(&table, &inherits, &plain));
    assert!(!demands_docs(&warns, &inherits, &plain));
    assert!(!demands_docs(&denies, &alone, &plain));
    assert!(demands_docs(&warns, &alone, &strict));
}
