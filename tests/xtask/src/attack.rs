//! `cargo xtask attack`: random and hostile input for the chat client, and killed processes for the outbox.
//!
//! It is no suite of `cargo xtask test`: what it finds depends on its seeds, and it takes minutes. Whatever it finds
//! belongs into a test with the input that broke something.

use anyhow::Result;

use crate::debian;
use crate::repo::Repo;
use crate::step::Step;

/// The attacks on the outbox, about half a minute each.
const OUTBOX: [&str; 6] =
    ["kill --records 20000", "opening", "sweep --step 7", "fork", "hang --slack 1000", "full"];

/// Attacks the chat client for so many seconds with each kind of input, and then the outbox.
///
/// # Errors
/// When something broke; the output says what, and the seed that repeats it.
pub(crate) fn run(repo: &Repo, seconds: u64) -> Result<()> {
    Step::cargo(repo, "test --profile bench -p turnwire-suite --features attack --test attack --")
        .args(["--test-threads=1", "--nocapture"])
        .env("TURNWIRE_ATTACK_SECONDS", &seconds.to_string())
        .run()?;
    debian::require(repo, &debian::CRASH)?;
    for attack in OUTBOX {
        Step::cargo(repo, "run --profile bench --quiet -p turnwire-crash --")
            .args(attack.split(' '))
            .run()?;
    }
    Ok(())
}
