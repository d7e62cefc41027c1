//! Streams that are polled in their caller's context.

use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use futures_core::Stream;

use crate::caller::{self, Context};

/// A stream, polled in this context.
pub(super) struct InContext<S> {
    pub(super) stream: S,
    pub(super) context: Option<Context>,
}

impl<S: Stream + Unpin> Stream for InContext<S> {
    type Item = S::Item;

    fn poll_next(mut self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<Option<S::Item>> {
        let this = &mut *self;
        caller::scope(this.context.as_ref(), || Pin::new(&mut this.stream).poll_next(task))
    }
}
