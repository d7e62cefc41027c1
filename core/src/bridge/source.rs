//! The sources of pulls: a call, and any stream. The chunks of a reply have one of their own, in `chat`.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;

use super::items::{Collect, Items};
use crate::error::Result;

/// The origin of a pull's items.
pub(super) trait Source: Send + 'static {
    type Items: Items;

    /// Polls for the next item, and adds it to `items`.
    fn poll_into(
        &mut self,
        task: &mut Context<'_>,
        items: &mut Self::Items,
    ) -> Poll<Option<Result<()>>>;

    /// Returns true if the next item needs more bytes than the source has buffered: the pump then yields to the
    /// connection's task, which may bring them, before it closes the batch.
    fn is_dry(&self) -> bool;
}

/// A call: one item, its result.
pub(super) struct Once<F, I> {
    /// `None` once it has ended.
    call: Option<Pin<Box<F>>>,
    items: std::marker::PhantomData<fn() -> I>,
}

impl<F, I> Once<F, I> {
    pub(super) fn new(call: F) -> Self {
        Once { call: Some(Box::pin(call)), items: std::marker::PhantomData }
    }
}

impl<F, T, I> Source for Once<F, I>
where
    F: Future<Output = Result<T>> + Send + 'static,
    I: Collect<T>,
{
    type Items = I;

    fn poll_into(&mut self, task: &mut Context<'_>, items: &mut I) -> Poll<Option<Result<()>>> {
        let Some(call) = &mut self.call else { return Poll::Ready(None) };
        call.as_mut().poll(task).map(|result| {
            self.call = None;
            Some(result.map(|item| items.push(item)))
        })
    }

    fn is_dry(&self) -> bool {
        false
    }
}

/// A stream of items.
pub(super) struct Streamed<S, I> {
    stream: Pin<Box<S>>,
    items: std::marker::PhantomData<fn() -> I>,
}

impl<S, I> Streamed<S, I> {
    pub(super) fn new(stream: S) -> Self {
        Streamed { stream: Box::pin(stream), items: std::marker::PhantomData }
    }
}

impl<S, T, I> Source for Streamed<S, I>
where
    S: Stream<Item = Result<T>> + Send + 'static,
    I: Collect<T>,
{
    type Items = I;

    fn poll_into(&mut self, task: &mut Context<'_>, items: &mut I) -> Poll<Option<Result<()>>> {
        self.stream
            .as_mut()
            .poll_next(task)
            .map(|next| next.map(|item| item.map(|i| items.push(i))))
    }

    fn is_dry(&self) -> bool {
        // Unknown for a general stream.
        true
    }
}
