//! Batches of a turn's events for a host language, as JSON text.

use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use futures_core::Stream;

use super::items::{Collect, Items};
use super::source::Source;
use crate::caller::{self, Context};
use crate::error::Result;
use crate::event::TurnEvent;

/// Pulled events as JSON, in order.
#[derive(Debug, Default)]
pub struct Events {
    /// The comma-separated objects.
    json: String,
    count: usize,
}

impl Events {
    /// The number of events.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Returns true if there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The events as one JSON list. Each is the object of the wire, such as `{"type": "content", "content": "안녕"}`.
    pub fn into_json(self) -> String {
        let mut json = self.json;
        json.insert(0, '[');
        json.push(']');
        json
    }
}

impl Items for Events {
    fn count(&self) -> usize {
        self.count
    }

    fn bytes(&self) -> usize {
        self.json.len()
    }

    fn append(&mut self, later: Self) {
        if self.count > 0 && later.count > 0 {
            self.json.push(',');
        }
        self.json.push_str(&later.json);
        self.count += later.count;
    }
}

impl Collect<TurnEvent> for Events {
    fn push(&mut self, event: TurnEvent) {
        if self.count > 0 {
            self.json.push(',');
        }
        event.write_json(&mut self.json);
        self.count += 1;
    }
}

/// The events of a turn, polled in their caller's context.
pub(super) struct EventSource<S> {
    stream: S,
    context: Option<Context>,
    /// Returns true if the next event needs more bytes than the stream has buffered.
    is_dry: fn(&S) -> bool,
}

impl<S> EventSource<S> {
    pub(super) fn new(stream: S, context: Option<Context>, is_dry: fn(&S) -> bool) -> Self {
        EventSource { stream, context, is_dry }
    }
}

impl<S> Source for EventSource<S>
where
    S: Stream<Item = Result<TurnEvent>> + Send + Unpin + 'static,
{
    type Items = Events;

    fn poll_into(
        &mut self,
        task: &mut TaskContext<'_>,
        events: &mut Events,
    ) -> Poll<Option<Result<()>>> {
        let EventSource { stream, context, .. } = self;
        let polled = caller::scope(context.as_ref(), || Pin::new(stream).poll_next(task));
        polled.map(|next| next.map(|event| event.map(|event| events.push(event))))
    }

    fn is_dry(&self) -> bool {
        (self.is_dry)(&self.stream)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::super::{Pull, Taken, Waiting};
    use super::*;

    const PIECE: usize = 64 * 1024;

    /// An endless stream of events that counts the bytes of text read from it.
    struct Endless(Arc<AtomicUsize>);

    impl Stream for Endless {
        type Item = Result<TurnEvent>;

        fn poll_next(self: Pin<&mut Self>, _: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
            self.0.fetch_add(PIECE, Ordering::SeqCst);
            Poll::Ready(Some(Ok(TurnEvent::content("x".repeat(PIECE)))))
        }
    }

    #[test]
    fn events_are_read_ahead_by_their_bytes() {
        let read = Arc::new(AtomicUsize::new(0));
        let pull: Pull<Events> = Pull::of_stream(Endless(read.clone())).unwrap();
        let mut taken = 0;
        while taken < 100 * PIECE {
            if !pull.wait(Duration::from_secs(10)) {
                continue;
            }
            let Taken::Items(events) = pull.take() else { panic!("the stream has no end") };
            let ahead = read.load(Ordering::SeqCst) - taken;
            // The queue, and one batch in flight.
            assert!(ahead <= 2 * 256 * 1024 + 2 * PIECE, "{ahead} bytes are read ahead");
            taken += events.len() * PIECE;
        }
    }
}
