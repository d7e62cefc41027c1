//! What the bindings to other languages stand on. Not for use from Rust: there are [`OpenAi`](crate::chat::OpenAi) and
//! [`blocking`](crate::blocking).
//!
//! A host language has threads, signals, an event loop and forks of its own. The bridge takes these as they
//! are: every call and stream becomes a [`Pull`], which a host reads in batches without waiting, waits for in
//! ticks, or is woken by once; and a client works on in a forked process, with connections of its own.

mod batch;
mod client;
mod log;
mod patch;
mod progress;
mod pull;
mod raw;
mod retry;

pub use batch::{Batch, Piece};
pub use client::{Chunks, Client, OptionNames};
pub use log::{LogRecord, keep_logs, take_logs};
pub use progress::Progress;
pub use pull::{Items, Pull, Taken};
pub use raw::Pieces;
pub use retry::wait_before_retry;

pub use crate::chat::shape::Shape;
pub use crate::chat::template::Filling;
