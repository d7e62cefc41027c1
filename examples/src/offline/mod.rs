//! A service that an example starts in its own process unless another is configured, so that it runs anywhere.
//!
//! It is the fake of the tests with its own texts and pace. It listens on a free port of the loopback
//! interface and uses the same protocol as a real one, so an example has a single code path.

mod heard;
mod llm;
mod pace;
mod rules;
mod titles;
mod voice;

pub(crate) use heard::Heard;
pub use llm::Llm;
pub use voice::Voice;
