//! Services that an example starts in its own process unless others are configured, so that it runs anywhere.
//!
//! They are the fakes of the tests with their own texts and pace. They listen on a free port of the loopback
//! interface and use the same protocol as the real ones, so an example has a single code path.

mod heard;
mod llm;
mod pace;
mod rules;
mod store;
mod titles;

pub(crate) use heard::Heard;
pub use llm::Llm;
pub use store::Store;
