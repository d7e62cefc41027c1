//! Builds and installs the packages of other languages for their tests and benchmarks.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::repo::Repo;
use crate::step::{Step, together};
use crate::venv::Venv;

/// The variable with the path of the scriptable fake service.
const FAKE: &str = "TURNWIRE_FAKE_LLM";

/// The locks of both packages. Nobody else builds or installs them until this is dropped.
pub(crate) type Alone = [File; 2];

/// The purpose of a prepared package.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Purpose {
    /// Tests, which need the fake services.
    Tests,
    /// Benchmarks, which need the peers.
    Benchmarks,
    /// The benchmark of turns and the whole system, whose other programs are among the dependencies of the tests.
    Turns,
}

/// Python with the package and the dependencies of its tests installed.
pub(crate) struct Python {
    venv: Venv,
    wheel: PathBuf,
    variables: Vec<(&'static str, PathBuf)>,
    /// Held while its packages are in use.
    _alone: File,
}

impl Python {
    /// Builds and installs.
    ///
    /// # Errors
    /// When something cannot be built or installed.
    pub(crate) fn prepare(repo: &Repo, purpose: Purpose) -> Result<Self> {
        let alone = repo.lock("python-package")?;
        let venv = python_venv(repo, "venv", "requirements.txt")?;
        let wheel = own_wheel(repo, &venv)?;
        install(repo, &venv, &wheel)?;
        let mut variables = vec![("TURNWIRE_WHEEL", wheel.clone())];
        match purpose {
            Purpose::Tests => {
                npm_ci(repo, "tests/pages")?;
                variables.push((FAKE, programs(repo)?));
            }
            Purpose::Benchmarks => {
                let peers = python_venv(repo, "peers", "requirements-peers.txt")?;
                variables.push(("TURNWIRE_PEERS_PYTHON", peers.python().to_owned()));
            }
            Purpose::Turns => {}
        }
        npm_ci(repo, "tests/python")?;
        Ok(Self { venv, wheel, variables, _alone: alone })
    }

    /// A call of another interpreter, which has the wheel beside the libraries that are given an `openai` client.
    ///
    /// # Errors
    /// When something cannot be installed.
    pub(crate) fn step_with_libraries(&self, repo: &Repo) -> Result<Step> {
        let venv = python_venv(repo, "libraries", "requirements-libraries.txt")?;
        install(repo, &venv, &self.wheel)?;
        Ok(with_variables(Step::new(repo, venv.python()), &self.variables))
    }

    /// A call of its interpreter, which finds the extra for NATS as well.
    ///
    /// # Errors
    /// When the extra cannot be built or installed.
    pub(crate) fn step_with_nats(&self, repo: &Repo) -> Result<Step> {
        let extra = NatsExtra::prepare(repo, &self.venv)?;
        let step = self.step(repo).env("PYTHONPATH", &extra.folder.to_string_lossy());
        Ok(step.env("TURNWIRE_NATS_WHEEL", &extra.wheel.to_string_lossy()))
    }

    /// Its interpreter.
    pub(crate) fn program(&self) -> &Path {
        self.venv.python()
    }

    /// A call of its interpreter.
    pub(crate) fn step(&self, repo: &Repo) -> Step {
        with_variables(Step::new(repo, self.venv.python()), &self.variables)
    }
}

/// The extra for NATS of the Python package, in a folder of its own: what is installed without it stays so.
struct NatsExtra {
    wheel: PathBuf,
    folder: PathBuf,
}

impl NatsExtra {
    /// Builds and installs; the caller holds the lock of the package.
    fn prepare(repo: &Repo, venv: &Venv) -> Result<Self> {
        let wheel = wheel_from_clone(
            repo,
            venv,
            "nats-wheels",
            "./bindings-python/nats",
            "nats,beside-npm",
        )?;
        let folder = repo.target("python/nats");
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        pip(repo, venv, "install")
            .args(["--no-deps", "--target"])
            .args([&folder, &wheel])
            .output_to_stderr()
            .run()?;
        Ok(Self { wheel, folder })
    }
}

/// Node with the package built and the dependencies of its tests installed.
pub(crate) struct Node {
    variables: Vec<(&'static str, PathBuf)>,
    /// Held while its package is in use.
    _alone: File,
}

impl Node {
    /// Builds and installs.
    ///
    /// # Errors
    /// When something cannot be built or installed.
    pub(crate) fn prepare(repo: &Repo, purpose: Purpose) -> Result<Self> {
        let alone = npm_package(repo)?;
        npm_ci(repo, "tests/node")?;
        let mut variables = Vec::new();
        if let Purpose::Tests = purpose {
            npm_ci(repo, "examples/node")?;
            npm_ci(repo, "tests/pages")?;
            variables.push((FAKE, programs(repo)?));
            variables.push(("TURNWIRE_CHAT_STREAMS", repo.target("debug/chat-streams")));
            variables.push(("TURNWIRE_NATS_NATIVE", native_with_nats(repo)?));
        }
        Ok(Self { variables, _alone: alone })
    }

    /// A call of one of the scripts in `tests/node`.
    pub(crate) fn script(&self, repo: &Repo, name: &str) -> Step {
        with_variables(npm(repo, "tests/node").args(["run", name]), &self.variables)
    }
}

/// Tests of pages: the npm package and the example pages built, the fake services, and a chat service in Python.
///
/// # Errors
/// When something cannot be built or installed, or a test fails.
pub(crate) fn test_pages(repo: &Repo) -> Result<()> {
    let _python = repo.lock("python-package")?;
    let _package = npm_package(repo)?;
    npm_ci(repo, "tests/browser")?;
    for page in ["examples/react", "examples/react-cra"] {
        npm_ci(repo, page)?;
        npm(repo, page).args(["run", "build"]).output_to_stderr().run()?;
    }
    let python = python_venv(repo, "venv", "requirements.txt")?;
    install(repo, &python, &own_wheel(repo, &python)?)?;
    let variables = [(FAKE, programs(repo)?), ("TURNWIRE_PYTHON", python.python().to_owned())];
    with_variables(npm(repo, "tests/browser").args(["run", "test"]), &variables).run()
}

/// The whole system's programs in other languages: a chat service in Python, which reaches a broker if there is one, and the example
/// page. The step is a call of a script in `tests/system`.
///
/// # Errors
/// When something cannot be built or installed.
pub(crate) fn system(repo: &Repo, script: &str, has_broker: bool) -> Result<(Step, Alone)> {
    let alone = packages_for_system(repo)?;
    let node = Step::new(repo, "node").args([format!("tests/system/{script}")]);
    Ok((system_step(repo, node, fake_llm(repo)?, has_broker)?, alone))
}

/// Tests of the whole system, with the clients of all languages and a driver of Chromium; `model` is the interpreter of the
/// real model, and `broker` has the variables of [`nats::for_system`](crate::nats::for_system).
///
/// # Errors
/// When something cannot be built or installed, or a test fails.
pub(crate) fn test_system(
    repo: &Repo,
    model: &Path,
    broker: &[(&'static str, PathBuf)],
) -> Result<()> {
    let _python = repo.lock("python-package")?;
    let _package = npm_package(repo)?;
    npm_ci(repo, "tests/browser")?;
    let tests = ["ledger", "outboxes", "system", "faults", "nats-faults", "model"];
    let tests = tests.map(|name| format!("tests/system/{name}.test.mjs"));
    let node = Step::new(repo, "node").args(["--test", "--test-reporter=spec"]);
    let node = node.args(["--test-concurrency=1"]).args(tests);
    let step = system_step(repo, node, programs(repo)?, true)?;
    with_variables(step, broker).env("TURNWIRE_MODEL_PYTHON", &model.to_string_lossy()).run()
}

/// Ensures that the database of the faults can be started: in a namespace of its own it mounts a small file system.
///
/// # Errors
/// When this machine does not permit it; the error has the remedy.
pub(crate) fn require_mounts(repo: &Repo) -> Result<()> {
    let folder = repo.target("locks");
    fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
    let mount = ["mount", "-t", "tmpfs", "turnwire"];
    let unshared = Step::new(repo, "unshare").args(["--map-root-user", "--mount"]);
    unshared.args(mount).args([folder]).read().map(drop).context(
        "the database of the faults needs a small file system, and this machine does not let this user mount one: run it as \
         root, permit user namespaces (`sysctl kernel.unprivileged_userns_clone=1`, \
         `kernel.apparmor_restrict_unprivileged_userns=0`), or give the container the capability SYS_ADMIN",
    )
}

/// Locks both packages, and builds the part of one that is for pages.
fn packages_for_system(repo: &Repo) -> Result<Alone> {
    let alone = [repo.lock("python-package")?, repo.lock("npm-package")?];
    npm_ci(repo, "bindings-node")?;
    npm(repo, "bindings-node").args(["run", "build:ts"]).output_to_stderr().run()?;
    Ok(alone)
}

/// The caller holds the locks of the packages. `fake` is the path of the scriptable fake service.
fn system_step(repo: &Repo, step: Step, fake: PathBuf, has_broker: bool) -> Result<Step> {
    npm_ci(repo, "examples/react")?;
    let python = python_venv(repo, "venv", "requirements.txt")?;
    install(repo, &python, &own_wheel(repo, &python)?)?;
    let mut variables = vec![
        (FAKE, fake),
        ("TURNWIRE_PYTHON", python.python().to_owned()),
        ("TURNWIRE_TARGET", repo.target("")),
    ];
    if has_broker {
        variables.push(("TURNWIRE_NATS_EXTRA", NatsExtra::prepare(repo, &python)?.folder));
    }
    Ok(with_variables(step, &variables))
}

/// Builds the npm package; no other suite builds it while the lock is held.
fn npm_package(repo: &Repo) -> Result<File> {
    let alone = repo.lock("npm-package")?;
    npm_ci(repo, "bindings-node")?;
    npm(repo, "bindings-node").args(["run", "build"]).output_to_stderr().run()?;
    Ok(alone)
}

/// Builds the native part of the npm package's extra for NATS, and returns its folder.
fn native_with_nats(repo: &Repo) -> Result<PathBuf> {
    let folder = repo.target("npm-nats");
    npm(repo, "bindings-node")
        .args(["run", "build:nats", "--", "--to"])
        .args([&folder])
        .output_to_stderr()
        .run()?;
    Ok(folder)
}

/// Builds the Python package.
fn own_wheel(repo: &Repo, venv: &Venv) -> Result<PathBuf> {
    wheel_from_clone(repo, venv, "wheels", "./bindings-python", "beside-npm")
}

/// Builds a Python package in the same way as a user's pip does from a clone, but with the check of the libraries that
/// it links that a published one passes, and on the core that the npm package has.
fn wheel_from_clone(
    repo: &Repo,
    venv: &Venv,
    place: &str,
    package: &str,
    features: &str,
) -> Result<PathBuf> {
    let wheels = repo.target("python").join(place);
    if wheels.exists() {
        fs::remove_dir_all(&wheels)?;
    }
    let build = format!("build-args=--compatibility pypi --features {features}");
    pip(repo, venv, "wheel")
        .args(["--no-deps", "--config-settings", &build, "--wheel-dir"])
        .args([&wheels])
        .args([package])
        .output_to_stderr()
        .run()?;
    Ok(fs::read_dir(&wheels)?.next().context("pip made no wheel")??.path())
}

/// Installs a wheel, even over one of the same version.
fn install(repo: &Repo, venv: &Venv, wheel: &Path) -> Result<()> {
    pip(repo, venv, "install")
        .args(["--force-reinstall", "--no-deps"])
        .args([wheel])
        .output_to_stderr()
        .run()
}

fn pip(repo: &Repo, venv: &Venv, command: &str) -> Step {
    let quietly = ["--quiet", "--disable-pip-version-check"];
    Step::new(repo, venv.python()).args(["-m", "pip", command]).args(quietly)
}

/// The environment below `target/python` with these requirements of `tests/python`.
fn python_venv(repo: &Repo, name: &str, requirements: &str) -> Result<Venv> {
    let requirements = repo.root().join("tests/python").join(requirements);
    Venv::prepare(repo, &repo.target("python").join(name), &requirements)
}

/// The step with these variables, each a path.
pub(crate) fn with_variables(step: Step, variables: &[(&'static str, PathBuf)]) -> Step {
    variables.iter().fold(step, |step, (name, path)| step.env(name, &path.to_string_lossy()))
}

fn npm(repo: &Repo, folder: &str) -> Step {
    Step::new(repo, "npm").args(["--prefix", folder])
}

/// Installs the versions pinned in the folder's lock file, unless they are there.
fn npm_ci(repo: &Repo, folder: &str) -> Result<()> {
    let _alone = repo.lock(&format!("npm-{}", folder.replace('/', "-")))?;
    let path = repo.root().join(folder);
    let pinned = fs::read(path.join("package-lock.json"))
        .with_context(|| format!("reading {folder}/package-lock.json"))?;
    // Written last, and removed first by npm: an incomplete folder has none.
    let marker = path.join("node_modules/.made-from.json");
    if fs::read(&marker).is_ok_and(|made_from| made_from == pinned) {
        return Ok(());
    }
    npm(repo, folder).args(["ci", "--no-audit", "--no-fund"]).output_to_stderr().run()?;
    fs::write(&marker, pinned).with_context(|| format!("writing {}", marker.display()))
}

/// Builds the fake model alone, for those who run the system, and returns its path.
fn fake_llm(repo: &Repo) -> Result<PathBuf> {
    Step::cargo(repo, "build -p turnwire-fakes --bin fake-llm").run()?;
    Ok(repo.target("debug/fake-llm"))
}

/// Builds all programs that tests run, with what other suites build, and returns the fake model's path; the others are in
/// the same folder.
fn programs(repo: &Repo) -> Result<PathBuf> {
    let names =
        ["fake-llm", "fake-store", "fake-chat", "chat-streams", "chat-turn", "turnwire-crash"];
    // With a test among them Cargo chooses the features that tests have.
    let build = together(repo, "build").args(["--test", "tidy"]);
    build.args(names.into_iter().flat_map(|name| ["--bin", name])).run()?;
    Ok(repo.target("debug/fake-llm"))
}

/// Builds the program that kills processes, and returns its path.
///
/// # Errors
/// When it does not compile.
pub(crate) fn crash(repo: &Repo) -> Result<PathBuf> {
    Ok(programs(repo)?.with_file_name("turnwire-crash"))
}
