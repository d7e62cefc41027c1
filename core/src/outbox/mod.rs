//! The outbox: a durable queue of records on their way to a service.
//!
//! Every accepted record is delivered, pending, or a dead letter. [`Outbox::enqueue`] returns in microseconds, even if
//! the service is unavailable; a thread of the outbox delivers the records through a [`Sink`], and retries.
//!
//! ```text
//!                       ┌──────── later ────────┐
//!                       ▼                       │
//! enqueue ─▶ stored ─▶ claimed ─▶ Sink::deliver ┼─▶ delivered ─▶ Sink::delivered, once
//!   hold ─▶ held ─▲                             └─▶ dead letter ─▶ requeue or discard
//!             release
//! ```
//!
//! - Records of one [conversation](Record::conversation) are delivered in order, one at a time, even if several
//!   processes share the file; different conversations are delivered concurrently ([`Delivery::concurrency`]). A record
//!   that waits for its user's tokens is passed by those of other users.
//! - With a [file](OutboxBuilder::path) a record survives the process ([`Durability`]); that needs the feature
//!   `outbox-sqlite`. In [memory](Outbox::memory) it does not.
//! - Ids are unique. A record with a known id, including delivered ones, is not accepted a second time.
//! - A delivery can be repeated: a process may end after the service's answer and before it is recorded. The sink then
//!   receives the same id again.
//!
//! # Failures
//!
//! The sink reports an [`Outcome`]. Transient failures are retried after random waits that grow. A record that fails
//! while others are delivered is poison, and becomes a [`DeadLetter`]. If the service fails for all records, the
//! breaker pauses deliveries. [`Outbox::enqueue`] fails only if a record cannot be accepted: `invalid_request`,
//! `outbox_full`, and `config` after [`Outbox::shutdown`]. A file that cannot be written is not an error: records
//! wait in memory, [`Receipt::durable`] is `false`, and [`Stats::storage_error`] states the reason.
//!
//! # Threads and processes
//!
//! `enqueue`, [`stats`](Outbox::stats) and the other plain functions block at most for the file, and need no runtime:
//! call them from any thread. [`Outbox::flush`] and [`Outbox::shutdown`] are futures for any executor. A forked child
//! gets its own queue on the same file; records queued before the fork are delivered once, by one of the processes.
//!
//! # Example
//!
//! ```
//! use std::time::Duration;
//! use serde_json::json;
//! use turnwire::outbox::{Outbox, Outcome, Record};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> turnwire::Result<()> {
//! let outbox = Outbox::builder()
//!     .sink(|record: Record| async move {
//!         match record.payload()["text"].as_str() {
//!             Some(_) => Outcome::Delivered,
//!             None => Outcome::dead("a message needs a text"),
//!         }
//!     })
//!     .start()?;
//! outbox.enqueue(Record::new("conversation-1", "message-1", json!({"text": "안녕하세요"})))?;
//! outbox.enqueue(Record::new("conversation-1", "message-2", json!({})))?;
//!
//! let report = outbox.flush(Duration::from_secs(5)).await;
//! assert_eq!((report.delivered, report.dead, report.pending), (1, 1, 0));
//! assert_eq!(outbox.dead_letters()?[0].reason, "a message needs a text");
//! # Ok(())
//! # }
//! ```

mod announced;
mod builder;
mod clock;
mod delivery;
mod flush;
mod following;
mod handle;
mod inspect;
mod lingering;
mod observers;
mod opener;
mod opening;
mod options;
mod outcome;
mod payload;
mod record;
mod report;
mod running;
mod settings;
mod shared;
mod sink;
mod state;
mod storage;
mod tokens;
mod unopened;
mod worker;

#[cfg(test)]
#[cfg(feature = "outbox-sqlite")]
mod tests;

pub(crate) use announced::Announced;
pub use builder::OutboxBuilder;
#[cfg(feature = "nats")]
pub(crate) use clock::{Clock, millis};
pub use delivery::Delivery;
#[cfg(feature = "bridge")]
pub(crate) use handle::Entrance;
pub use handle::Outbox;
#[cfg(feature = "bridge")]
pub(crate) use lingering::flush_lingering;
pub(crate) use opener::{AnyOpener, Begun, Opened, Opener, OpeningCall, Requests};
pub(crate) use opening::{Opening, OpeningObserver, OpeningStep};
pub use options::{Durability, OutboxLimits, WhenFull};
pub use outcome::Outcome;
pub use record::{PendingState, Record};
pub use report::{DeadLetter, FlushReport, PendingRecord, Receipt, Stats};
pub use sink::Sink;
#[cfg(feature = "nats")]
pub(crate) use sink::{callback, forgiven};
#[cfg(feature = "nats")]
pub(crate) use state::{AttemptState, Breaker, Gate, RetryDecision, decide, poison};
pub(crate) use storage::{Ahead, RecordUser, StopAsked};
#[cfg(feature = "nats")]
pub(crate) use tokens::{Holder, TokenCache};
