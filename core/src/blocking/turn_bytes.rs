//! A turn as the body of a response that is written from a thread.

use std::fmt;

use bytes::Bytes;
use futures_util::StreamExt;

use super::wait::wait;
use crate::error::Result;
use crate::turn::Timeline;

/// The bytes of a turn as the body of a response, in pieces; see [`turnwire::turn::TurnBytes`](crate::turn::TurnBytes).
///
/// Dropping it leaves the turn, as a reader does that goes away.
pub struct TurnBytes {
    inner: crate::turn::TurnBytes,
    ended: bool,
}

impl TurnBytes {
    pub(super) fn new(inner: crate::turn::TurnBytes) -> Self {
        TurnBytes { inner, ended: false }
    }

    /// The timeline so far.
    pub fn timeline(&self) -> Timeline {
        self.inner.turn().timeline()
    }
}

impl Iterator for TurnBytes {
    type Item = Result<Bytes>;

    fn next(&mut self) -> Option<Result<Bytes>> {
        if self.ended {
            return None;
        }
        let piece = wait(self.inner.next()).unwrap_or_else(|error| Some(Err(error)));
        self.ended = !matches!(piece, Some(Ok(_)));
        piece
    }
}

impl fmt::Debug for TurnBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
