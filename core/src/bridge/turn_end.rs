//! The end of a turn, as a call that a host waits for.

use super::answer::{Call, call};
use super::turn::Turn;
use crate::error::Result;

impl Turn {
    /// Waits until the turn has ended and its messages are delivered or dead, at most 30 s after its end.
    ///
    /// # Errors
    ///
    /// `forked` in a child; `config` when no thread can be started.
    pub fn finished(&self) -> Result<Call> {
        let end = self.end()?;
        call(async move {
            end.await;
            Ok(())
        })
    }
}
