//! Features of the core: the chat client alone compiles none of the crates that the other rooms need.

use std::path::Path;
use std::process::Command;

/// Crates of a feature, which `--no-default-features` leaves out.
const OF_FEATURES: &[&str] = &[
    "async-nats",
    "jiff",
    "libsqlite3-sys",
    "nix",
    "nkeys",
    "rusqlite",
    "schemars",
    "tempfile",
    "unicode-properties",
    "unicode-segmentation",
];

/// The crates that the core is made of with these features.
fn crates(features: &[&str]) -> Vec<String> {
    let tree =
        ["tree", "--offline", "-p", "turnwire", "-e", "normal", "--prefix", "none", "-f", "{p}"];
    let output = Command::new(env!("CARGO"))
        .args(tree)
        .args(features)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")))
        .output()
        .unwrap_or_else(|error| panic!("cargo does not run: {error}"));
    let (said, why) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{why}");
    said.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

#[test]
fn chat_alone_compiles_no_crate_of_another_room() {
    let alone = crates(&["--no-default-features"]);
    let all = crates(&["--all-features"]);
    for name in OF_FEATURES {
        assert!(!alone.iter().any(|found| found == name), "{name} is compiled for chat alone");
        // A renamed or removed crate would otherwise never be found.
        assert!(all.iter().any(|found| found == name), "{name} is compiled for nothing");
    }
}

#[test]
fn turns_compile_no_sqlite_and_no_schemas() {
    let turns = crates(&["--no-default-features", "--features", "turns"]);
    for name in ["libsqlite3-sys", "rusqlite", "schemars"] {
        assert!(!turns.iter().any(|found| found == name), "{name} is compiled for turns");
    }
}
