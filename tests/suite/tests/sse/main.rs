//! `turnwire::sse` against the shared cases, a reference model, its own invariants and another library.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod cap;
mod differential;
mod finish;
mod model;
mod roundtrip;
mod soup;
mod vectors;

use proptest::test_runner::{Config, RngSeed};

/// A configuration with the same cases on every run and every machine: `factor` times the default number
/// (set by `PROPTEST_CASES`).
fn cases(factor: u32) -> Config {
    let default = Config::default();
    Config {
        cases: default.cases.saturating_mul(factor),
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(0x7475_726e),
        ..default
    }
}
