//! Shared parts of the examples: offline service, the choice of a model, metrics, and terminal output.

pub mod home;
pub mod metrics;
pub mod model;
pub mod offline;
pub mod sentiment;
pub mod terminal;
pub mod tokens;
pub mod voice;
