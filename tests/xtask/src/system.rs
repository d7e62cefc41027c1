//! `cargo xtask system`: model, speech, store, chat service and page, on this machine, until Ctrl-C; and `cargo xtask
//! faults` on it.

use std::convert::Infallible;
use std::path;

use anyhow::{Result, bail};

use crate::args::{FaultOptions, SystemOptions};
use crate::debian;
use crate::languages;
use crate::model_server::ModelServer;
use crate::repo::Repo;
use crate::store_server;
use crate::suites::SPEECH;
use crate::tools::{self, Tool};

/// The programs that it needs, with their packages; the last ones for faults.
pub(crate) const PROGRAMS: [&[(&str, &str)]; 3] = [&SPEECH, &store_server::NEEDS, &debian::FAULTS];

/// Builds the parts, and becomes the program that starts them and serves until Ctrl-C or SIGTERM.
///
/// # Errors
/// Names the missing tools, or the part that could not be built.
pub(crate) fn run(repo: &Repo, options: &SystemOptions) -> Result<Infallible> {
    prepare(repo, &PROGRAMS[..2])?;
    let mut serve = languages::system(repo, "serve.mjs")?;
    if options.fake_llm {
        serve = serve.args(["--fake-llm"]);
    } else {
        serve = serve.env("TURNWIRE_MODEL_PYTHON", &ModelServer::python(repo)?.to_string_lossy());
    }
    if let Some(port) = options.port {
        serve = serve.args(["--port", &port.to_string()]);
    }
    let folder = options.data.clone().unwrap_or_else(|| repo.target("system"));
    serve.args([path::absolute(folder)?]).exec()
}

/// Runs the tests on the system.
///
/// # Errors
/// When something cannot be built, or a test fails.
pub(crate) fn test(repo: &Repo) -> Result<()> {
    prepare(repo, &PROGRAMS)?;
    debian::require(repo, &debian::CHROMIUM)?;
    languages::test_system(repo, &ModelServer::python(repo)?)
}

/// Runs the faults of some seeds on the system.
///
/// # Errors
/// Names the missing tools, the part that could not be built, or that a message was lost, doubled or out of order.
pub(crate) fn faults(repo: &Repo, options: &FaultOptions) -> Result<()> {
    prepare(repo, &PROGRAMS)?;
    languages::faults(repo)?.args(["--seeds", &options.seeds]).args(&options.names).run()
}

/// Measures a new conversation on the system, beside the same turn one step after another.
///
/// # Errors
/// Names the missing tools, the part that could not be built, or the bar that is missed.
pub(crate) fn bench(repo: &Repo) -> Result<()> {
    prepare(repo, &PROGRAMS[..2])?;
    languages::system(repo, "bench.mjs")?.run()
}

fn prepare(
    repo: &Repo,
    programs: &'static [&'static [(&'static str, &'static str)]],
) -> Result<()> {
    let tools = programs.iter().map(|programs| Tool::Programs(programs));
    let tools: Vec<_> = [Tool::Python, Tool::Node].into_iter().chain(tools).collect();
    if let Some(missing) = tools::missing_of(repo, &tools) {
        bail!("{missing}");
    }
    for programs in programs {
        debian::require(repo, programs)?;
    }
    store_server::build(repo)
}
