//! The source of a stream's pieces: a response of this client, or a stream that the caller already has.

use std::pin::Pin;
use std::task::{Context as TaskContext, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;

use super::body::Body;
use super::context::Context;
use super::request::Head;
use crate::error::{Error, Result};

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
    /// `None` once it is closed.
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

    /// Pieces of another client's stream.
    pub(crate) fn foreign(
        operation: &'static str,
        stream: impl Stream<Item = Result<Piece>> + Send + 'static,
    ) -> Self {
        let inner = Some(Inner::Foreign(Box::pin(stream)));
        PieceSource { inner, head: Head::default(), context: Context::foreign(operation) }
    }

    /// No pieces: the response has been read already.
    pub(crate) fn read(head: Head, context: Context) -> Self {
        PieceSource { inner: None, head, context }
    }

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

    /// Discards the rest, and keeps the connection.
    pub(crate) fn finish(&mut self, task: &mut TaskContext<'_>) {
        if let Some(Inner::Response(body)) = self.inner.take() {
            body.finish(task);
        }
    }

    /// Closes the connection.
    pub(crate) fn close(&mut self) {
        self.inner = None;
    }

    /// The reason to end the call although the service goes on, if there is one.
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
