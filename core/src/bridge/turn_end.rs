//! The ends of turns and of their traces, as calls that a host waits for.

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

/// Hands over, at the end of a process, the spans of what still runs, and waits for the host to receive them, at most for this time.
///
/// # Errors
///
/// `config` when no thread can be started.
pub fn end_traces(limit: Duration) -> Result<Call> {
    call(async move {
        trace::hand_over_all();
        trace::settled(limit).await;
        Ok(())
    })
}
