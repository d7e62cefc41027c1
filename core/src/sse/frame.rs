//! Frames: events, and the comments that keep a connection alive.

use std::borrow::Cow;
use std::sync::Arc;

/// The type of an event without a type.
pub(super) const DEFAULT_EVENT: &str = "message";

/// One frame of an event stream, as it is read or written.
///
/// A decoded frame borrows from the bytes passed to the decoder wherever these were whole and valid UTF-8.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Frame<'a> {
    /// A dispatched event.
    Event(Event<'a>),
    /// A comment line (`: ping`), without its colon and one leading space. It has no content, but it proves that the
    /// connection is alive.
    Comment(Cow<'a, str>),
}

impl Frame<'_> {
    /// The same frame, independent of the bytes that it was read from.
    pub fn into_owned(self) -> Frame<'static> {
        match self {
            Frame::Event(event) => Frame::Event(event.into_owned()),
            Frame::Comment(text) => Frame::Comment(Cow::Owned(text.into_owned())),
        }
    }
}

/// A dispatched event, as after the standard's "dispatch the event".
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event<'a> {
    /// The event's type; `"message"` if the stream specifies none.
    pub event: Cow<'a, str>,
    /// The `data` lines, joined by `\n`.
    pub data: Cow<'a, str>,
    /// The last event id at this event: it persists across events without an id.
    pub id: Arc<str>,
    /// The reconnection time in this event's block, in milliseconds.
    pub retry: Option<u64>,
}

impl<'a> Event<'a> {
    /// An event of type `message` with this data.
    pub fn new(data: impl Into<Cow<'a, str>>) -> Self {
        Event {
            event: Cow::Borrowed(DEFAULT_EVENT),
            data: data.into(),
            id: Arc::default(),
            retry: None,
        }
    }

    /// The same event, independent of the bytes that it was read from.
    pub fn into_owned(self) -> Event<'static> {
        Event {
            event: Cow::Owned(self.event.into_owned()),
            data: Cow::Owned(self.data.into_owned()),
            id: self.id,
            retry: self.retry,
        }
    }
}
