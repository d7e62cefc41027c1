//! One version: the packages, their platforms and their extra state that of the workspace.

use super::tree::{Finding, Source, assert_none, file};

/// The folders of the npm package and its extra, and of their platforms.
const NPM: [&str; 2] = ["bindings-node", "bindings-node/nats"];
const PLATFORMS: [&str; 8] = [
    "darwin-arm64",
    "darwin-x64",
    "linux-arm64-gnu",
    "linux-arm64-musl",
    "linux-x64-gnu",
    "linux-x64-musl",
    "win32-arm64-msvc",
    "win32-x64-msvc",
];

/// Files that state the version, each with the text before it.
const OTHERS: [(&str, &str); 4] = [
    ("bindings-node/package.json", "\"turnwire-nats\": \""),
    ("bindings-python/pyproject.toml", "\"turnwire-nats=="),
    ("bindings-python/nats/pyproject.toml", "\"turnwire=="),
    ("bindings-python/python/turnwire/_extra.py", "\nVERSION = \""),
];

/// The text between `before` and the next quote.
fn stated<'a>(text: &'a str, before: &str) -> Option<&'a str> {
    text.split_once(before)?.1.split('"').next()
}

fn faults(version: &str, source: &Source, before: &str) -> Option<Finding> {
    let found = stated(&source.text, before);
    let message = format!("after `{}` there is {found:?}, not {version}", before.trim());
    (found != Some(version)).then(|| Finding::new(source, 1, message))
}

#[test]
fn every_package_states_the_version_of_the_workspace() {
    let workspace = file("Cargo.toml");
    let version = stated(&workspace.text, "[workspace.package]\nversion = \"").unwrap_or("none");
    let platforms = NPM.iter().flat_map(|folder| {
        PLATFORMS.iter().map(move |name| format!("{folder}/npm/{name}/package.json"))
    });
    let manifests = NPM.iter().map(|folder| format!("{folder}/package.json")).chain(platforms);
    let manifests = manifests.map(|path| (path, "\n  \"version\": \""));
    let others = OTHERS.iter().map(|(path, before)| ((*path).to_owned(), *before));
    let all = manifests.chain(others);
    let found: Vec<_> =
        all.filter_map(|(path, before)| faults(version, &file(&path), before)).collect();
    assert_none(&found);
}

#[test]
fn another_version_and_none_are_found() {
    let source = Source::new("a", "\"turnwire==0.2.0\"");
    assert!(faults("0.2.0", &source, "\"turnwire==").is_none());
    assert!(faults("0.1.0", &source, "\"turnwire==").is_some());
    assert!(faults("0.2.0", &source, "\"version\": \"").is_some());
}
