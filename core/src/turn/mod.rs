//! One turn: a user's message and the reply to it, run as stages at the same time.
//!
//! ```text
//! start ─┬─▶ user's message into the outbox          (with the plan of a new workspace)
//!        ├─▶ sentiment ─┐ in time for its budget
//!        ├─▶ history   ─┴─▶ LLM stream ─▶ content … ─▶ AI's message into the outbox ─▶ done
//!        └─▶ name ─▶ the outbox: create workspace ─▶ workspace event ─▶ start session ─▶ save both
//! ```
//!
//! The reader waits for the middle line alone. A stage beside it that fails, hangs or answers garbage is written on the
//! [`Timeline`], and never breaks the reply.

mod admission;
mod builder;
mod deliveries;
mod engine;
mod handle;
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
mod sse;
mod stop;
mod timeline;
mod turns;
mod work;
mod workspace;

pub use crate::turn_request::TurnRequest;
pub use builder::TurnsBuilder;
pub use handle::Turn;
pub use prompts::Prompts;
pub use sentiment::{LlmSentiment, Sentiment};
pub use settings::{HistoryLimits, OnDisconnect};
pub use sse::TurnBytes;
pub use stop::Stopper;
pub use timeline::{Stage, StageName, StageOutcome, Timeline};
pub use turns::Turns;
