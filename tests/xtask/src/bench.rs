//! `cargo xtask bench`: the benchmarks.

use anyhow::Result;

use crate::args::BenchOptions;
use crate::repo::Repo;
use crate::step::Step;

/// Runs the benches named, or all.
///
/// # Errors
/// When one does not build or run.
pub(crate) fn run(repo: &Repo, options: &BenchOptions) -> Result<()> {
    let chosen = options.names.iter().flat_map(|name| ["--bench", name]);
    let mut step = Step::cargo(repo, "bench -p turnwire-bench").args(chosen);
    if !options.passed_through.is_empty() {
        step = step.args(["--"]).args(&options.passed_through);
    }
    step.run()
}
