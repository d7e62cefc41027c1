//! Shared code of the project's tests: vectors, reference models, and checks for more than one
//! harness (property tests and fuzz targets check the same invariants).

pub mod memory;
pub mod patches;
pub mod random;
pub mod rounds;
pub mod sse;
pub mod streams;

/// Compiles the Rust snippets of documents, and runs those without `no_run`, as documentation tests.
macro_rules! documents {
    ($($name:ident: $path:literal),* $(,)?) => {$(
        #[doc = concat!("The snippets of `", $path, "`.")]
        #[cfg(doctest)]
        #[doc = include_str!(concat!("../../../", $path))]
        pub struct $name;
    )*};
}

documents! {
    Readme: "README.md",
    Blocking: "docs/guides/blocking.md",
    FirstStream: "docs/guides/first-stream.md",
    Outbox: "docs/guides/outbox.md",
    Scaling: "docs/scaling.md",
    Speech: "docs/guides/speech.md",
    Testing: "docs/guides/testing.md",
    Timeouts: "docs/timeouts-and-retries.md",
    Tools: "docs/guides/tools-and-structured-replies.md",
    Tracing: "docs/guides/tracing.md",
}
