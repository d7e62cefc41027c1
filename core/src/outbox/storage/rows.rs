//! Records in the forms in which a store accepts, returns and lists them.

use std::path::PathBuf;

use crate::outbox::opening::{ALONE, Opening, renamed};
use crate::outbox::record::PendingState;
use crate::outbox::state::{AttemptState, Millis};

/// A record to be stored.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::outbox) struct NewRecord {
    pub(in crate::outbox) id: String,
    pub(in crate::outbox) conversation: String,
    pub(in crate::outbox) user: Option<String>,
    /// JSON.
    pub(in crate::outbox) payload: String,
    pub(in crate::outbox) is_held: bool,
    /// True if the record brought tokens, which records of its user or conversation may be waiting for.
    pub(in crate::outbox) has_tokens: bool,
    pub(in crate::outbox) attempt: AttemptState,
    /// The opening. If a held record has a plan for its conversation, it is held at most until its process ends.
    pub(in crate::outbox) opening: Option<Opening>,
}

/// The tier that holds a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::outbox) enum Tier {
    File,
    Memory,
}

impl Tier {
    /// Returns true if a record in this tier survives the process.
    pub(in crate::outbox) fn is_durable(self) -> bool {
        self == Tier::File
    }
}

/// Result of an insertion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::outbox) enum Inserted {
    New(Tier),
    /// The id belongs to an earlier record: pending, dead or delivered.
    Known(Tier),
    /// A limit is reached.
    Full,
}

impl Inserted {
    /// Returns true if the record survives the process.
    pub(in crate::outbox) fn is_durable(self) -> bool {
        matches!(self, Inserted::New(Tier::File) | Inserted::Known(Tier::File))
    }
}

/// A record whose conversation this process has claimed.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::outbox) struct ClaimedRecord {
    pub(in crate::outbox) seq: u64,
    pub(in crate::outbox) id: String,
    pub(in crate::outbox) conversation: String,
    pub(in crate::outbox) user: Option<String>,
    pub(in crate::outbox) payload: String,
    pub(in crate::outbox) attempt: AttemptState,
    /// The steps that open the conversation before delivery. A transition that leaves the record pending stores them.
    pub(in crate::outbox) opening: Option<Opening>,
    /// The tier that it was claimed from; only this tier stores its transition.
    pub(super) tier: Tier,
}

/// The result of naming a conversation after a place that was found.
#[derive(Clone, Debug, PartialEq)]
#[allow(
    clippy::large_enum_variant,
    reason = "one exists at a time, and only while a conversation is opened"
)]
pub(in crate::outbox) enum Adopted {
    /// Named; `None` as for [`Backend::open`](super::Backend::open).
    Named(Option<ClaimedRecord>),
    /// Another conversation has the name, or may be about to get it.
    Taken,
}

/// The next state of a claimed record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::outbox) enum Transition {
    /// Delivered. Skipped records of the conversation become dead letters: ids with reasons.
    Delivered { poisoned: Vec<(String, String)>, continue_conversation: bool },
    /// To be retried. With `skip` the conversation stays claimed for the next record behind it.
    Later { attempt: AttemptState, due_at: Millis, needs_token: bool, reason: String, skip: bool },
    /// Given up: a dead letter.
    Dead { attempt: AttemptState, reason: String, continue_conversation: bool },
}

impl Transition {
    /// Makes the conversation stop after this transition.
    pub(in crate::outbox) fn stop(&mut self) {
        match self {
            Transition::Delivered { continue_conversation, .. }
            | Transition::Dead { continue_conversation, .. } => *continue_conversation = false,
            Transition::Later { skip, .. } => *skip = false,
        }
    }
}

/// The result of a settlement.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::outbox) struct Settled {
    /// True if the record was pending, and the transition is stored.
    pub(in crate::outbox) is_applied: bool,
    /// The ids of the records that became dead letters, with the reasons.
    pub(in crate::outbox) died: Vec<(String, String)>,
    /// The record to continue with; `None` if the claim has ended.
    pub(in crate::outbox) next: Option<ClaimedRecord>,
}

/// The counts of records. `accepted = delivered + dead + pending + discarded`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::outbox) struct Counts {
    pub(in crate::outbox) accepted: u64,
    pub(in crate::outbox) delivered: u64,
    pub(in crate::outbox) dead: u64,
    pub(in crate::outbox) pending: u64,
    pub(in crate::outbox) held: u64,
    pub(in crate::outbox) discarded: u64,
    /// The sequence number of the last accepted record.
    pub(in crate::outbox) last_seq: u64,
}

impl Counts {
    /// The sum of two tiers.
    pub(super) fn plus(self, other: Counts) -> Counts {
        Counts {
            accepted: self.accepted + other.accepted,
            delivered: self.delivered + other.delivered,
            dead: self.dead + other.dead,
            pending: self.pending + other.pending,
            held: self.held + other.held,
            discarded: self.discarded + other.discarded,
            last_seq: self.last_seq.max(other.last_seq),
        }
    }
}

/// The counters behind [`Stats`](crate::outbox::Stats).
#[derive(Debug, Default)]
pub(in crate::outbox) struct Counters {
    pub(in crate::outbox) now: Counts,
    /// The counts when this process opened the store.
    pub(in crate::outbox) at_open: Counts,
    /// Pending records in memory that should be in the file.
    pub(in crate::outbox) not_durable: u64,
    pub(in crate::outbox) storage_error: Option<String>,
    /// Damaged files that were set aside.
    pub(in crate::outbox) set_aside: Vec<PathBuf>,
}

/// A pending record in a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::outbox) struct PendingRow {
    pub(in crate::outbox) seq: u64,
    pub(in crate::outbox) id: String,
    pub(in crate::outbox) conversation: String,
    pub(in crate::outbox) user: Option<String>,
    pub(in crate::outbox) attempt: AttemptState,
    pub(in crate::outbox) state: PendingState,
    pub(in crate::outbox) reason: Option<String>,
}

/// A dead letter.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::outbox) struct DeadRow {
    pub(in crate::outbox) id: String,
    pub(in crate::outbox) conversation: String,
    pub(in crate::outbox) user: Option<String>,
    pub(in crate::outbox) payload: String,
    pub(in crate::outbox) attempt: AttemptState,
    pub(in crate::outbox) died_at: Millis,
    pub(in crate::outbox) reason: String,
    /// The state of its opening, restored when the record is requeued.
    pub(in crate::outbox) opening: Option<Opening>,
}

/// The memory of a delivered record: its id is not taken a second time, and a message may follow it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::outbox) struct DeliveredRow {
    pub(in crate::outbox) id: String,
    /// The final name of its conversation; `None` in a file of an older form, which kept neither this nor the user.
    pub(in crate::outbox) conversation: Option<String>,
    pub(in crate::outbox) user: Option<String>,
}

/// The user of a record, pending, delivered or dead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RecordUser {
    /// No record has this id, or it was delivered from a file of an older form.
    Unknown,
    /// The user that the record was enqueued with.
    Known(Option<String>),
}

impl RecordUser {
    /// Returns true if the record is known to be this user's.
    pub(crate) fn is(&self, user: Option<&str>) -> bool {
        matches!(self, RecordUser::Known(known) if known.as_deref() == user)
    }

    /// Returns true if the record and this one have users, who differ.
    pub(crate) fn differs(&self, user: Option<&str>) -> bool {
        matches!(self, RecordUser::Known(Some(known)) if user.is_some_and(|user| user != known))
    }
}

/// Records that move from memory to the file.
#[derive(Debug, Default)]
pub(in crate::outbox) struct MovedRecords {
    pub(super) queued: Vec<NewRecord>,
    pub(super) dead: Vec<DeadRow>,
    pub(super) delivered: Vec<DeliveredRow>,
    /// The numbers of delivered and discarded records, which the file counts from now on.
    pub(super) done: (u64, u64),
}

/// The most records of which each waits behind the next: a message names the first one, or one that named it.
pub(super) const CHAIN: usize = 8;

/// The state of a record that another one waits behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ahead {
    /// The conversation has this provisional name, and this record is still to open it.
    Opens {
        name: String,
        opener: String,
    },
    /// Pending in the conversation with this name, or delivered to it.
    In(String),
    /// Dead, and the conversation was not opened.
    Dead(String),
    Unknown,
}

impl Ahead {
    /// The state of a pending record.
    pub(super) fn pending(id: &str, conversation: String, opening: Option<&Opening>) -> Self {
        match opening.is_some_and(Opening::is_to_open) {
            true => Ahead::Opens { name: conversation, opener: id.to_owned() },
            false => Ahead::In(conversation),
        }
    }
}

impl NewRecord {
    /// Moves the record to the conversation of the record that it waits behind.
    pub(super) fn behind(self, ahead: Ahead) -> Self {
        let Some(Opening::Behind(id)) = &self.opening else { return self };
        let reason = match ahead {
            // This record receives the name as well, once there is one.
            Ahead::Opens { name, .. } | Ahead::In(name) if name == self.conversation => {
                return self;
            }
            Ahead::Opens { name, .. } => {
                let payload = renamed(&self.payload, &self.conversation, &name);
                return NewRecord { conversation: name, payload, ..self };
            }
            Ahead::In(name) => {
                let payload = renamed(&self.payload, &self.conversation, &name);
                return NewRecord { conversation: name, payload, opening: None, ..self };
            }
            Ahead::Dead(reason) => reason,
            Ahead::Unknown => ALONE.to_owned(),
        };
        let opening = Some(Opening::Unopened { behind: id.clone(), reason });
        NewRecord { opening, ..self }
    }
}

/// A turn, and the user whose it is, or on whose behalf it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::outbox) struct UserTurn {
    pub(in crate::outbox) id: String,
    /// `None` for a turn without a user, and for a request on behalf of the service itself.
    pub(in crate::outbox) user: Option<String>,
}

/// The result of a request to stop a turn of another process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StopAsked {
    /// Its process is told.
    Told,
    /// No process has announced it so far: the request waits for it.
    Unknown,
    /// It is another user's, and runs on.
    OtherUser,
}

/// The changes to the running turns of a process.
#[derive(Debug, Default)]
pub(in crate::outbox) struct TurnChanges {
    /// Turns of this process without rows.
    pub(in crate::outbox) started: Vec<UserTurn>,
    /// Turns of this process that have ended.
    pub(in crate::outbox) ended: Vec<String>,
    /// Turns of any process that are to be stopped.
    pub(in crate::outbox) stopped: Vec<UserTurn>,
}

impl TurnChanges {
    pub(super) fn is_empty(&self) -> bool {
        self.started.is_empty() && self.ended.is_empty() && self.stopped.is_empty()
    }
}

/// The rows of a process's running turns.
#[derive(Debug, Default)]
pub(in crate::outbox) struct RunningTurnRows {
    /// Their number.
    pub(in crate::outbox) rows: usize,
    /// The turns that are to be stopped.
    pub(in crate::outbox) stopped: Vec<String>,
}
