//! Streams that the caller already has: bytes from another HTTP client, or events from another decoder.

use std::error::Error as StdError;

use bytes::Bytes;
use futures_core::Stream;
use tokio::time::Instant;
use tracing::Span;

use super::stream::{ChatStream, Setup};
use crate::config::Limits;
use crate::http::PieceSource;

/// The operation named in errors of such a stream.
const OPERATION: &str = "chat.stream";

impl ChatStream {
    /// Reads a reply from the bytes of a response that another client has received.
    ///
    /// The rules for truncation, errors and sizes apply as usual; time limits and cancellation are up to the other
    /// client.
    pub fn from_bytes<S, E>(bytes: S) -> Self
    where
        S: Stream<Item = Result<Bytes, E>> + Send + 'static,
        E: StdError + Send + Sync + 'static,
    {
        Self::from_source(PieceSource::foreign_bytes(OPERATION, bytes))
    }

    /// Reads a reply from events that `eventsource_stream` has decoded.
    #[cfg(feature = "eventsource-stream")]
    pub fn from_events<S, E>(events: S) -> Self
    where
        S: Stream<Item = Result<eventsource_stream::Event, E>> + Send + 'static,
        E: StdError + Send + Sync + 'static,
    {
        Self::from_source(PieceSource::foreign_events(OPERATION, events))
    }

    fn from_source(source: PieceSource) -> Self {
        let setup = Setup {
            asked: 1,
            limits: Limits::default(),
            started: Instant::now(),
            span: Span::none(),
        };
        ChatStream::new(source, setup)
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Arc;

    use futures::{StreamExt, stream};

    use super::*;

    const CHUNK: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n";

    /// The buffer of a connection.
    struct Buffer(Arc<Vec<u8>>);

    impl AsRef<[u8]> for Buffer {
        fn as_ref(&self) -> &[u8] {
            &self.0
        }
    }

    #[tokio::test]
    async fn a_piece_is_released_with_its_last_chunk() {
        let buffer = Arc::new(CHUNK.repeat(2).into_bytes());
        let piece = Bytes::from_owner(Buffer(buffer.clone()));
        let pieces = stream::iter([Ok::<_, io::Error>(piece)]).chain(stream::pending());
        let mut chunks = ChatStream::from_bytes(pieces);
        for users in [2, 1] {
            let chunk = chunks.next().await.unwrap().unwrap();
            assert_eq!((chunk.text(), Arc::strong_count(&buffer)), ("a", users));
        }
    }
}
