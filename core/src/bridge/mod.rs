//! Support for the language bindings. Not for use from Rust: there are [`OpenAi`](crate::chat::OpenAi) and
//! [`blocking`](crate::blocking).
//!
//! A host language has its own threads, signals, event loop and forks. The bridge adapts to these: every call
//! and every stream becomes a [`Pull`], which a host reads in batches without waiting; it can wait in ticks, or be woken
//! once.
//!
//! | part | rule |
//! | --- | --- |
//! | [`call`] | runs a call of core; its [`Call`] yields one [`Answer`], through [`Call::take_answer`] |
//! | [`call_blocking`] | the same for a call that may block its thread, such as one that reads a file |
//! | [`enqueue`], [`hold`], [`release`] | accept a record in JSON; the call has ended already, unless it waits for room |
//! | [`flush_dropped`] | delivers, at the end of a process, what still waits in outboxes whose host objects are gone |
//! | [`Answer`] | `{ head, body }`; every result type of core is [`IntoAnswer`], so a method of a binding is one line |
//! | [`Body`] | nothing, JSON text, bytes, chunks, events or audio; the last two are pulls; [`OpenStream::chunks`] or [`OpenStream::bytes`] converts chunks to one |
//! | [`Pull::take`] | items, nothing yet, the end, or an error: [`Batch`] (chunks), [`Events`] (JSON), [`List`] (bytes of audio or of a body) |
//! | [`Waiting`] | the type-independent part of a pull (`wait`, `wake`, `cancel`): a binding implements waiting once over `&dyn Waiting` |
//! | [`start`] | starts a [`Turn`] on the library's runtime, from a `turn_request` in JSON; it is read once, as [`Turn::events`] or as [`Turn::bytes`], each a pull; dropping that pull means that the reader has gone |
//! | [`flush`], [`shutdown`] | wait for what turns do in the background |
//! | [`stop`] | stops a turn by its id, on behalf of its user or of the service |
//! | [`answer()`] | answers a request of a page ([`web`](crate::web)) with a [`WebReply`], whose body may be a [`Turn`] |
//! | [`speak`] | speaks a text sentence by sentence; the host writes it to a [`TextFeed`], which tells it to wait while it is ahead |
//! | [`HostText`] | text of a host, whose strings may hold half of a surrogate pair; [`Sentences`] cuts such text into sentences |
//! | [`timeline_text`] | draws a timeline that the host has as JSON, and [`timeline_svg`] does as a picture |
//! | [`HostFn`] | a function of the host: core calls it with a question and a [`Reply`]; it implements `Sentiment`, `TokenProvider`, `Sink` and `Speaker`; questions and answers have a JSON form ([`Question`], [`Reply::answer_json`]), and audio an [`AudioWriter`]; [`HostFn::hosted`] makes a function of any kind in one way |
//! | [`Context`] | the host's context of the caller (context variables, event loop), which its functions get with each question; a call started inside [`Context::scope`] has one as well |
//! | [`Trace`] | a trace of the host, with its context for requests; the spans of the call or turn that continues it come back as JSON, once; [`end_traces`] hands over the rest at the end of a process |
//! | [`before_fork`] | keeps SQLite out of a fork, until [`after_fork`] |
//! | [`settings`] | parses a client's settings from JSON to its builder; lists the names of all settings, for tests that compare declarations with them |
//! | `event_fields` | the types of events and their fields, for such tests |
//! | [`outbox_command`] | the command that inspects outboxes' files and the stream of a broker, from its arguments to its exit code |
//! | `no_nats` | the refusal of a broker in a build without the feature `nats`, which is off by default in the packages |
//! | [`ErrorFacts`] | an error as data, with header values decoded in one way |
//!
//! Dropping a pull ends its work. A pull reads ahead at most 512 items or 256 KiB, plus one batch.

mod answer;
mod answers;
mod batch;
mod chat;
mod client;
mod command;
mod error_facts;
mod event_fields;
mod events;
mod fork;
mod head;
mod host;
mod host_audio;
mod host_json;
mod host_parts;
mod host_reply;
mod host_text;
mod in_context;
mod items;
mod list;
mod log;
mod log_layer;
#[cfg(not(feature = "nats"))]
mod no_nats;
mod outbox;
mod patch;
mod progress;
mod pull;
mod retry;
mod sentences;
pub mod settings;
mod source;
mod speech;
mod stored;
mod subscriber;
mod text_feed;
mod timeline;
mod trace;
mod trace_json;
mod trace_layer;
mod traced;
mod turn;
mod turn_end;
mod turn_request;
mod waiting;
mod wakes;
mod web;
mod web_reply;
mod wide_integers;

pub use answer::{Answer, Body, Call, IntoAnswer, call, call_blocking};
pub use batch::{Batch, Piece, constant_choices, content};
pub use chat::{Chunks, OpenStream};
pub use client::{Client, OptionNames};
pub use command::outbox_command;
pub use error_facts::ErrorFacts;
pub use event_fields::event_fields;
pub use events::Events;
pub use fork::{after_fork, before_fork};
pub use head::{Head, headers_in_utf8};
pub use host::{Failure, HostFn, Reply};
pub use host_audio::AudioWriter;
pub use host_json::{HostAnswer, Question};
pub use host_parts::{HostSentiment, HostSink, HostSpeaker, HostTokenProvider};
pub use host_reply::HostReply;
pub use host_text::HostText;
pub use items::Items;
pub use list::{List, Weigh};
pub use log::{LogRecord, keep_logs, take_logs};
#[cfg(not(feature = "nats"))]
pub use no_nats::no_nats;
pub use outbox::{
    enqueue, flush_dropped, hold, is_waiting, leave_when_dropped, record_fields, release,
};
pub use progress::Progress;
pub use pull::{Pull, Taken};
pub use retry::wait_before_retry;
pub use sentences::Sentences;
pub use speech::{speak, speak_into_file, speak_joined};
pub use stored::{message_from_user, message_reply_to, store_message, stored_fields};
pub use text_feed::{FedText, Feed, TextFeed};
pub use timeline::{timeline_svg, timeline_text};
pub use trace::Trace;
pub use traced::starting;
pub use turn::{Turn, start, stop};
pub use turn_end::{end_traces, flush, shutdown};
pub use turn_request::{service_request, turn_request, turn_request_fields};
pub use waiting::Waiting;
pub use web::answer;
pub use web_reply::{WebBody, WebReply};

pub use crate::caller::Context;

pub use crate::chat::filling::Filling;
pub use crate::chat::shape::Shape;
pub use crate::chat::span::Literal;
