//! Conversations whose place at the service does not exist yet: their first record carries the plan for it.
//!
//! ```text
//! planned ──written──▶ requested ──answer──▶ opened ──▶ delivered like any other record
//!    ▲                     │
//!    └── certainly not done ┘   not certain: dead, with all that wait behind it
//! ```
//!
//! The step is part of the record, so whoever opens the file goes on with it. A request is written down before it is
//! sent: one whose answer was lost is never repeated, as the place may exist.

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;

use super::backend::Fresh;
use super::{Outcome, Record};
use crate::error::Error;
use crate::guard::Callback;

/// How far the opening of a record's conversation is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Opening {
    /// The plan; the service was not asked, or certainly did nothing.
    Planned(Value),
    /// The service was asked, and its answer is not known yet.
    Requested(Value),
    /// The place exists, and the conversation has its name. The plan may have steps that come after that.
    Opened(Value),
    /// All steps are done; the record itself is to be delivered.
    Begun,
    /// The record waits for the one with this id, which opens the conversation.
    Behind(String),
    /// It waited for that one, which became a dead letter.
    Unopened { behind: String, reason: String },
}

impl Opening {
    /// As it is stored.
    pub(super) fn to_json(&self) -> String {
        // An enum of JSON and text can be written as JSON.
        serde_json::to_string(self).unwrap_or_default()
    }

    pub(super) fn from_json(json: &str) -> Self {
        serde_json::from_str(json).unwrap_or_else(|_| Opening::Unopened {
            behind: String::new(),
            reason: "the plan for its conversation cannot be read any more".into(),
        })
    }

    /// The state in which a dead letter is sent again: a person has decided that.
    pub(super) fn anew(self) -> Self {
        match self {
            Opening::Requested(plan) => Opening::Planned(plan),
            Opening::Unopened { behind, .. } => Opening::Behind(behind),
            other => other,
        }
    }

    /// The conversation has no place yet, and this record is to open it.
    pub(super) fn is_to_open(&self) -> bool {
        matches!(self, Opening::Planned(_) | Opening::Requested(_))
    }

    /// The record that opens the conversation of this one.
    pub(super) fn behind(&self) -> Option<&str> {
        match self {
            Opening::Behind(id) => Some(id),
            _ => None,
        }
    }
}

/// What became of the record that another one waits behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ahead {
    /// It is pending in this conversation, or has given it this name.
    In(String),
    /// It is dead, and the conversation was not opened.
    Dead(String),
    Unknown,
}

impl Fresh {
    /// The record in the place that became of the one that it waits behind.
    pub(super) fn behind(self, ahead: Ahead) -> Self {
        let Some(Opening::Behind(id)) = &self.opening else { return self };
        let reason = match ahead {
            // Its name comes to this one as well, when there is one.
            Ahead::In(name) if name == self.conversation => return self,
            Ahead::In(name) => {
                let payload = renamed(&self.payload, &self.conversation, &name);
                return Fresh { conversation: name, payload, opening: None, ..self };
            }
            Ahead::Dead(reason) => reason,
            Ahead::Unknown => ALONE.to_owned(),
        };
        let opening = Some(Opening::Unopened { behind: id.clone(), reason });
        Fresh { opening, ..self }
    }
}

/// The reason of a dead letter whose conversation nobody will open.
pub(super) const ALONE: &str = "the record that opens its conversation is gone";

/// Puts the name of a conversation in the place of the provisional one, which is unique, in a payload.
pub(super) fn renamed(payload: &str, from: &str, to: &str) -> String {
    let quoted = |name: &str| Value::from(name).to_string();
    payload.replace(&quoted(from), &quoted(to))
}

/// Opens places at the service.
pub(crate) trait Opener: Send + Sync {
    /// How errors name it.
    fn callback(&self) -> Callback;

    /// Asks the service for the place, at most once: again only where the first request has certainly done nothing.
    fn open<'a>(&'a self, call: OpeningCall<'a>) -> BoxFuture<'a, Opened>;

    /// Does what is to be done in the new place before its first record.
    fn begin<'a>(&'a self, call: OpeningCall<'a>) -> BoxFuture<'a, ()>;

    /// The reason of a dead letter whose request was sent by a process that has ended since, or lost its answer.
    fn in_doubt(&self) -> String;
}

/// An [`Opener`], as a sink has it.
#[derive(Clone)]
pub struct AnyOpener(pub(crate) Arc<dyn Opener>);

impl std::fmt::Debug for AnyOpener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Opener")
    }
}

/// What an opener works with.
#[derive(Clone, Copy)]
pub(crate) struct OpeningCall<'a> {
    pub(crate) record: &'a Record,
    pub(crate) plan: &'a Value,
    /// It was tried before: another process may have done a part of it, or the service may not be reached.
    pub(crate) is_again: bool,
    /// Is told of each request.
    pub(crate) requests: &'a dyn Requests,
    /// Is told of each step, if its process waits for them.
    pub(crate) observer: Option<&'a dyn OpeningObserver>,
}

/// Writes down what was asked of the service.
pub(crate) trait Requests: Send + Sync {
    /// Before a request is sent, which must not be sent if this fails.
    fn begins(&self) -> BoxFuture<'_, Result<(), Error>>;

    /// The service has certainly done nothing.
    fn was_refused(&self);
}

/// What came of the attempt to open a place.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Opened {
    /// It exists under this name.
    As(String),
    /// It was certainly not made: the outcome, as of a delivery.
    Not(Outcome),
    /// It may have been made.
    InDoubt(String),
}

/// A step of an opening.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OpeningStep {
    /// The place is asked for.
    Create,
    /// What comes before the first record is done.
    Begin,
}

/// Sees a conversation being opened by this process.
pub(crate) trait OpeningObserver: Send + Sync {
    fn begins(&self, step: OpeningStep);
    fn ended(&self, step: OpeningStep, result: Result<(), &Error>);
    /// It has this name from now on.
    fn opened(&self, name: &str);
    /// It will not be opened.
    fn given_up(&self, reason: &str);
}
