//! The records of a conversation that may pass those which wait for the tokens of other users.

use super::backend::CHOICE;
use crate::outbox::opening::Opening;

/// A pending record, as far as this question needs it.
pub(super) struct Queued<'a> {
    pub(super) seq: u64,
    pub(super) user: Option<&'a str>,
    pub(super) needs_token: bool,
    pub(super) is_due: bool,
    pub(super) opening: Option<&'a Opening>,
}

/// A walk through a conversation, from its first record on, to the next one to be sent.
///
/// Each user's records stay in order. A record without a user, and one that opens the conversation, are passed by nobody.
pub(super) struct Passing {
    /// The record after which the next one is looked for; those before it are only taken note of.
    after: u64,
    /// The users whose records wait.
    waiting: Vec<String>,
    /// The records that are still looked at, [`CHOICE`] at most.
    left: usize,
}

/// The answer to a record of the walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// It is the next record.
    Take,
    /// A record behind it may be.
    Pass,
    /// There is no next record.
    Stop,
}

impl Passing {
    pub(super) fn after(seq: u64) -> Self {
        Passing { after: seq, waiting: Vec::new(), left: CHOICE }
    }

    pub(super) fn step(&mut self, record: &Queued<'_>) -> Step {
        if self.left == 0 {
            return Step::Stop;
        }
        self.left -= 1;
        let is_before = record.seq <= self.after;
        let waits = record.needs_token && (is_before || !record.is_due);
        let opens = record.opening.is_some_and(Opening::is_to_open);
        match record.user {
            Some(user) if self.waiting.iter().any(|waiting| waiting == user) => Step::Pass,
            Some(user) if waits && !opens => {
                self.waiting.push(user.to_owned());
                Step::Pass
            }
            _ if is_before => {
                if waits {
                    Step::Stop
                } else {
                    Step::Pass
                }
            }
            None if !self.waiting.is_empty() => Step::Stop,
            _ => Step::Take,
        }
    }
}
