//! Parts that the examples share: services that run without a network, a model to talk to, and manners in a terminal.

pub mod home;
pub mod model;
pub mod offline;
pub mod sentiment;
pub mod terminal;
pub mod voice;
