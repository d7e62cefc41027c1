//! Services that an example starts in its own process when it is given no others, so that it runs anywhere.
//!
//! They listen on a free port of the loopback interface and speak the same wire as the real ones, so the
//! client cannot tell the difference, and there is no second path through an example.

mod heard;
mod llm;
mod pace;
mod rules;
mod server;
mod store;
mod tables;
mod titles;
mod wire;

pub(crate) use heard::Heard;
pub use llm::Llm;
pub use store::{Login, Store};
