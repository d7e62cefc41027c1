//! Speech with real voices and real players: espeak-ng speaks, ffmpeg and mpg123 play, and the PyPI package `gtts` is what
//! requests are compared with. `cargo xtask test speech` sees to the programs.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]
#![allow(clippy::print_stdout, reason = "what was measured is shown")]

mod gtts;
mod players;
mod voice;
