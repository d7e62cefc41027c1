//! Shared code of the project's tests: vectors, reference models, and checks for more than one
//! harness (property tests and fuzz targets check the same invariants).

pub mod memory;
pub mod patches;
pub mod random;
pub mod sse;
pub mod streams;

/// The README's snippets, compiled as documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
pub struct Readme;
