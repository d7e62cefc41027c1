//! Shared by the tests of the whole project: vectors, reference models, and checks that more than one
//! harness runs (property tests and fuzz targets hold the same invariants).

pub mod memory;
pub mod patches;
pub mod random;
pub mod sse;
pub mod streams;

/// The README's snippets, compiled as documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
pub struct Readme;
