//! The ids of a turn.

use crate::process::new_id;

/// The ids of a turn and of its two messages.
#[derive(Clone, Debug)]
pub(super) struct Ids {
    pub(super) turn: String,
    pub(super) message: String,
    pub(super) reply: String,
}

impl Ids {
    pub(super) fn new() -> Self {
        let id = || new_id().to_string();
        Ids { turn: id(), message: id(), reply: id() }
    }
}
