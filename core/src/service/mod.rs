//! The client of a chat service: the events of a turn that runs elsewhere, read as they come.

mod answer;
mod bare;
mod builder;
mod client;
mod failure;
mod input;
mod interop;
mod request;
mod settings;
mod stream;

pub use builder::ChatServiceBuilder;
pub use client::ChatService;
pub use settings::{ServicePaths, Wire};
pub use stream::TurnStream;
