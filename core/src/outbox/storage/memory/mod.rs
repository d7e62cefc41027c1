//! Records in the memory of this process.

mod backend;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use super::due::{is_due, longest_wait};
use super::passing::{Passing, Queued, Step};
use super::rows::{
    Ahead, CHAIN, ClaimedRecord, Counts, DeadRow, DeliveredRow, Inserted, MovedRecords, NewRecord,
    Tier,
};
use crate::outbox::delivery::Delivery;
use crate::outbox::opening::Opening;
use crate::outbox::options::OutboxLimits;
use crate::outbox::state::Millis;

/// The store of an outbox without a file, and of records that a file cannot store now.
#[derive(Debug)]
pub(in crate::outbox) struct Memory {
    limits: OutboxLimits,
    longest_wait: Millis,
    remembered: usize,
    pending: BTreeMap<u64, Pending>,
    conversations: HashMap<String, ConversationQueue>,
    /// The conversations that are due at a time, sorted by that time.
    due: BTreeSet<(Millis, String)>,
    /// The records that wait for new tokens.
    tokenless: BTreeSet<u64>,
    dead: BTreeMap<u64, DeadRow>,
    /// The delivered records that are remembered, the oldest first.
    delivered: VecDeque<String>,
    known: HashMap<String, Known>,
    counts: Counts,
    bytes: usize,
}

#[derive(Clone, Debug)]
struct Pending {
    record: NewRecord,
    due_at: Millis,
    reason: Option<String>,
}

#[derive(Debug, Default)]
struct ConversationQueue {
    records: BTreeSet<u64>,
    is_claimed: bool,
    /// True if older records of it are in the file: it waits until it can be moved there.
    is_blocked: bool,
    due_at: Option<Millis>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Known {
    Pending(u64),
    Dead(u64),
    Delivered(Box<DeliveredRow>),
}

impl Memory {
    pub(in crate::outbox) fn new(limits: OutboxLimits, delivery: &Delivery) -> Self {
        Memory {
            limits,
            longest_wait: longest_wait(delivery),
            remembered: delivery.remembered,
            pending: BTreeMap::new(),
            conversations: HashMap::new(),
            due: BTreeSet::new(),
            tokenless: BTreeSet::new(),
            dead: BTreeMap::new(),
            delivered: VecDeque::new(),
            known: HashMap::new(),
            counts: Counts::default(),
            bytes: 0,
        }
    }

    /// Returns true if records of this conversation are waiting here.
    pub(super) fn has_conversation(&self, name: &str) -> bool {
        self.conversations.contains_key(name)
    }

    /// Returns true if the record is known here.
    pub(super) fn knows(&self, id: &str) -> bool {
        self.known.contains_key(id)
    }

    /// The record, moved to the conversation of the record that it waits behind.
    pub(super) fn resolved<'a>(&self, record: &'a NewRecord) -> Cow<'a, NewRecord> {
        let ahead = record.opening.as_ref().and_then(Opening::behind).map(|id| self.ahead_of(id));
        match ahead {
            Some(ahead) => Cow::Owned(record.clone().behind(ahead)),
            None => Cow::Borrowed(record),
        }
    }

    fn ahead_of(&self, id: &str) -> Ahead {
        let mut id = id;
        for _ in 0..CHAIN {
            let opening = match self.known.get(id) {
                Some(Known::Pending(seq)) => {
                    self.pending.get(seq).and_then(|row| row.record.opening.as_ref())
                }
                Some(Known::Dead(seq)) => self.dead.get(seq).and_then(|row| row.opening.as_ref()),
                _ => None,
            };
            match opening.and_then(Opening::follows) {
                Some(other) => id = other,
                None => return self.state_of(id),
            }
        }
        Ahead::Unknown
    }

    /// The state of a record that depends on no other.
    fn state_of(&self, id: &str) -> Ahead {
        match self.known.get(id) {
            Some(Known::Pending(seq)) => {
                self.pending.get(seq).map_or(Ahead::Unknown, |Pending { record, .. }| {
                    Ahead::pending(id, record.conversation.clone(), record.opening.as_ref())
                })
            }
            Some(Known::Dead(seq)) => match self.dead.get(seq) {
                Some(row) if row.opening.as_ref().is_some_and(Opening::is_to_open) => {
                    Ahead::Dead(row.reason.clone())
                }
                Some(row) => Ahead::In(row.conversation.clone()),
                None => Ahead::Unknown,
            },
            Some(Known::Delivered(row)) => {
                row.conversation.clone().map_or(Ahead::Unknown, Ahead::In)
            }
            None => Ahead::Unknown,
        }
    }

    /// Inserts a record unchanged.
    pub(super) fn insert_one(&mut self, record: &NewRecord, now: Millis) -> Inserted {
        if record.has_tokens {
            self.wake_for_tokens(record, now);
        }
        if self.known.contains_key(&record.id) {
            return Inserted::Known(Tier::Memory);
        }
        let is_full = self.pending.len() >= self.limits.memory_records
            || self.bytes + size(record) > self.limits.memory_bytes;
        if is_full {
            return Inserted::Full;
        }
        self.counts.accepted += 1;
        self.add(record, now);
        Inserted::New(Tier::Memory)
    }

    /// Returns true if there is nothing to move to the file.
    pub(super) fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// Makes a conversation wait until it is moved to the file.
    pub(super) fn block(&mut self, name: &str) {
        if let Some(conversation) = self.conversations.get_mut(name) {
            conversation.is_blocked = true;
        }
        self.schedule(name);
    }

    /// Copies of the records that can move to the file: those that are not being sent.
    pub(in crate::outbox) fn movable(&self) -> MovedRecords {
        let is_idle = |row: &&Pending| {
            self.conversations.get(&row.record.conversation).is_some_and(|c| !c.is_claimed)
        };
        MovedRecords {
            queued: self.pending.values().filter(is_idle).map(|row| row.record.clone()).collect(),
            dead: self.dead.values().cloned().collect(),
            delivered: self.delivered.iter().filter_map(|id| self.delivered_row(id)).collect(),
            done: (self.counts.delivered, self.counts.discarded),
        }
    }

    /// Removes the records that have moved to the file, without a trace.
    pub(super) fn forget(&mut self, moved: &MovedRecords) {
        for record in &moved.queued {
            if let Some(Known::Pending(seq)) = self.known.remove(&record.id) {
                self.remove(seq);
                self.counts.accepted -= 1;
                self.schedule(&record.conversation);
            }
        }
        for row in &moved.dead {
            if let Some(Known::Dead(seq)) = self.known.remove(&row.id) {
                self.dead.remove(&seq);
                self.counts.dead -= 1;
                self.counts.accepted -= 1;
            }
        }
        for row in &moved.delivered {
            self.known.remove(&row.id);
        }
        self.delivered.clear();
        self.counts.accepted -= self.counts.delivered + self.counts.discarded;
        (self.counts.delivered, self.counts.discarded) = (0, 0);
    }

    fn delivered_row(&self, id: &str) -> Option<DeliveredRow> {
        match self.known.get(id) {
            Some(Known::Delivered(row)) => Some((**row).clone()),
            _ => None,
        }
    }

    fn add(&mut self, record: &NewRecord, due_at: Millis) {
        self.counts.last_seq += 1;
        let seq = self.counts.last_seq;
        self.bytes += size(record);
        self.counts.pending += 1;
        self.counts.held += u64::from(record.is_held);
        self.known.insert(record.id.clone(), Known::Pending(seq));
        self.conversations.entry(record.conversation.clone()).or_default().records.insert(seq);
        let record = record.clone();
        let row = Pending { record, due_at, reason: None };
        let name = row.record.conversation.clone();
        self.pending.insert(seq, row);
        self.schedule(&name);
    }

    /// Removes a pending record, whose next state the caller sets.
    fn remove(&mut self, seq: u64) -> Option<Pending> {
        let row = self.pending.remove(&seq)?;
        self.tokenless.remove(&seq);
        self.bytes -= size(&row.record);
        self.counts.pending -= 1;
        self.counts.held -= u64::from(row.record.is_held);
        if let Some(conversation) = self.conversations.get_mut(&row.record.conversation) {
            conversation.records.remove(&seq);
        }
        Some(row)
    }

    /// Makes a pending record a dead letter, and returns its id and the reason.
    fn make_dead(
        &mut self,
        seq: u64,
        failures: u32,
        reason: &str,
        now: Millis,
    ) -> Option<(String, String)> {
        let row = self.remove(seq)?;
        let NewRecord { id, conversation, user, payload, mut attempt, opening, .. } = row.record;
        attempt.failures = failures;
        self.known.insert(id.clone(), Known::Dead(seq));
        let died = (id.clone(), reason.to_owned());
        let reason = reason.to_owned();
        let letter =
            DeadRow { id, conversation, user, payload, attempt, died_at: now, reason, opening };
        self.dead.insert(seq, letter);
        self.counts.dead += 1;
        Some(died)
    }

    /// Makes the conversation due when its first record is due; removes a conversation without records.
    fn schedule(&mut self, name: &str) {
        let Some(conversation) = self.conversations.get_mut(name) else { return };
        if let Some(due_at) = conversation.due_at.take() {
            self.due.remove(&(due_at, name.to_owned()));
        }
        let first = conversation.records.first().and_then(|seq| self.pending.get(seq));
        match first {
            None if !conversation.is_claimed => {
                self.conversations.remove(name);
            }
            Some(row)
                if !row.record.is_held && !conversation.is_claimed && !conversation.is_blocked =>
            {
                conversation.due_at = Some(row.due_at);
                self.due.insert((row.due_at, name.to_owned()));
            }
            _ => {}
        }
    }

    fn claimed_record(&self, seq: u64) -> Option<ClaimedRecord> {
        let NewRecord { id, conversation, user, payload, attempt, opening, .. } =
            self.pending.get(&seq)?.record.clone();
        let tier = Tier::Memory;
        Some(ClaimedRecord { seq, id, conversation, user, payload, attempt, opening, tier })
    }

    fn first_after(&self, name: &str, seq: u64) -> Option<&Pending> {
        let conversation = self.conversations.get(name)?;
        self.pending.get(conversation.records.range(seq + 1..).next()?)
    }

    /// The next record after `seq`, if it can be sent now.
    fn next(&self, name: &str, seq: u64, now: Millis) -> Option<ClaimedRecord> {
        let mut passing = Passing::after(seq);
        for seq in &self.conversations.get(name)?.records {
            let row = self.pending.get(seq)?;
            let is_due = is_due(row.due_at, now, self.longest_wait);
            let step = passing.step(&Queued {
                seq: *seq,
                user: row.record.user.as_deref(),
                needs_token: self.tokenless.contains(seq),
                is_due,
                opening: row.record.opening.as_ref(),
            });
            match step {
                Step::Take if is_due && !row.record.is_held => return self.claimed_record(*seq),
                Step::Take | Step::Stop => return None,
                Step::Pass => {}
            }
        }
        None
    }

    /// Queues the records that wait for the tokens of `record`.
    fn wake_for_tokens(&mut self, record: &NewRecord, now: Millis) {
        let is_meant = |row: &Pending| {
            row.record.conversation == record.conversation
                || row.record.user.is_some() && row.record.user == record.user
        };
        let waits = |seq: &u64| self.pending.get(seq).is_some_and(is_meant);
        let woken: Vec<u64> = self.tokenless.iter().copied().filter(waits).collect();
        for seq in woken {
            self.tokenless.remove(&seq);
            if let Some(row) = self.pending.get_mut(&seq) {
                row.due_at = now;
                let name = row.record.conversation.clone();
                self.schedule(&name);
            }
        }
    }

    fn set_claimed(&mut self, name: &str, is_claimed: bool) {
        if let Some(conversation) = self.conversations.get_mut(name) {
            conversation.is_claimed = is_claimed;
        }
        self.schedule(name);
    }
}

fn size(record: &NewRecord) -> usize {
    let user = record.user.as_ref().map_or(0, String::len);
    record.id.len() + record.conversation.len() + record.payload.len() + user
}
