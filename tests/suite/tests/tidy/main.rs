//! The project's rules, checked on the source tree.
//!
//! Every rule is a function from sources to findings, with a test that runs it on the tree and a test with
//! a bad sample.

#![allow(clippy::panic, reason = "a test fails by panicking")]

mod circles;
mod commands;
mod contributing;
mod features;
mod grid;
mod ignored;
mod imports;
mod layers;
mod layout;
mod lexed;
mod links;
mod lints;
mod markdown;
mod rooms;
mod threads;
mod tree;
mod versions;
mod words;
