//! Builds and installs the packages of other languages for their tests and benchmarks.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::repo::Repo;
use crate::step::Step;
use crate::venv::Venv;

/// The variable with the path of the scriptable fake service.
const FAKE: &str = "TURNWIRE_FAKE_LLM";

/// The purpose of a prepared package.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Purpose {
    /// Tests, which share the build of the Rust tests.
    Tests,
    /// Benchmarks, in which the fake must not be the bottleneck.
    Benchmarks,
}

/// Python with the package and the dependencies of its tests installed.
pub(crate) struct Python {
    venv: Venv,
    fake: PathBuf,
    wheel: PathBuf,
}

impl Python {
    /// Builds and installs.
    ///
    /// # Errors
    /// When something cannot be built or installed.
    pub(crate) fn prepare(repo: &Repo, purpose: Purpose) -> Result<Self> {
        let fake = fake_llm(repo, purpose)?;
        let requirements = repo.root().join("tests/python/requirements.txt");
        let venv = Venv::prepare(repo, &repo.target("python/venv"), &requirements)?;
        npm_ci(repo, "tests/python")?;
        let wheels = repo.target("python/wheels");
        if wheels.exists() {
            fs::remove_dir_all(&wheels)?;
        }
        Step::new(repo, venv.python())
            .args(["-m", "maturin", "build", "-m", "bindings-python/Cargo.toml", "-o"])
            .args([&wheels])
            .output_to_stderr()
            .run()?;
        let wheel = fs::read_dir(&wheels)?.next().context("maturin made no wheel")??.path();
        // The same way in which a user installs it from a clone.
        Step::new(repo, venv.python())
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
            .args(["--force-reinstall", "--no-deps", "./bindings-python"])
            .output_to_stderr()
            .run()?;
        Ok(Self { venv, fake, wheel })
    }

    /// A call of its interpreter.
    pub(crate) fn step(&self, repo: &Repo) -> Step {
        Step::new(repo, self.venv.python())
            .env(FAKE, &self.fake.to_string_lossy())
            .env("TURNWIRE_WHEEL", &self.wheel.to_string_lossy())
    }
}

/// Node with the package built and the dependencies of its tests installed.
pub(crate) struct Node {
    fake: PathBuf,
    streams: PathBuf,
}

impl Node {
    /// Builds and installs.
    ///
    /// # Errors
    /// When something cannot be built or installed.
    pub(crate) fn prepare(repo: &Repo, purpose: Purpose) -> Result<Self> {
        let fake = fake_llm(repo, purpose)?;
        npm_ci(repo, "bindings-node")?;
        npm(repo, "bindings-node").args(["run", "build"]).output_to_stderr().run()?;
        npm_ci(repo, "tests/node")?;
        npm_ci(repo, "examples/node")?;
        Step::cargo(repo, "build -p turnwire-suite --bin chat-streams").run()?;
        Ok(Self { fake, streams: repo.target("debug/chat-streams") })
    }

    /// A call of one of the scripts in `tests/node`.
    pub(crate) fn script(&self, repo: &Repo, name: &str) -> Step {
        npm(repo, "tests/node")
            .args(["run", name])
            .env(FAKE, &self.fake.to_string_lossy())
            .env("TURNWIRE_CHAT_STREAMS", &self.streams.to_string_lossy())
    }
}

fn npm(repo: &Repo, folder: &str) -> Step {
    Step::new(repo, "npm").args(["--prefix", folder])
}

/// Installs the versions pinned in the folder's lock file.
fn npm_ci(repo: &Repo, folder: &str) -> Result<()> {
    npm(repo, folder).args(["ci", "--no-audit", "--no-fund"]).output_to_stderr().run()
}

/// Builds the fake services as programs: the model's, whose path it returns, and the store's in the same folder.
fn fake_llm(repo: &Repo, purpose: Purpose) -> Result<PathBuf> {
    let (profile, folder) = match purpose {
        Purpose::Tests => ("dev", "debug"),
        Purpose::Benchmarks => ("bench", "release"),
    };
    let build = "build -p turnwire-fakes --bin fake-llm --bin fake-store --profile";
    Step::cargo(repo, build).args([profile]).run()?;
    Ok(repo.target(&format!("{folder}/fake-llm")))
}
