//! Records in the memory of this process.

mod backend;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use super::backend::{Counts, DeadRow, Entry, Fresh, Inserted, is_due, longest_wait};
use super::opening::{Ahead, Opening};
use super::state::Millis;
use super::{Delivery, OutboxLimits};

/// The backend of an outbox without a file, and of records that a file cannot take now.
#[derive(Debug)]
pub(super) struct Memory {
    limits: OutboxLimits,
    longest_wait: Millis,
    remembered: usize,
    pending: BTreeMap<u64, Pending>,
    conversations: HashMap<String, Conversation>,
    /// The conversations that wait for a time, by that time.
    due: BTreeSet<(Millis, String)>,
    /// The records that wait for fresh tokens.
    tokenless: BTreeSet<u64>,
    dead: BTreeMap<u64, DeadRow>,
    delivered: VecDeque<String>,
    /// The names of conversations that delivered records have opened, by record.
    opened: HashMap<String, String>,
    known: HashMap<String, Known>,
    counts: Counts,
    bytes: usize,
}

#[derive(Clone, Debug)]
struct Pending {
    fresh: Fresh,
    due_at: Millis,
    reason: Option<String>,
}

#[derive(Debug, Default)]
struct Conversation {
    records: BTreeSet<u64>,
    is_claimed: bool,
    /// Older records of it lie in the file: it waits until it can be moved there.
    is_blocked: bool,
    due_at: Option<Millis>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    Pending(u64),
    Dead(u64),
    Delivered,
}

/// What moves from memory to the file.
#[derive(Debug, Default)]
pub(super) struct Moved {
    pub(super) queued: Vec<Fresh>,
    pub(super) dead: Vec<DeadRow>,
    /// Ids, with the name of the conversation that the record has opened.
    pub(super) delivered: Vec<(String, Option<String>)>,
}

impl Memory {
    pub(super) fn new(limits: OutboxLimits, delivery: &Delivery) -> Self {
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
            opened: HashMap::new(),
            known: HashMap::new(),
            counts: Counts::default(),
            bytes: 0,
        }
    }

    /// Whether records of this conversation wait here.
    pub(super) fn has_conversation(&self, name: &str) -> bool {
        self.conversations.contains_key(name)
    }

    /// Whether the record is known here.
    pub(super) fn knows(&self, id: &str) -> bool {
        self.known.contains_key(id)
    }

    /// The record in the place that became of the one that it waits behind.
    pub(super) fn resolved<'a>(&self, fresh: &'a Fresh) -> Cow<'a, Fresh> {
        let ahead = fresh.opening.as_ref().and_then(Opening::behind).map(|id| self.ahead_of(id));
        match ahead {
            Some(ahead) => Cow::Owned(fresh.clone().behind(ahead)),
            None => Cow::Borrowed(fresh),
        }
    }

    fn ahead_of(&self, id: &str) -> Ahead {
        match self.known.get(id) {
            Some(Known::Pending(seq)) => self
                .pending
                .get(seq)
                .map_or(Ahead::Unknown, |row| Ahead::In(row.fresh.conversation.clone())),
            Some(Known::Dead(seq)) => match self.dead.get(seq) {
                Some(row) if row.opening.as_ref().is_some_and(Opening::is_to_open) => {
                    Ahead::Dead(row.reason.clone())
                }
                Some(row) => Ahead::In(row.conversation.clone()),
                None => Ahead::Unknown,
            },
            Some(Known::Delivered) => {
                self.opened.get(id).map_or(Ahead::Unknown, |name| Ahead::In(name.clone()))
            }
            None => Ahead::Unknown,
        }
    }

    /// Takes a record as it is.
    pub(super) fn insert_one(&mut self, fresh: &Fresh, now: Millis) -> Inserted {
        if fresh.has_tokens {
            self.wake_for_tokens(fresh, now);
        }
        if self.known.contains_key(&fresh.id) {
            return Inserted::Known;
        }
        let is_full = self.pending.len() >= self.limits.memory_records
            || self.bytes + size(fresh) > self.limits.memory_bytes;
        if is_full {
            return Inserted::Full;
        }
        self.counts.accepted += 1;
        self.add(fresh, now);
        Inserted::New
    }

    /// Whether nothing is here that could move to the file.
    pub(super) fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// Lets a conversation wait until it is moved to the file.
    pub(super) fn block(&mut self, name: &str) {
        if let Some(conversation) = self.conversations.get_mut(name) {
            conversation.is_blocked = true;
        }
        self.schedule(name);
    }

    /// Copies of all that can move to the file: what is not being sent.
    pub(super) fn movable(&self) -> Moved {
        let is_idle = |row: &&Pending| {
            self.conversations.get(&row.fresh.conversation).is_some_and(|c| !c.is_claimed)
        };
        Moved {
            queued: self.pending.values().filter(is_idle).map(|row| row.fresh.clone()).collect(),
            dead: self.dead.values().cloned().collect(),
            delivered: self
                .delivered
                .iter()
                .map(|id| (id.clone(), self.opened.get(id).cloned()))
                .collect(),
        }
    }

    /// Forgets what has moved to the file, as if it had never been here.
    pub(super) fn forget(&mut self, moved: &Moved) {
        for fresh in &moved.queued {
            if let Some(Known::Pending(seq)) = self.known.remove(&fresh.id) {
                self.remove(seq);
                self.counts.accepted -= 1;
                self.schedule(&fresh.conversation);
            }
        }
        for row in &moved.dead {
            if let Some(Known::Dead(seq)) = self.known.remove(&row.id) {
                self.dead.remove(&seq);
                self.counts.dead -= 1;
                self.counts.accepted -= 1;
            }
        }
        for (id, _) in &moved.delivered {
            self.known.remove(id);
        }
        self.delivered.clear();
        self.opened.clear();
        self.counts.accepted -= self.counts.delivered + self.counts.discarded;
        (self.counts.delivered, self.counts.discarded) = (0, 0);
    }

    /// How many were delivered and discarded here, to be counted by the file from now on.
    pub(super) fn done(&self) -> (u64, u64) {
        (self.counts.delivered, self.counts.discarded)
    }

    fn add(&mut self, fresh: &Fresh, due_at: Millis) {
        self.counts.last_seq += 1;
        let seq = self.counts.last_seq;
        self.bytes += size(fresh);
        self.counts.pending += 1;
        self.counts.held += u64::from(fresh.is_held);
        self.known.insert(fresh.id.clone(), Known::Pending(seq));
        self.conversations.entry(fresh.conversation.clone()).or_default().records.insert(seq);
        let fresh = fresh.clone();
        let row = Pending { fresh, due_at, reason: None };
        let name = row.fresh.conversation.clone();
        self.pending.insert(seq, row);
        self.schedule(&name);
    }

    /// Takes a record out of the pending ones, without saying what becomes of it.
    fn remove(&mut self, seq: u64) -> Option<Pending> {
        let row = self.pending.remove(&seq)?;
        self.tokenless.remove(&seq);
        self.bytes -= size(&row.fresh);
        self.counts.pending -= 1;
        self.counts.held -= u64::from(row.fresh.is_held);
        if let Some(conversation) = self.conversations.get_mut(&row.fresh.conversation) {
            conversation.records.remove(&seq);
        }
        Some(row)
    }

    fn bury(&mut self, seq: u64, attempts: u32, reason: &str, now: Millis) -> bool {
        let Some(row) = self.remove(seq) else { return false };
        let Fresh { id, conversation, user, payload, mut trial, opening, .. } = row.fresh;
        trial.attempts = attempts;
        self.known.insert(id.clone(), Known::Dead(seq));
        let reason = reason.to_owned();
        let letter =
            DeadRow { id, conversation, user, payload, trial, died_at: now, reason, opening };
        self.dead.insert(seq, letter);
        self.counts.dead += 1;
        true
    }

    /// Sets when the conversation is due: when its first record is. One that has no records goes.
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
                if !row.fresh.is_held && !conversation.is_claimed && !conversation.is_blocked =>
            {
                conversation.due_at = Some(row.due_at);
                self.due.insert((row.due_at, name.to_owned()));
            }
            _ => {}
        }
    }

    fn entry(&self, seq: u64) -> Option<Entry> {
        let Fresh { id, conversation, user, payload, trial, opening, .. } =
            self.pending.get(&seq)?.fresh.clone();
        Some(Entry { seq, id, conversation, user, payload, trial, opening })
    }

    fn first_after(&self, name: &str, seq: u64) -> Option<&Pending> {
        let conversation = self.conversations.get(name)?;
        self.pending.get(conversation.records.range(seq + 1..).next()?)
    }

    /// The record behind `seq`, if it can be sent now.
    fn next(&self, name: &str, seq: u64, now: Millis) -> Option<Entry> {
        let row = self.first_after(name, seq)?;
        let is_ready = !row.fresh.is_held && is_due(row.due_at, now, self.longest_wait);
        let Known::Pending(next) = *self.known.get(&row.fresh.id)? else { return None };
        is_ready.then(|| self.entry(next)).flatten()
    }

    /// Lets those who wait for tokens try at once with the ones that `fresh` brings.
    fn wake_for_tokens(&mut self, fresh: &Fresh, now: Millis) {
        let is_meant = |row: &Pending| {
            row.fresh.conversation == fresh.conversation
                || row.fresh.user.is_some() && row.fresh.user == fresh.user
        };
        let waits = |seq: &u64| self.pending.get(seq).is_some_and(is_meant);
        let woken: Vec<u64> = self.tokenless.iter().copied().filter(waits).collect();
        for seq in woken {
            self.tokenless.remove(&seq);
            if let Some(row) = self.pending.get_mut(&seq) {
                row.due_at = now;
                let name = row.fresh.conversation.clone();
                self.schedule(&name);
            }
        }
    }

    fn claimed(&mut self, name: &str, is_claimed: bool) {
        if let Some(conversation) = self.conversations.get_mut(name) {
            conversation.is_claimed = is_claimed;
        }
        self.schedule(name);
    }
}

fn size(fresh: &Fresh) -> usize {
    let user = fresh.user.as_ref().map_or(0, String::len);
    fresh.id.len() + fresh.conversation.len() + fresh.payload.len() + user
}
