//! `cargo xtask system`: model, speech, store, chat service and page, on this machine, until Ctrl-C; and `cargo xtask
//! faults` on it.

use std::convert::Infallible;
use std::ffi::OsString;
use std::fs::{self, File};
use std::path;

use anyhow::{Context, Result, bail};

use crate::args::{FaultOptions, SystemOptions};
use crate::debian;
use crate::languages;
use crate::model_server::ModelServer;
use crate::repo::Repo;
use crate::store_server;
use crate::suites::SPEECH;
use crate::tools::{self, Tool};

/// The programs that it needs, with their packages; the last ones for the faults.
pub(crate) const PROGRAMS: [&[(&str, &str)]; 3] = [&SPEECH, &store_server::NEEDS, &debian::FAULTS];

/// The faults that `tests/system/faults.mjs` makes.
pub(crate) const FAULTS: [&str; 10] = [
    "store-killed",
    "worker-killed",
    "gunicorn-reloaded",
    "chat-service-killed",
    "database-full",
    "token-expires",
    "model-fails",
    "browser-gone",
    "store-killed-at-creation",
    "clock-back",
];

/// Builds the parts, and becomes the program that starts them and serves until Ctrl-C or SIGTERM.
///
/// # Errors
/// Names the missing tools, or the part that could not be built.
pub(crate) fn run(repo: &Repo, options: &SystemOptions) -> Result<Infallible> {
    let store = prepare(repo, &PROGRAMS[..2])?;
    let folder = options.data.clone().unwrap_or_else(|| repo.target("system"));
    let folder = path::absolute(folder)?;
    // A copy, as the next build writes over the store while this one runs.
    fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
    let jar = folder.join("chat-store.jar");
    fs::copy(store_server::jar(repo), &jar)
        .with_context(|| format!("writing {}", jar.display()))?;
    drop(store);
    // The locks end as this process becomes another program.
    let (mut serve, _alone) = languages::system(repo, "serve.mjs")?;
    serve = serve.env("TURNWIRE_STORE_JAR", &jar.to_string_lossy());
    if options.fake_llm {
        serve = serve.args(["--fake-llm"]);
    } else {
        serve = serve.env("TURNWIRE_MODEL_PYTHON", &ModelServer::python(repo)?.to_string_lossy());
    }
    if let Some(port) = options.port {
        serve = serve.args(["--port", &port.to_string()]);
    }
    serve.args([folder]).exec()
}

/// Runs the tests on the system.
///
/// # Errors
/// When something cannot be built, or a test fails.
pub(crate) fn test(repo: &Repo) -> Result<()> {
    let _store = prepare(repo, &PROGRAMS)?;
    languages::require_mounts(repo)?;
    debian::require(repo, &debian::CHROMIUM)?;
    languages::test_system(repo, &ModelServer::python(repo)?)
}

/// Runs the faults of some seeds on the system.
///
/// # Errors
/// Names the missing tools, the part that could not be built, or that a message was lost, doubled or out of order.
pub(crate) fn faults(repo: &Repo, options: &FaultOptions) -> Result<()> {
    let _store = prepare(repo, &PROGRAMS)?;
    languages::require_mounts(repo)?;
    let (faults, _alone) = languages::system(repo, "faults.mjs")?;
    faults.args(["--seeds", &options.seeds]).args(&options.names).run()
}

/// Measures a new conversation on the system, beside the same turn one step after another, with these options of the bench.
///
/// # Errors
/// Names the missing tools, the part that could not be built, or the bar that is missed.
pub(crate) fn bench(repo: &Repo, options: &[OsString]) -> Result<()> {
    let _store = prepare(repo, &PROGRAMS[..2])?;
    let (bench, _alone) = languages::system(repo, "bench.mjs")?;
    bench.args(options).run()
}

/// Checks the tools and builds the store, whose lock it gives. It is taken before those of the packages, by everyone.
fn prepare(
    repo: &Repo,
    programs: &'static [&'static [(&'static str, &'static str)]],
) -> Result<File> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_faults_are_those_of_the_script() {
        let script = include_str!("../../system/faults.mjs");
        let faults = script.split("export const FAULTS = {").nth(1).unwrap();
        let lines = faults.lines().take_while(|line| *line != "};");
        let names = lines.filter_map(|line| line.strip_prefix("  '")?.split_once("': async"));
        assert_eq!(names.map(|(name, _)| name).collect::<Vec<_>>(), FAULTS);
    }
}
