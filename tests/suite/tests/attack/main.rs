//! Attacks on the chat client with random input, for `TURNWIRE_ATTACK_SECONDS`: `cargo xtask attack` runs them.
//! `TURNWIRE_ATTACK_SEED` repeats a run.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test fails by panicking, and this one reports what it did"
)]

mod bytes;
mod sizes;

use std::time::{Duration, Instant, SystemTime};

use turnwire_suite::memory::Counting;
use turnwire_suite::random::Random;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// Attacks with one seed after another until the time is over; a failing seed is reported.
fn attack(name: &str, mut once: impl FnMut(&mut Random)) {
    let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let first = number("TURNWIRE_ATTACK_SEED")
        .unwrap_or_else(|| since_1970.unwrap().as_secs().wrapping_mul(1_000_000_007));
    let time = Duration::from_secs(number("TURNWIRE_ATTACK_SECONDS").unwrap_or(20));
    let began = Instant::now();
    let mut runs = 0;
    while runs == 0 || began.elapsed() < time {
        let seed = first.wrapping_add(runs);
        let run = std::panic::AssertUnwindSafe(|| once(&mut Random::new(seed)));
        if let Err(panic) = std::panic::catch_unwind(run) {
            println!("{name}: TURNWIRE_ATTACK_SEED={seed} repeats this");
            std::panic::resume_unwind(panic);
        }
        runs += 1;
    }
    println!("{name}: {runs} runs in {:.0?}, from seed {first}", began.elapsed());
}
