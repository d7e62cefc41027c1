//! Counts and reports additions to a reply.

use super::change::{At, Changes};
use crate::chat::object::Presence;

/// The number of bytes in the reply, and the receiver of changes.
pub(super) struct Tally<'c, C> {
    pub(super) bytes: &'c mut usize,
    pub(super) changes: &'c mut C,
}

impl<C: Changes> Tally<'_, C> {
    pub(super) fn append(&mut self, kept: &mut Option<String>, text: Option<&str>, at: &At<'_>) {
        let Some(text) = text else { return };
        match kept {
            None => {
                self.changes.set(at, text);
                *kept = Some(text.to_owned());
            }
            Some(kept) => self.append_to(kept, text, at),
        }
        *self.bytes += text.len();
    }

    pub(super) fn append_to(&mut self, kept: &mut String, text: &str, at: &At<'_>) {
        if !text.is_empty() {
            self.changes.append(at, text);
            kept.push_str(text);
        }
    }
}

/// Records that a field was null, if it has no value.
pub(super) fn record_null<C: Changes>(
    kept: &mut Presence,
    new: Presence,
    field: u8,
    is_none: bool,
    at: &At<'_>,
    tally: &mut Tally<'_, C>,
) {
    if new.is_null(field) && is_none && !kept.is_null(field) {
        kept.null(field);
        tally.changes.set(at, &());
    }
}
