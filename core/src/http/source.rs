//! The source of a stream's pieces: a response of this client, or a stream that the caller already has.

use std::error::Error as StdError;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
use futures_util::StreamExt;

use super::body::Body;
use super::context::Context;
use super::request::Head;
use crate::error::{Error, ErrorKind, Result};

/// A piece of a stream.
pub(crate) enum Piece {
    /// Bytes, for this library's decoder.
    Bytes(Bytes),
    /// An event that the caller's decoder has read.
    #[cfg(feature = "eventsource-stream")]
    Event { event: String, data: String },
}

type Foreign = Pin<Box<dyn Stream<Item = Result<Piece>> + Send>>;

/// The source of the pieces of one stream.
pub(crate) struct PieceSource {
    /// `None` after it was closed.
    inner: Option<Inner>,
    head: Head,
    context: Context,
}

enum Inner {
    Response(Box<Body>),
    Foreign(Foreign),
}

impl PieceSource {
    pub(crate) fn response(head: Head, body: Body) -> Self {
        let context = body.context().clone();
        PieceSource { inner: Some(Inner::Response(Box::new(body))), head, context }
    }

    /// The bytes of a response that another client has received, as the source for an operation of this library.
    pub(crate) fn foreign_bytes<S, E>(operation: &'static str, bytes: S) -> Self
    where
        S: Stream<Item = std::result::Result<Bytes, E>> + Send + 'static,
        E: StdError + Send + Sync + 'static,
    {
        Self::foreign(operation, bytes.map(|piece| piece.map(Piece::Bytes)))
    }

    /// Events that `eventsource_stream` has decoded, as the source for an operation of this library.
    #[cfg(feature = "eventsource-stream")]
    pub(crate) fn foreign_events<S, E>(operation: &'static str, events: S) -> Self
    where
        S: Stream<Item = std::result::Result<eventsource_stream::Event, E>> + Send + 'static,
        E: StdError + Send + Sync + 'static,
    {
        let piece = |e: eventsource_stream::Event| Piece::Event { event: e.event, data: e.data };
        Self::foreign(operation, events.map(move |event| event.map(piece)))
    }

    fn foreign<S, E>(operation: &'static str, pieces: S) -> Self
    where
        S: Stream<Item = std::result::Result<Piece, E>> + Send + 'static,
        E: StdError + Send + Sync + 'static,
    {
        let broken = move |error: E| {
            let message = error.to_string();
            Context::foreign(operation).caused(ErrorKind::Connection, message, error)
        };
        let pieces = Box::pin(pieces.map(move |piece| piece.map_err(broken)));
        let inner = Some(Inner::Foreign(pieces));
        PieceSource { inner, head: Head::default(), context: Context::foreign(operation) }
    }

    /// An empty source: the response has been read already.
    pub(crate) fn read(head: Head, context: Context) -> Self {
        PieceSource { inner: None, head, context }
    }

    #[inline]
    pub(crate) fn poll(&mut self, task: &mut TaskContext<'_>) -> Poll<Option<Result<Piece>>> {
        match &mut self.inner {
            Some(Inner::Response(body)) => {
                body.poll_data(task).map(|piece| piece.map(|p| p.map(Piece::Bytes)))
            }
            Some(Inner::Foreign(stream)) => {
                let piece = ready!(stream.as_mut().poll_next(task));
                if piece.is_none() {
                    self.inner = None; // it may not be polled again
                }
                Poll::Ready(piece)
            }
            None => Poll::Ready(None),
        }
    }

    /// Discards the rest, and keeps the connection for reuse.
    pub(crate) fn finish(&mut self, task: &mut TaskContext<'_>) {
        if let Some(Inner::Response(body)) = self.inner.take() {
            body.finish(task);
        }
    }

    /// Closes the connection.
    pub(crate) fn close(&mut self) {
        self.inner = None;
    }

    /// The reason to end the call although the service is still sending, if there is one.
    pub(crate) fn stopped(&self) -> Option<Error> {
        match &self.inner {
            Some(Inner::Response(body)) => body.stopped(),
            _ => None,
        }
    }

    pub(crate) fn content_came(&mut self) {
        if let Some(Inner::Response(body)) = &mut self.inner {
            body.content_came();
        }
    }

    /// Ends the stream `limit` after its next wait begins, whatever arrives meanwhile; `None` restores the usual limits.
    #[cold]
    pub(crate) fn hurry(&mut self, limit: Option<Duration>) {
        if let Some(Inner::Response(body)) = &mut self.inner {
            body.hurry(limit);
        }
    }

    pub(crate) fn head(&self) -> &Head {
        &self.head
    }

    /// The context of the call, for errors.
    pub(crate) fn context(&self) -> &Context {
        &self.context
    }
}
