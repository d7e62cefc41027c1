//! The ids of a turn.

use crate::process::new_id;
use crate::turn_request::TurnRequest;

/// The ids of a turn and of its two messages.
#[derive(Clone, Debug)]
pub(super) struct Ids {
    pub(super) turn: String,
    pub(super) message: String,
    pub(super) reply: String,
}

impl Ids {
    /// The ids of a turn without a valid request.
    pub(super) fn new() -> Self {
        Ids::of(&TurnRequest::new(""))
    }

    /// The ids of a turn with this request: those of its messages may be the caller's.
    pub(super) fn of(request: &TurnRequest) -> Self {
        let id = || new_id().to_string();
        let given = |given: &Option<String>| given.clone().unwrap_or_else(id);
        Ids { turn: id(), message: given(&request.message_id), reply: given(&request.reply_id) }
    }
}
