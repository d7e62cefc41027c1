//! Scriptable fakes of the services that the SDK talks to, for tests: an OpenAI-compatible LLM ([`Fake`]), a chat
//! store ([`FakeStore`]) and a chat service ([`FakeChat`]).
//!
//! A fake speaks HTTP/1.1 directly over TCP, so a test controls every byte on the wire: by default it answers like a
//! real service, and a [`Script`] makes it late, slow, cut off, or wrong. It records each request and the outcome of its
//! reply ([`Log`]), including a client that leaves. The LLM also serves speech: see [`speech`]. Its text comes from a
//! [`Model`], an echo by default. HTTP/2 and TLS are in another crate, `turnwire-h2-fake`.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! use turnwire_fakes::{Fake, Script};
//!
//! let fake = Fake::start().await?;
//! // One key per test: tests that share a fake do not disturb each other.
//! fake.script("busy-then-fine", Script::error(429, "slow down").header("retry-after", "0"));
//! fake.script("busy-then-fine", Script::chat(["안", "녕"]));
//! fake.script("cut-off", Script::new().role("assistant").text("half of it").truncate());
//! # Ok(())
//! # }
//! ```
//!
//! The same scripts as JSON, for the binaries `fake-llm`, `fake-store` and `fake-chat`, are described at [`Script`] and [`Step`];
//! a binary's HTTP control is:
//!
//! | call | effect |
//! | --- | --- |
//! | `PUT /_fake/scripts/{key}` | replaces the key's queue with the body: one script, or a list |
//! | `POST /_fake/scripts/{key}` | adds them to the end of the key's queue |
//! | `POST /_fake/release/{name}` | lets replies go on that are at a `hold` of this name, and those that come to one later |
//! | `GET /_fake/requests`, `?model={key}` | the [`Record`]s, as a JSON list |
//! | `GET /_fake/state` | `{"connections", "open_connections"}` |
//! | `POST /_fake/reset` | deletes scripts, releases and records; counters continue |

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "test support: a wrong script or a wait that never ends must stop the test, loudly"
)]

mod chat;
mod connection;
mod control;
mod espeak;
mod fake;
mod form;
mod llm;
mod model;
pub mod openai;
mod play;
mod port;
pub mod process;
mod program;
mod record;
mod request;
mod script;
mod service;
pub mod speech;
mod state;
mod step;
mod store;

pub use chat::{Dialect, FakeChat, FakeChatBuilder, LineEnd, Taken};
pub use fake::{Fake, FakeBuilder};
pub use model::{Conversation, Model, Said};
pub use port::ReservedPort;
pub use record::{Log, Outcome, Record};
pub use script::{Act, Framing, Script};
pub use step::Step;
pub use store::{
    FakeStore, FakeStoreBuilder, Faults, Login, Stored, StoredMessage, StoredSession,
    StoredWorkspace,
};
