//! Speech with real voices and real players: espeak-ng speaks, ffmpeg and mpg123 play, and requests are compared with
//! the PyPI package `gtts`. `cargo xtask test speech` provides the programs.
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
