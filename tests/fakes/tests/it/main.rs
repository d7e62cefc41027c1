//! The fake, tested over bare TCP: its bytes on the wire are those that a client receives.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "all of it is test code; clippy only knows the functions marked as tests"
)]

mod binary;
mod chat;
mod endings;
mod raw;
mod recording;
mod scripts;
mod service;
mod steps;
mod store;
