//! `cargo xtask fuzz`: fuzzes the SSE decoder.

use anyhow::{Context, Result};

use crate::repo::Repo;
use crate::step::Step;

/// Fuzzes for this many seconds.
///
/// # Errors
/// When a tool is missing (with how to install it), or an input was found that breaks the decoder.
pub(crate) fn run(repo: &Repo, seconds: u64) -> Result<()> {
    Step::cargo(repo, "+nightly --version").read().context(
        "fuzzing needs a nightly compiler; install it with `rustup toolchain install nightly`",
    )?;
    Step::cargo(repo, "fuzz --version")
        .read()
        .context("fuzzing needs cargo-fuzz; install it with `cargo install --locked cargo-fuzz`")?;
    Step::cargo(repo, "+nightly fuzz run sse --fuzz-dir tests/fuzz --")
        .args([format!("-max_total_time={seconds}")])
        .run()
}
