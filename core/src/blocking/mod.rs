//! The same clients for programs without an async runtime: plain calls, and streams that are iterators.
//!
//! ```text
//! your threads ── OpenAi · ChatService · Turns ──▶ calls and iterators, which block the thread that reads
//!                           │
//!                 one thread of the library: sockets, timers, the stages of turns beside their replies
//! ```
//!
//! Clients are cheap to clone and may be used by many threads at once; an iterator is read by one thread at a time. They
//! can be used anywhere, also on a thread of a Tokio runtime, where they block that thread. The library's thread starts
//! with the first client of a process, and a forked child starts one of its own.
//!
//! A builder's `build_blocking` makes a client; [`Turns::new`] does so from an engine that async code uses as well. An
//! [`Outbox`](crate::outbox) needs no blocking form: its calls are plain functions, and [`Turns::flush`] waits for it.
//!
//! # Failures
//!
//! They are those of the async clients: the same [`Error`](crate::error::Error), with the same partial text. In addition,
//! `build_blocking` fails with `config` if no thread can be started.
//!
//! # Example
//!
//! ```no_run
//! use std::io::Write;
//! use turnwire::blocking::Turns;
//! use turnwire::{OpenAi, Result, TurnRequest};
//!
//! /// Answers a request from a thread of a web server, and another one from a program.
//! fn answer(turns: &Turns, message: &str, socket: &mut impl Write) -> Result<()> {
//!     let turn = turns.try_start(TurnRequest::new(message))?; // an error here is a status 400
//!     for piece in turn.sse() {
//!         if socket.write_all(&piece?).is_err() {
//!             break; // the reader has gone, and with the iterator the turn ends
//!         }
//!     }
//!     println!("{}", turns.start(TurnRequest::new(message)).finish()?.reply);
//!     Ok(())
//! }
//!
//! # fn main() -> Result<()> {
//! let turns = Turns::builder(OpenAi::from_env()?).build_blocking()?;
//! answer(&turns, "안녕하세요", &mut std::io::stdout())
//! # }
//! ```

mod openai;
#[cfg(feature = "service")]
mod service;
#[cfg(feature = "turns")]
mod turn_bytes;
#[cfg(feature = "turns")]
mod turns;
mod wait;

pub use openai::{ChatStream, OpenAi};
#[cfg(feature = "service")]
pub use service::{ChatService, TurnStream};
#[cfg(feature = "turns")]
pub use turn_bytes::TurnBytes;
#[cfg(feature = "turns")]
pub use turns::{Turn, Turns};
