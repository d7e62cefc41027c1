//! `cargo xtask bench`: the benchmarks.

use anyhow::Result;

use crate::args::BenchOptions;
use crate::languages::{Node, Purpose, Python};
use crate::repo::Repo;
use crate::step::Step;

/// Runs the benches named, or all. `python` and `node` are those of the packages.
///
/// # Errors
/// When one does not build or run.
pub(crate) fn run(repo: &Repo, options: &BenchOptions) -> Result<()> {
    let all = options.names.is_empty();
    let is_package = |name: &&String| matches!(name.as_str(), "python" | "node");
    let named = |name: &str| options.names.iter().any(|chosen| chosen == name);
    let in_rust: Vec<_> = options.names.iter().filter(|name| !is_package(name)).collect();
    if all || !in_rust.is_empty() {
        let chosen = in_rust.into_iter().flat_map(|name| ["--bench", name]);
        let mut step = Step::cargo(repo, "bench -p turnwire-bench").args(chosen);
        if !options.passed_through.is_empty() {
            step = step.args(["--"]).args(&options.passed_through);
        }
        step.run()?;
    }
    if all || named("python") {
        Python::prepare(repo, Purpose::Benchmarks)?
            .step(repo)
            .args(["tests/python/bench.py"])
            .run()?;
    }
    if all || named("node") {
        Node::prepare(repo, Purpose::Benchmarks)?.script(repo, "bench").run()?;
    }
    Ok(())
}
