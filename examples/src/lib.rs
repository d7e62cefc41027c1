//! What the examples share: services that run without a network, and manners in a terminal.

pub mod offline;
pub mod terminal;
