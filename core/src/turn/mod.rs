//! One turn: a user's message and the reply to it, run as stages at the same time.
//!
//! ```text
//! start ─┬─▶ user's message into the outbox          (with the plan of a new workspace)
//!        ├─▶ sentiment ─┐ in time for its budget
//!        ├─▶ history   ─┴─▶ LLM stream ─▶ content … ─▶ AI's message into the outbox ─▶ done
//!        └─▶ name ─▶ the outbox: create workspace ─▶ workspace event ─▶ start session ─▶ save both
//! ```
//!
//! The reader waits only for the middle line.
//!
//! # Failures
//!
//! - A request that cannot be honoured is refused before anything is sent, saved or paid for: by
//!   [`Turns::try_start`] as an error, by [`Turns::start`] as the turn's only item.
//! - A reply that breaks ends the turn with an error, which keeps the text so far; it is saved as well.
//! - A side stage that fails or hangs never breaks the reply. It is recorded on the [`Timeline`], and sent as an
//!   event if [`TurnsBuilder::failure_events`] is set.
//! - A reader that goes away, and a [`Stopper`], let the model go at once; the text so far is saved.
//!
//! # Example
//!
//! A route of a web service, on axum or any other: the response is `(RESPONSE_HEADERS, Body::from_stream(turn.sse()))`.
//!
//! ```no_run
//! use futures::StreamExt;
//! use turnwire::event::RESPONSE_HEADERS;
//! use turnwire::{OpenAi, Result, TurnRequest, Turns};
//!
//! async fn answer(turns: &Turns, message: &str) -> Result<()> {
//!     let turn = turns.try_start(TurnRequest::new(message))?; // an error here is a status 400
//!     println!("{:?}, turn {}", RESPONSE_HEADERS, turn.id());
//!     let mut body = turn.sse();
//!     while let Some(Ok(bytes)) = body.next().await {
//!         print!("{}", String::from_utf8_lossy(&bytes));
//!     }
//!     Ok(())
//! }
//!
//! # async fn run() -> Result<()> {
//! let turns = Turns::builder(OpenAi::from_env()?).build()?;
//! answer(&turns, "안녕하세요").await
//! # }
//! ```

mod admission;
mod beginning;
mod builder;
mod bytes;
mod deliveries;
mod ending;
mod engine;
mod fallback;
mod following;
mod handle;
mod history;
mod ids;
mod naming;
mod opening_watch;
mod persister;
mod prompts;
mod reply;
mod sentiment;
mod settings;
mod side_events;
mod speaking;
mod stop;
mod telemetry;
mod timeline;
mod turns;
mod work;
mod workspace;

pub use crate::turn_request::TurnRequest;
pub use builder::TurnsBuilder;
pub use bytes::TurnBytes;
pub use fallback::Fallback;
pub use handle::Turn;
pub use prompts::Prompts;
pub use sentiment::{LlmSentiment, Sentiment};
pub use settings::{HistoryLimits, Naming, NamingStart, OnDisconnect};
pub use stop::{StopOutcome, Stopper};
pub use timeline::{Stage, StageName, StageOutcome, Timeline};
pub use turns::Turns;
