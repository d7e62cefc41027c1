//! Support for the language bindings. Not for use from Rust: there are [`OpenAi`](crate::chat::OpenAi) and
//! [`blocking`](crate::blocking).
//!
//! A host language has threads, signals, an event loop and forks of its own. The bridge takes these as they are: every call
//! and every stream becomes a [`Pull`], which a host reads in batches without waiting, waits for in ticks, or is woken by
//! once.
//!
//! | part | rule |
//! | --- | --- |
//! | [`call`] | runs a call of core; its [`Call`] gives one [`Answer`], taken with [`Call::take_answer`] |
//! | [`Answer`] | `{ head, body }`; every result type of core is [`IntoAnswer`], so a method of a binding is one line |
//! | [`Body`] | nothing, JSON text, bytes, chunks, events or audio; the last two are pulls, chunks become one by [`OpenStream::chunks`] or [`OpenStream::bytes`] |
//! | [`Pull::take`] | items, nothing yet, the end, or an error: [`Batch`] (chunks), [`Events`] (JSON), [`List`] (bytes of audio or of a body) |
//! | [`Waiting`] | the part of a pull that a host waits on (`wait`, `wake`, `cancel`), whatever it gives: write it once over `&dyn Waiting` |
//! | [`start`] | starts a [`Turn`] on the library's runtime, from a [`turn_request`] in JSON; it is read once, as [`Turn::events`] or as [`Turn::bytes`], each a pull; dropping that pull is the reader's going away |
//! | [`HostFn`] | a function of the host: core asks it with a question and a [`Reply`]; it implements `Sentiment`, `TokenProvider`, `Sink` and `Speaker`, and so goes where these go; questions and answers have a form in JSON ([`Question`], [`Reply::answer_json`]) |
//! | [`Context`] | the host's context of the caller (context variables, event loop), which its functions get with each question; a call that is begun inside [`Context::scope`] has one, too |
//! | [`settings`] | the settings of a client in JSON to its builder; the names of all settings, for tests that compare declarations with them |
//! | [`event_fields`] | the types of events and their fields, for such tests |
//! | [`ErrorFacts`] | an error as data, with header values decoded in one way |
//!
//! Dropping a pull ends its work. No pull is read further ahead than 512 items or 256 KiB, and one batch more.

mod answer;
mod answers;
mod batch;
mod chat;
mod client;
mod error_facts;
mod event_fields;
mod events;
mod head;
mod host;
mod host_json;
mod host_parts;
mod items;
mod list;
mod log;
mod patch;
mod progress;
mod pull;
mod retry;
pub mod settings;
mod source;
mod turn;
mod turn_request;
mod waiting;

pub use answer::{Answer, Body, Call, IntoAnswer, call};
pub use batch::{Batch, Piece};
pub use chat::{Chunks, OpenStream};
pub use client::{Client, OptionNames};
pub use error_facts::ErrorFacts;
pub use event_fields::event_fields;
pub use events::Events;
pub use head::{Head, headers_in_utf8};
pub use host::{Failure, HostFn, Reply};
pub use host_json::{HostAnswer, Question};
pub use host_parts::{HostSentiment, HostSink, HostSpeaker, HostTokenProvider};
pub use items::Items;
pub use list::{List, Weigh};
pub use log::{LogRecord, keep_logs, take_logs};
pub use progress::Progress;
pub use pull::{Pull, Taken};
pub use retry::wait_before_retry;
pub use turn::{Turn, start};
pub use turn_request::{TURN_REQUEST_FIELDS, turn_request};
pub use waiting::Waiting;

pub use crate::caller::Context;

pub use crate::chat::shape::Shape;
pub use crate::chat::template::Filling;
