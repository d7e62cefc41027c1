//! What keeps records: the trait that memory and file share, and what goes through it.

use super::Delivery;
use super::opening::Opening;
use super::report::PendingState;
use super::state::{Millis, Trial};

/// Keeps records and their states. Times are milliseconds since the epoch.
///
/// A conversation is claimed as a whole: whoever claimed it has its records alone until it gives it back.
pub(super) trait Backend {
    /// Takes records, all or none; says of each whether it was new, and if not, why.
    fn insert(&mut self, fresh: &[Fresh], now: Millis) -> Result<Vec<Inserted>, Fault>;

    /// Replaces a held record and queues it; `false` when no such record is held.
    fn release(&mut self, fresh: &Fresh, now: Millis) -> Result<bool, Fault>;

    /// Claims up to `limit` conversations whose first record is due, and gives these records.
    fn claim(&mut self, limit: usize, now: Millis) -> Result<Vec<Entry>, Fault>;

    /// When the next claim can find something; `None` when nothing waits for a time.
    fn next_due(&mut self, now: Millis) -> Result<Option<Millis>, Fault>;

    /// Writes down how far the opening of a claimed record's conversation is; `false` when it is not pending any more.
    fn note_opening(&mut self, entry: &Entry, now: Millis) -> Result<bool, Fault>;

    /// Gives a claimed conversation its name, in the payloads of its records as well, and the state of its opening to
    /// the claimed record. The record as it is now; `None` when it is not pending any more, or others have claimed a
    /// conversation of that name.
    fn open(
        &mut self,
        entry: &Entry,
        name: &str,
        opening: &Opening,
        now: Millis,
    ) -> Result<Option<Entry>, Fault>;

    /// Writes down what became of a claimed record. Nothing happens to one that is not pending any more. A record that
    /// dies without having opened its conversation takes all along that wait behind it.
    fn settle(&mut self, entry: &Entry, change: &Change, now: Millis) -> Result<Settled, Fault>;

    /// Gives a claimed conversation back as it is.
    fn give_back(&mut self, conversation: &str, now: Millis) -> Result<(), Fault>;

    /// Gives all conversations back that this process has claimed.
    fn give_all_back(&mut self, now: Millis) -> Result<(), Fault>;

    /// What it holds, and has held.
    fn counts(&mut self) -> Result<Counts, Fault>;

    /// Whether a record that this outbox has to deliver waits, taken no later than `seq`.
    fn is_waiting(&mut self, seq: u64) -> Result<bool, Fault>;

    /// The pending records in order, `limit` at most.
    fn pending(&mut self, limit: usize) -> Result<Vec<PendingRow>, Fault>;

    /// The dead letters in order, `limit` at most.
    fn dead(&mut self, limit: usize) -> Result<Vec<DeadRow>, Fault>;

    /// Queues a dead letter anew, behind all others of its conversation; `false` when there is none of this id.
    fn requeue(&mut self, id: &str, now: Millis) -> Result<bool, Fault>;

    /// Forgets a dead letter, or a pending record that is not being sent; `false` when there is none of this id.
    fn discard(&mut self, id: &str, now: Millis) -> Result<bool, Fault>;
}

/// A record to be taken.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Fresh {
    pub(super) id: String,
    pub(super) conversation: String,
    pub(super) user: Option<String>,
    /// JSON.
    pub(super) payload: String,
    pub(super) is_held: bool,
    /// It brought tokens, which those of its user or conversation wait for.
    pub(super) has_tokens: bool,
    pub(super) trial: Trial,
    /// A held record with a plan for its conversation is held until its process ends, at most.
    pub(super) opening: Option<Opening>,
}

/// What became of a record that was to be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Inserted {
    New,
    /// Its id is that of another one: pending, dead or delivered.
    Known,
    /// A limit is reached.
    Full,
}

/// A claimed record.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    pub(super) seq: u64,
    pub(super) id: String,
    pub(super) conversation: String,
    pub(super) user: Option<String>,
    pub(super) payload: String,
    pub(super) trial: Trial,
    /// What it does to its conversation before it is delivered. A settlement that leaves the record pending writes it.
    pub(super) opening: Option<Opening>,
}

/// What becomes of a claimed record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// It is delivered, and those of its conversation that were stepped over are dead: ids with reasons.
    Delivered { poisoned: Vec<(String, String)>, go_on: bool },
    /// It is tried again. With `step_over` the conversation stays claimed for the record behind it.
    Later { trial: Trial, due_at: Millis, needs_token: bool, reason: String, step_over: bool },
    /// It is given up.
    Dead { trial: Trial, reason: String, go_on: bool },
}

impl Change {
    /// The conversation does not go on after it.
    pub(super) fn stop(&mut self) {
        match self {
            Change::Delivered { go_on, .. } | Change::Dead { go_on, .. } => *go_on = false,
            Change::Later { step_over, .. } => *step_over = false,
        }
    }
}

/// What `settle` found.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Settled {
    /// The record was pending, and is what the change says now.
    pub(super) is_applied: bool,
    /// How many records became dead letters.
    pub(super) died: u64,
    /// The record to go on with; without one the conversation is given back.
    pub(super) next: Option<Entry>,
}

/// Counts of records. `accepted = delivered + dead + pending + discarded`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) accepted: u64,
    pub(super) delivered: u64,
    pub(super) dead: u64,
    pub(super) pending: u64,
    pub(super) held: u64,
    pub(super) discarded: u64,
    /// The number of the last record taken.
    pub(super) last_seq: u64,
}

/// A pending record, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PendingRow {
    pub(super) seq: u64,
    pub(super) id: String,
    pub(super) conversation: String,
    pub(super) user: Option<String>,
    pub(super) trial: Trial,
    pub(super) state: PendingState,
    pub(super) reason: Option<String>,
}

/// A dead letter.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct DeadRow {
    pub(super) id: String,
    pub(super) conversation: String,
    pub(super) user: Option<String>,
    pub(super) payload: String,
    pub(super) trial: Trial,
    pub(super) died_at: Millis,
    pub(super) reason: String,
    /// How far it was, for when it is sent again.
    pub(super) opening: Option<Opening>,
}

/// Why a backend cannot do what it is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Another process holds the file for too long.
    Busy,
    /// It cannot be read or written: no space, no permission, an I/O error.
    Unusable(String),
    /// Its content makes no sense.
    Damaged(String),
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Fault::Busy => f.write_str("another process holds the file"),
            Fault::Unusable(why) => f.write_str(why),
            Fault::Damaged(why) => write!(f, "the file is damaged: {why}"),
        }
    }
}

impl Counts {
    /// These and others together.
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

/// Whether a record with this time is due. A time that lies further ahead than any wait can be was written by a clock
/// that was wrong, or is wrong now.
pub(super) fn is_due(due_at: Millis, now: Millis, longest_wait: Millis) -> bool {
    due_at <= now || due_at > now.saturating_add(longest_wait)
}

const LONGEST_WAIT: Millis = i64::MAX as u64 / 4;

/// The longest wait between two tries.
pub(super) fn longest_wait(delivery: &Delivery) -> Millis {
    let wait = delivery.max_backoff.max(delivery.max_retry_after);
    // Far enough from the end of the numbers that SQLite has.
    wait.as_millis().try_into().map_or(LONGEST_WAIT, |wait: Millis| wait.min(LONGEST_WAIT))
}
