//! `cargo xtask attack`: random and hostile input for the chat client, and killed processes for the outbox.
//!
//! It is not a suite of `cargo xtask test`: its findings depend on its seeds, and it takes minutes. Each finding belongs
//! in a test with the failing input.

use anyhow::Result;

use crate::debian;
use crate::repo::Repo;
use crate::step::Step;

/// The attacks on the outbox, about half a minute each.
const OUTBOX: [&str; 6] =
    ["kill --records 20000", "opening", "sweep --step 7", "fork", "hang --slack 1000", "full"];

/// Attacks the chat client for this many seconds with each kind of input, and then the outbox.
///
/// # Errors
/// When an attack finds a failure; the output describes it, with the seed that repeats it.
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
