//! The table of suites of `cargo xtask test`. A new suite is a row and a function.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::debian;
use crate::languages::{self, Node, Purpose, Python};
use crate::model_server::ModelServer;
use crate::nats;
use crate::repo::Repo;
use crate::step::{Step, together};
use crate::store_server::{self, StoreServer};
use crate::system;
use crate::tools::Tool;
use crate::venv::Venv;

/// One suite, which passes or fails.
#[derive(Debug)]
pub(crate) struct Suite {
    /// Its name on the command line.
    pub(crate) name: &'static str,
    /// Its line in `--list`.
    pub(crate) about: &'static str,
    /// The tools that it needs.
    pub(crate) needs: &'static [Tool],
    /// Installs its dependencies and runs it.
    pub(crate) run: fn(&Repo) -> Result<()>,
}

/// Every suite, in the order in which they start, two at a time: the packages first, which take longest, and which `system`
/// and `browser` need for themselves. Those come next, so that there are suites without a package for beside them and after
/// them; the shortest fill the end.
pub(crate) static ALL: &[Suite] = &[
    Suite { name: "fmt", about: "the code is formatted", needs: &[Tool::Rustfmt], run: fmt },
    Suite {
        name: "node",
        about: "the npm package, packed and not, and its extra for NATS",
        needs: &[Tool::Node, Tool::Programs(&debian::NATS)],
        run: node,
    },
    Suite {
        name: "clippy",
        about: "clippy has nothing to say",
        needs: &[Tool::Clippy],
        run: clippy,
    },
    Suite {
        name: "python",
        about: "the Python wheel, its types, servers and forks, its extra for NATS, and libraries that are given its clients",
        needs: &[Tool::Python, Tool::Node, Tool::Programs(&debian::NATS)],
        run: python,
    },
    Suite {
        name: "unit",
        about: "the tests of every crate, and the doc tests",
        needs: &[],
        run: unit,
    },
    Suite {
        name: "nats",
        about: "the outbox over real NATS servers, killed, restarted and in a cluster",
        needs: &[Tool::Python, Tool::Programs(&nats::NEEDS)],
        run: nats::test,
    },
    Suite {
        name: "system",
        about: "the whole system: the page in Chromium, clients of all languages, faults, and a real model",
        needs: &[
            Tool::Python,
            Tool::Node,
            Tool::Programs(&SPEECH),
            Tool::Programs(&store_server::NEEDS),
            Tool::Programs(&debian::FAULTS),
            Tool::Programs(&debian::CHROMIUM),
        ],
        run: system::test,
    },
    Suite {
        name: "browser",
        about: "the npm package in pages: bundlers, both Reacts, and a real Chromium",
        needs: &[Tool::Python, Tool::Node, Tool::Programs(&debian::CHROMIUM)],
        run: browser,
    },
    Suite {
        name: "store",
        about: "the Spring Boot store, and the cases of stores against it",
        needs: &[Tool::Programs(&store_server::NEEDS)],
        run: store,
    },
    Suite {
        name: "crash",
        about: "the outbox and the embedded store, killed at their writes, forked, hung and on a full disk",
        needs: &[Tool::Programs(&debian::CRASH)],
        run: crash,
    },
    Suite {
        name: "msrv",
        about: "the oldest compiler that is promised builds the core",
        needs: &[],
        run: msrv,
    },
    Suite {
        name: "features",
        about: "each feature of the core alone, and the packages without their extra, pass clippy; what is built alone compiles",
        needs: &[Tool::Clippy],
        run: features,
    },
    Suite {
        name: "semver",
        about: "the public face is the one that is listed",
        needs: &[],
        run: semver,
    },
    Suite {
        name: "docs",
        about: "the documentation builds without a warning",
        needs: &[],
        run: docs,
    },
    Suite {
        name: "speech",
        about: "real voices, players, and the requests of gtts",
        needs: &[Tool::Python, Tool::Programs(&SPEECH)],
        run: speech,
    },
    Suite {
        name: "local-llm",
        about: "the client against a real model, served on loopback",
        needs: &[Tool::Python],
        run: local_llm,
    },
    Suite { name: "package", about: "the crate can be published", needs: &[], run: package },
];

/// The programs that speech needs, with their packages.
pub(crate) const SPEECH: [(&str, &str); 3] =
    [("espeak-ng", "espeak-ng"), ("ffmpeg", "ffmpeg"), ("mpg123", "mpg123")];

/// The suite with this name.
///
/// # Errors
/// Lists the names when there is none.
pub(crate) fn find(name: &str) -> Result<&'static Suite, String> {
    ALL.iter().find(|suite| suite.name == name).ok_or_else(|| {
        let names: Vec<_> = ALL.iter().map(|suite| suite.name).collect();
        format!("there is no suite `{name}`; the suites are: {}", names.join(", "))
    })
}

/// All suites, one per line.
pub(crate) fn listing() -> String {
    ALL.iter().map(|suite| format!("{:<11}{}\n", suite.name, suite.about)).collect()
}

fn fmt(repo: &Repo) -> Result<()> {
    Step::cargo(repo, "fmt --all --check").run()
}

fn clippy(repo: &Repo) -> Result<()> {
    Step::cargo(repo, "clippy --workspace --all-targets --all-features -- -D warnings").run()
}

fn unit(repo: &Repo) -> Result<()> {
    together(repo, "test --no-fail-fast").run()
}

fn docs(repo: &Repo) -> Result<()> {
    Step::cargo(repo, "doc --no-deps --workspace --all-features --exclude turnwire-bench")
        .env("RUSTDOCFLAGS", "-D warnings")
        .run()
}

fn features(repo: &Repo) -> Result<()> {
    let manifest = fs::read_to_string(repo.root().join("core/Cargo.toml"))?;
    // None, each, and all that are promised; the suite clippy sees all with the bindings' own.
    for feature in ["", PROMISED].into_iter().chain(names_of_features(&manifest)) {
        Step::cargo(repo, "clippy --quiet -p turnwire --lib --no-default-features --features")
            .args([feature, "--", "-D", "warnings"])
            .run()?;
    }
    // The packages as most users have them; the suite clippy sees them with their extra.
    Step::cargo(repo, "clippy --quiet -p turnwire-node -p turnwire-python -- -D warnings").run()?;
    // Users and benches build these alone; all other suites build them beside crates that choose more features of dependencies.
    for alone in
        ["turnwire-fakes --bins", "turnwire-nats-tests --bins", "turnwire-examples --examples"]
    {
        Step::cargo(repo, &format!("check --quiet -p {alone}")).run()?;
    }
    Ok(())
}

/// The features that a manifest defines.
fn names_of_features(manifest: &str) -> impl Iterator<Item = &str> {
    let section = manifest.split("[features]").nth(1).unwrap_or_default();
    let lines = section.lines().take_while(|line| !line.starts_with('['));
    lines.filter_map(|line| line.split_once(" = [")).map(|(name, _)| name)
}

/// The features with a stable API: all except the bindings' own.
const PROMISED: &str =
    "eventsource-stream,nats,outbox-sqlite,schema,service,store-sqlite,timeline-svg,turns";

fn semver(repo: &Repo) -> Result<()> {
    Step::cargo(repo, "rustdoc -p turnwire --lib --no-default-features --features")
        .args([PROMISED, "--", "-Z", "unstable-options", "--output-format", "json"])
        .env("RUSTDOC", &repo.root().join("tests/suite/rustdoc-json.sh").to_string_lossy())
        .run()?;
    together(repo, "test")
        .args(["--features", "turnwire-suite/public-api", "--test", "public_api"])
        .env("TURNWIRE_RUSTDOC_JSON", &repo.target("doc/turnwire.json").to_string_lossy())
        .run()
}

fn msrv(repo: &Repo) -> Result<()> {
    let manifest = fs::read_to_string(repo.root().join("Cargo.toml"))?;
    let version =
        manifest.split("rust-version = \"").nth(1).and_then(|rest| rest.split('"').next());
    let version = &format!("{}.0", version.context("Cargo.toml names no rust-version")?);
    let rustup = |arguments: &[&str]| Step::new(repo, "rustup").args(arguments);
    let is_there = || rustup(&["run", version, "cargo", "--version"]).read().is_ok();
    let install = ["toolchain", "install", version, "--profile", "minimal", "--no-self-update"];
    if !is_there() && rustup(&install).run().is_err() {
        eprintln!(
            "msrv: nothing is built, as rustup cannot install Rust {version}; the lint `incompatible_msrv` of the suite \
             clippy has looked for names of the standard library that are younger"
        );
        return Ok(());
    }
    // A separate folder, removed at once: nothing else is built with this compiler.
    let target = repo.target("msrv");
    rustup(&["run", version, "cargo", "check", "--quiet", "-p", "turnwire", "--all-features"])
        .env("CARGO_TARGET_DIR", &target.to_string_lossy())
        .run()?;
    Ok(fs::remove_dir_all(target)?)
}

fn package(repo: &Repo) -> Result<()> {
    Step::cargo(repo, "publish --dry-run --allow-dirty -p turnwire").run()
}

fn crash(repo: &Repo) -> Result<()> {
    debian::require(repo, &debian::CRASH)?;
    let crash = languages::crash(repo)?;
    for run in [
        "kill --records 8000",
        "sweep --step 11",
        "fork --forks 5",
        "announced --forks 60",
        "inherit",
        "hang",
        "opening",
        "store --saves 1500 --turns 40",
        "full",
        "share --records 600",
        "stop",
    ] {
        Step::new(repo, &crash).args(run.split(' ')).run()?;
    }
    Ok(())
}

fn python(repo: &Repo) -> Result<()> {
    debian::require(repo, &debian::NATS)?;
    let python = Python::prepare(repo, Purpose::Tests)?;
    let tests = ["-m", "pytest", "--quiet", "tests/python", "-m"];
    python.step(repo).args(tests).args(["not nats"]).run()?;
    python.step_with_nats(repo)?.args(tests).args(["nats"]).run()?;
    // They have an older `openai` package, with which its clients are tested once more.
    python
        .step_with_libraries(repo)?
        .args(["-m", "pytest", "--quiet", "tests/python/libraries"])
        .args(["", "_errors", "_settings"].map(|part| format!("tests/python/test_openai{part}.py")))
        .run()?;
    kill(repo, [python.program(), "tests/python/talk.py".as_ref()])
}

fn node(repo: &Repo) -> Result<()> {
    debian::require(repo, &debian::NATS)?;
    let node = Node::prepare(repo, Purpose::Tests)?;
    node.script(repo, "test").run()?;
    kill(repo, ["node".as_ref(), "tests/node/talk.mjs".as_ref()])
}

fn browser(repo: &Repo) -> Result<()> {
    debian::require(repo, &debian::CHROMIUM)?;
    languages::test_pages(repo)
}

/// Kills a program amid its turns.
fn kill(repo: &Repo, program: [&Path; 2]) -> Result<()> {
    Step::new(repo, languages::crash(repo)?)
        .args(["host", "--kills", "15", "--"])
        .args(program)
        .run()
}

fn store(repo: &Repo) -> Result<()> {
    debian::require(repo, &store_server::NEEDS)?;
    // Held while the built store runs.
    let _alone = store_server::test(repo)?;
    let server = StoreServer::for_tests(repo)?;
    together(repo, "test")
        .args(["--test", "store", "conformance::"])
        .env("TURNWIRE_CHAT_STORE_URL", server.url())
        .run()
}

fn speech(repo: &Repo) -> Result<()> {
    debian::require(repo, &SPEECH)?;
    let requirements = repo.root().join("tests/gtts/requirements.txt");
    let gtts = Venv::prepare(repo, &repo.target("gtts/venv"), &requirements)?;
    together(repo, "test")
        .args(["--features", "turnwire-suite/speech-tools", "--test", "real_speech"])
        .env("TURNWIRE_GTTS_PYTHON", &gtts.python().to_string_lossy())
        .run()
}

fn local_llm(repo: &Repo) -> Result<()> {
    // Held until the tests end: dropping it ends the server.
    let server = ModelServer::start(repo, None)?;
    together(repo, "test")
        .args(["--features", "turnwire-suite/local-llm", "--test", "local_llm"])
        .env("TURNWIRE_LOCAL_LLM_URL", server.base_url())
        .run()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_can_be_typed() {
        for (index, suite) in ALL.iter().enumerate() {
            assert!(
                suite.name.chars().all(|c| c.is_ascii_lowercase() || c == '-'),
                "{}",
                suite.name
            );
            assert!(ALL.iter().skip(index + 1).all(|other| other.name != suite.name));
            assert!(std::ptr::eq(find(suite.name).unwrap(), suite));
        }
    }

    #[test]
    fn the_listing_has_a_line_for_each() {
        let listing = listing();
        assert_eq!(listing.lines().count(), ALL.len());
        for (line, suite) in listing.lines().zip(ALL) {
            assert!(line.starts_with(&format!("{} ", suite.name)), "{line}");
        }
    }
}
