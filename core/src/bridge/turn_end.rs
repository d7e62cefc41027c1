//! The ends of turns, as calls that a host waits for. They include that the host has received the spans of what has ended.

use std::time::Duration;

use tokio::time::Instant;

use super::answer::{Call, call};
use super::trace;
use super::turn::Turn;
use crate::error::Result;
use crate::turn::Turns;

/// The longest wait for a turn's messages after its end. Those that are pending then stay in the outbox.
const SAVING: Duration = Duration::from_secs(30);

/// The longest wait for the host to receive spans.
const HANDING_OVER: Duration = Duration::from_secs(1);

impl Turn {
    /// Waits until the turn has ended and its messages are delivered or dead, at most 30 s after its end.
    ///
    /// # Errors
    ///
    /// `forked` in a child; `config` when no thread can be started.
    pub fn finished(&self) -> Result<Call> {
        let end = self.end(SAVING)?;
        call(async move {
            end.await;
            trace::settled(HANDING_OVER).await;
            Ok(())
        })
    }
}

/// Waits as [`Turns::flush`].
///
/// # Errors
///
/// `config` when no thread can be started.
pub fn flush(turns: &Turns, limit: Duration) -> Result<Call> {
    let turns = turns.clone();
    call(async move {
        let began = Instant::now();
        let report = turns.flush(limit).await;
        trace::settled(limit.saturating_sub(began.elapsed()).min(HANDING_OVER)).await;
        Ok(report)
    })
}

/// Waits and ends as [`Turns::shutdown`].
///
/// # Errors
///
/// `config` when no thread can be started.
pub fn shutdown(turns: &Turns, limit: Duration) -> Result<Call> {
    let turns = turns.clone();
    call(async move {
        let began = Instant::now();
        let report = turns.shutdown(limit).await;
        trace::settled(limit.saturating_sub(began.elapsed()).min(HANDING_OVER)).await;
        Ok(report)
    })
}
