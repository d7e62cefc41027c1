//! The chat client and its streams.

mod choice;
mod chunk;
mod chunks;
mod client;
mod data;
mod delta;
mod part;
mod progress;
mod tool_call;

pub(crate) use choice::Choice;
pub(crate) use chunk::Chunk;
pub(crate) use client::{Client, Options, with_environment};
pub(crate) use delta::Delta;
pub(crate) use progress::Progress;
pub(crate) use tool_call::{Function, ToolCall};
