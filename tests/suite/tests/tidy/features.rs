//! Features: the chat client alone compiles none of the crates that the other rooms need, a package none of its extra, and no bench
//! measures a test's clock.

use std::path::Path;
use std::process::Command;

use super::tree::file;

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

/// The crates that a package is made of with these features.
fn crates(package: &str, features: &[&str]) -> Vec<String> {
    let said = tree(&[&["-p", package, "-e", "normal", "-f", "{p}"], features].concat());
    said.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

/// The output of `cargo tree`.
fn tree(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--prefix", "none"])
        .args(arguments)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")))
        .output()
        .unwrap_or_else(|error| panic!("cargo does not run: {error}"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn chat_alone_compiles_no_crate_of_another_room() {
    let alone = crates("turnwire", &["--no-default-features"]);
    let all = crates("turnwire", &["--all-features"]);
    for name in OF_FEATURES {
        assert!(!alone.iter().any(|found| found == name), "{name} is compiled for chat alone");
        // A renamed or removed crate would otherwise never be found.
        assert!(all.iter().any(|found| found == name), "{name} is compiled for nothing");
    }
}

#[test]
fn turns_compile_no_sqlite_and_no_schemas() {
    let turns = crates("turnwire", &["--no-default-features", "--features", "turns"]);
    for name in ["libsqlite3-sys", "rusqlite", "schemars"] {
        assert!(!turns.iter().any(|found| found == name), "{name} is compiled for turns");
    }
}

/// Tokio's clock for tests takes a lock at each reading: some 8 % of a chunk that comes alone. async-nats turns it on (by
/// tryhard 0.5).
#[test]
fn no_bench_of_chunks_has_the_clock_of_tests() {
    let has_clock = |package: &str, kinds: &str| {
        let said = tree(&["-p", package, "-e", &format!("{kinds},features"), "-i", "tokio"]);
        said.contains("tokio feature \"test-util\"")
    };
    assert!(!has_clock("turnwire-bench", "normal,dev"));
    assert!(
        has_clock("turnwire-nats-tests", "normal"),
        "async-nats has no such clock any more: say so in docs/scaling.md"
    );
}

#[test]
fn the_packages_compile_a_client_of_brokers_for_their_extra_alone() {
    for package in ["turnwire-node", "turnwire-python"] {
        let has_client =
            |features: &[&str]| crates(package, features).iter().any(|found| found == "async-nats");
        assert!(!has_client(&[]), "{package}");
        assert!(has_client(&["--features", "nats"]), "{package}");
    }
    let extra = file("bindings-python/nats/pyproject.toml");
    assert!(
        extra.text.contains("\nfeatures = [\"nats\"]\n"),
        "pip builds the extra without its client"
    );
}
