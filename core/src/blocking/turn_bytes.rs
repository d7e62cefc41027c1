//! The event stream of a turn, for a response whose body is written from a thread.

use std::convert::Infallible;
use std::fmt;

use bytes::Bytes;
use futures_util::StreamExt;

use super::wait::wait;
use crate::turn::Timeline;

/// The bytes of a turn's event stream, in pieces; see [`turnwire::turn::TurnBytes`](crate::turn::TurnBytes).
///
/// Dropping it leaves the turn, as a reader does that goes away.
pub struct TurnBytes {
    inner: crate::turn::TurnBytes,
}

impl TurnBytes {
    pub(super) fn new(inner: crate::turn::TurnBytes) -> Self {
        TurnBytes { inner }
    }

    /// The timeline so far.
    pub fn timeline(&self) -> Timeline {
        self.inner.turn().timeline()
    }
}

impl Iterator for TurnBytes {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        // A process in which no thread can be started ends the stream as a connection does that breaks.
        let piece = wait(self.inner.next()).ok()??;
        Some(piece.unwrap_or_else(|never: Infallible| match never {}))
    }
}

impl fmt::Debug for TurnBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
