//! The opening of a conversation that has no place at the service yet: its first record carries the plan for it.
//!
//! ```text
//! planned ──written──▶ requested ──answer──▶ opened ──▶ delivered like any other record
//!    ▲                  │      │                ▲
//!    ├─ certainly not ──┘   no answer           │
//!    │       done              ▼                │
//!    └─── there is none ─── doubted ── found ───┘   never to be known: dead while requested, with all that wait behind it
//! ```
//!
//! The step is part of the record, so the next process that opens the file continues with it. A request is stored
//! before it is sent: if its answer is lost, it is not repeated before the place was looked for, because it may exist.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tracing::Span;

use super::state::Millis;
use crate::error::Error;

/// The state of the opening of a record's conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Opening {
    /// The plan; the service was not asked, or certainly did nothing.
    Planned(Value),
    /// The service was asked, and its answer is not known yet. Of a dead letter: a person was told to look for the place.
    Requested(Value),
    /// The answer is lost: the place may exist, and is looked for first. It is no older than `since`.
    Doubted { plan: Value, since: Millis },
    /// The place exists, and the conversation has its name. The plan may have further steps.
    Opened(Value),
    /// All steps are done; the record itself can be delivered.
    Begun,
    /// The record waits for the one with this id, which opens the conversation.
    Behind(String),
    /// It waited for the record with this id, which became a dead letter.
    Unopened { behind: String, reason: String },
}

impl Opening {
    /// The stored form.
    pub(super) fn to_json(&self) -> String {
        // An enum of JSON values and strings always serialises.
        serde_json::to_string(self).unwrap_or_default()
    }

    pub(super) fn from_json(json: &str) -> Self {
        serde_json::from_str(json).unwrap_or_else(|_| Opening::Unopened {
            behind: String::new(),
            reason: "the plan for its conversation can no longer be read".into(),
        })
    }

    /// The state after a person requeues a dead letter.
    pub(super) fn requeued(self) -> Self {
        match self {
            Opening::Requested(plan) => Opening::Planned(plan),
            Opening::Unopened { behind, .. } => Opening::Behind(behind),
            other => other,
        }
    }

    /// Returns true if the conversation has no place yet, and this record must open it.
    pub(super) fn is_to_open(&self) -> bool {
        matches!(self, Opening::Planned(_) | Opening::Requested(_) | Opening::Doubted { .. })
    }

    pub(super) fn is_doubted(&self) -> bool {
        matches!(self, Opening::Doubted { .. })
    }

    /// The state of another record whose request is under way, and may have created the place that is opened with this.
    pub(super) fn rival(&self) -> Option<Opening> {
        match self {
            Opening::Opened(plan) => Some(Opening::Requested(plan.clone())),
            _ => None,
        }
    }

    /// The id of the record on which the name of this one's conversation depends.
    pub(super) fn follows(&self) -> Option<&str> {
        match self {
            Opening::Behind(id) | Opening::Unopened { behind: id, .. } => Some(id),
            _ => None,
        }
    }

    /// The id of the record that opens this one's conversation.
    pub(super) fn behind(&self) -> Option<&str> {
        match self {
            Opening::Behind(id) => Some(id),
            _ => None,
        }
    }
}

/// The reason of a dead letter whose conversation no record will open.
pub(super) const ALONE: &str = "the record that opens its conversation is gone";

/// The addition to the reason of a dead letter whose conversation may have a place.
pub(super) const DOUBTFUL: &str =
    "its conversation may have been created, and is looked for first when this is sent again";

/// Replaces the provisional name of a conversation, which is unique, in a payload.
pub(super) fn renamed(payload: &str, from: &str, to: &str) -> String {
    let quoted = |name: &str| Value::from(name).to_string();
    payload.replace(&quoted(from), &quoted(to))
}

/// A step of an opening.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OpeningStep {
    /// The request for the place.
    Create,
    /// The steps in the new place before its first record.
    Begin,
}

/// Observes the opening of a conversation by this process.
pub(crate) trait OpeningObserver: Send + Sync {
    /// Returns the span of the step, in which its requests are sent.
    fn begins(&self, step: OpeningStep) -> Span;
    fn ended(&self, step: OpeningStep, result: Result<(), &Error>);
    /// The conversation has this name from now on.
    fn opened(&self, name: &str);
    /// The conversation will not be opened.
    fn given_up(&self);
}
