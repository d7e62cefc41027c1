//! The event that is being received.

use std::sync::Arc;

/// The lines of an event so far, which the next blank line dispatches.
#[derive(Debug, Default)]
pub(super) struct Block {
    pub(super) has_data: bool,
    pub(super) data: Vec<u8>,
    pub(super) event: String,
    /// The id of this block; it becomes the last event id only when a blank line ends the block.
    pub(super) id: Option<Arc<str>>,
    pub(super) retry: Option<u64>,
    /// Ignored lines that may report an error, and true if their field was `error`.
    pub(super) stray: Vec<u8>,
    pub(super) is_error: bool,
}

impl Block {
    /// Returns true if no line of the event has been received.
    pub(super) fn is_empty(&self) -> bool {
        let Block { has_data, data: _, event, id, retry, stray, is_error } = self;
        let is_without_fields = event.is_empty() && id.is_none() && retry.is_none();
        !has_data && is_without_fields && stray.is_empty() && !is_error
    }
}
