//! Services that an example starts in its own process when it is given no others, so that it runs anywhere.
//!
//! They are the fakes of the tests, with words and a pace of their own. They listen on a free port of the loopback
//! interface and speak the same wire as the real ones, so the client cannot tell the difference, and there is no second
//! path through an example.

mod heard;
mod llm;
mod pace;
mod rules;
mod store;
mod titles;

pub(crate) use heard::Heard;
pub use llm::Llm;
pub use store::Store;
