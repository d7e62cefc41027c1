//! Streams from the caller: bytes of another HTTP client, or events of another decoder.

use std::error::Error as StdError;

use bytes::Bytes;
use futures_core::Stream;
use tokio::time::Instant;

use super::settings::Wire;
use super::stream::TurnStream;
use crate::config::Limits;
use crate::http::PieceSource;

/// The operation name in errors of such a stream.
const OPERATION: &str = "service.stream";

impl TurnStream {
    /// Reads a turn from the bytes of a response that another client has received.
    ///
    /// The usual rules for truncation, errors and sizes apply; time limits and cancellation are the other client's.
    pub fn from_bytes<S, E>(bytes: S) -> Self
    where
        S: Stream<Item = Result<Bytes, E>> + Send + 'static,
        E: StdError + Send + Sync + 'static,
    {
        Self::from_source(PieceSource::foreign_bytes(OPERATION, bytes))
    }

    /// Reads a turn from events that `eventsource_stream` has decoded.
    #[cfg(feature = "eventsource-stream")]
    pub fn from_events<S, E>(events: S) -> Self
    where
        S: Stream<Item = Result<eventsource_stream::Event, E>> + Send + 'static,
        E: StdError + Send + Sync + 'static,
    {
        Self::from_source(PieceSource::foreign_events(OPERATION, events))
    }

    fn from_source(source: PieceSource) -> Self {
        TurnStream::new(source, Wire::Events, Limits::default(), Instant::now())
    }
}
