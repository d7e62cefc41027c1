//! Shared parts of the examples: offline service, the choice of a model, and terminal output.

pub mod home;
pub mod model;
pub mod offline;
pub mod sentiment;
pub mod terminal;
pub mod voice;
