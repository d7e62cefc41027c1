//! The state of a record after a delivery, as pure functions: they read no clock and store nothing.
//!
//! ```text
//!  held ──release──▶ queued ──claim──▶ sending ──┬─▶ delivered
//!                      ▲                         ├─▶ queued at a later time
//!                      └──── requeue ──── dead ◀─┘
//! ```

mod attempts;
mod breaker;
mod decision;

#[cfg(test)]
pub(super) use attempts::FULL;
pub(crate) use attempts::{AttemptState, Millis};
pub(super) use breaker::Choice;
pub(crate) use breaker::{Breaker, Gate};
pub(crate) use decision::{RetryDecision, decide, poison};
