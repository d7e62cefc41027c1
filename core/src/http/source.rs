//! The source of a stream's bytes: a response of ours, or a stream that the caller already has.

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
    /// Bytes, for our decoder.
    Bytes(Bytes),
    /// An event that the caller's decoder has read.
    #[cfg(feature = "eventsource-stream")]
    Event { event: String, data: String },
}

type Foreign = Pin<Box<dyn Stream<Item = Result<Piece>> + Send>>;

/// Where the pieces come from.
pub(crate) struct Source {
    /// `None` once it is closed.
    inner: Option<Inner>,
    head: Head,
    context: Context,
}

enum Inner {
    Response(Box<Body>),
    Foreign(Foreign),
}

impl Source {
    pub(crate) fn response(head: Head, body: Body) -> Self {
        let context = body.context().clone();
        Source { inner: Some(Inner::Response(Box::new(body))), head, context }
    }

    /// Pieces from elsewhere, for an operation of ours.
    pub(crate) fn foreign(
        operation: &'static str,
        stream: impl Stream<Item = Result<Piece>> + Send + 'static,
    ) -> Self {
        let inner = Some(Inner::Foreign(Box::pin(stream)));
        Source { inner, head: Head::default(), context: Context::foreign(operation) }
    }

    /// No pieces at all: what there was has been read already.
    pub(crate) fn read(head: Head, context: Context) -> Self {
        Source { inner: None, head, context }
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

    /// The rest is of no interest, but the connection is worth keeping.
    pub(crate) fn finish(&mut self, task: &mut TaskContext<'_>) {
        if let Some(Inner::Response(body)) = self.inner.take() {
            body.finish(task);
        }
    }

    /// Closes the connection.
    pub(crate) fn close(&mut self) {
        self.inner = None;
    }

    /// Why the call must end although the service goes on, if it must.
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

    /// Ends the stream `limit` after it next has nothing, whatever arrives meanwhile, or waits again as long as ever.
    pub(crate) fn hurry(&mut self, limit: Option<Duration>) {
        if let Some(Inner::Response(body)) = &mut self.inner {
            body.hurry(limit);
        }
    }

    pub(crate) fn head(&self) -> &Head {
        &self.head
    }

    /// What the call is about, for errors.
    pub(crate) fn context(&self) -> &Context {
        &self.context
    }
}
