//! Streams that the caller already has: bytes from another HTTP client, or events from another decoder.

use std::error::Error as StdError;

use bytes::Bytes;
use futures_core::Stream;
use futures_util::StreamExt;
use tokio::time::Instant;
use tracing::Span;

use super::stream::{ChatStream, Setup};
use crate::config::Limits;
use crate::error::{Error, ErrorKind};
use crate::http::{Context, Piece, PieceSource};

impl ChatStream {
    /// Reads a reply from the bytes of a response that another client has received.
    ///
    /// The rules for truncation, errors and sizes hold as ever; time limits and cancellation are the other
    /// client's.
    pub fn from_bytes<S, E>(bytes: S) -> Self
    where
        S: Stream<Item = Result<Bytes, E>> + Send + 'static,
        E: StdError + Send + Sync + 'static,
    {
        Self::from_pieces(bytes.map(|piece| piece.map(Piece::Bytes).map_err(broken)))
    }

    /// Reads a reply from events that `eventsource_stream` has decoded.
    #[cfg(feature = "eventsource-stream")]
    pub fn from_events<S, E>(events: S) -> Self
    where
        S: Stream<Item = Result<eventsource_stream::Event, E>> + Send + 'static,
        E: StdError + Send + Sync + 'static,
    {
        Self::from_pieces(events.map(|event| {
            event.map(|e| Piece::Event { event: e.event, data: e.data }).map_err(broken)
        }))
    }

    fn from_pieces(
        pieces: impl Stream<Item = crate::error::Result<Piece>> + Send + 'static,
    ) -> Self {
        let setup = Setup {
            asked: 1,
            limits: Limits::default(),
            started: Instant::now(),
            span: Span::none(),
        };
        ChatStream::new(PieceSource::foreign("chat.stream", pieces), setup)
    }
}

fn broken(error: impl StdError + Send + Sync + 'static) -> Error {
    let message = error.to_string();
    Context::foreign("chat.stream").caused(ErrorKind::Connection, message, error)
}
