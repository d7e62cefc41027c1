//! A model of a backend, as simple as possible: a list of records, searched from the front.

use std::collections::{BTreeMap, BTreeSet};

use crate::outbox::PendingState;
use crate::outbox::state::Millis;
use crate::outbox::storage::{ClaimedRecord, Counts, NewRecord, Transition};

/// The end of a delivery.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ended {
    Delivered,
    Dead,
    Later { wait: Millis },
    NeedsToken,
    Skipped,
}

#[derive(Clone, Debug)]
struct Row {
    seq: u64,
    id: String,
    conversation: String,
    user: Option<String>,
    is_held: bool,
    needs_token: bool,
    due_at: Millis,
    attempts: u32,
    /// The process that has its tokens: its position and the number of processes there before it.
    owner: Option<(usize, usize)>,
}

/// Records and their states.
#[derive(Debug, Default)]
pub(super) struct Reference {
    pending: Vec<Row>,
    dead: Vec<Row>,
    delivered: BTreeSet<String>,
    /// Conversations with a running delivery, and its process.
    claims: BTreeMap<String, usize>,
    /// The number of processes killed in each position.
    killed: BTreeMap<usize, usize>,
    counts: Counts,
}

impl Reference {
    fn process(&self, place: usize) -> Option<(usize, usize)> {
        Some((place, self.killed.get(&place).copied().unwrap_or(0)))
    }

    /// Returns true if the process in this position may deliver a record of this owner.
    fn may_serve(&self, owner: Option<(usize, usize)>, place: usize) -> bool {
        owner.is_none_or(|(at, age)| at == place || self.process(at) != Some((at, age)))
    }

    fn is_known(&self, id: &str) -> bool {
        let mut rows = self.pending.iter().chain(&self.dead);
        rows.any(|row| row.id == id) || self.delivered.contains(id)
    }

    fn add(&mut self, record: &NewRecord, owner: Option<(usize, usize)>, now: Millis) {
        self.counts.last_seq += 1;
        self.pending.push(Row {
            seq: self.counts.last_seq,
            id: record.id.clone(),
            conversation: record.conversation.clone(),
            user: record.user.clone(),
            is_held: record.is_held,
            needs_token: false,
            due_at: now,
            attempts: 0,
            owner,
        });
    }

    pub(super) fn insert(&mut self, record: &NewRecord, place: usize, now: Millis) -> &'static str {
        let owner = self.process(place);
        let waits = |row: &&mut Row| {
            let is_users = row.user.is_some() && row.user == record.user;
            row.needs_token && (is_users || row.conversation == record.conversation)
        };
        for row in self.pending.iter_mut().filter(waits).filter(|_| record.has_tokens) {
            (row.needs_token, row.due_at, row.owner) = (false, now, owner);
        }
        if self.is_known(&record.id) {
            return "known";
        }
        self.counts.accepted += 1;
        self.add(record, owner, now);
        "new"
    }

    pub(super) fn release(&mut self, record: &NewRecord, place: usize, now: Millis) -> bool {
        let owner = self.process(place);
        let held = self.pending.iter_mut().find(|row| row.id == record.id && row.is_held);
        let Some(row) = held else { return false };
        row.conversation = record.conversation.clone();
        row.user = record.user.clone();
        (row.is_held, row.due_at, row.owner) = (false, now, owner);
        true
    }

    /// The first record of a conversation after this number.
    fn first_after(&self, name: &str, seq: u64) -> Option<&Row> {
        self.pending.iter().find(|row| row.conversation == name && row.seq > seq)
    }

    /// The next record of a conversation after this number: each before it waits for the tokens of another user, or waits
    /// behind one that does.
    fn next_after(&self, name: &str, seq: u64, is_due: impl Fn(Millis) -> bool) -> Option<&Row> {
        let rows: Vec<_> = self.pending.iter().filter(|row| row.conversation == name).collect();
        let waits = |row: &Row| row.needs_token && (row.seq <= seq || !is_due(row.due_at));
        let waits_or_is_behind = |row: &Row| {
            let own = rows.iter().filter(|other| other.user == row.user && other.seq <= row.seq);
            row.user.is_some() && own.copied().any(waits)
        };
        let is_next = |row: &&&Row| {
            let mut before = rows.iter().filter(|other| other.seq < row.seq);
            let may_pass = before.clone().all(|other| match other.seq <= seq {
                true => other.user.is_some() || !other.needs_token,
                false => waits_or_is_behind(other),
            });
            let passes_nobody = !before.any(|other| other.user.is_some() && waits(other));
            row.seq > seq
                && may_pass
                && match &row.user {
                    Some(_) => !waits_or_is_behind(row),
                    None => passes_nobody,
                }
        };
        rows.iter().find(is_next).copied()
    }

    /// The records that this process can claim.
    pub(super) fn due(&self, place: usize, is_due: impl Fn(Millis) -> bool) -> Vec<String> {
        let is_first = |row: &&Row| {
            self.first_after(&row.conversation, 0).is_some_and(|first| first.id == row.id)
        };
        let free = self.pending.iter().filter(|row| !self.claims.contains_key(&row.conversation));
        let ready = free.filter(|row| !row.is_held && is_due(row.due_at));
        let mine = ready.filter(|row| self.may_serve(row.owner, place));
        mine.filter(is_first).map(|row| row.id.clone()).collect()
    }

    pub(super) fn claim(&mut self, conversation: &str, place: usize) {
        let before = self.claims.insert(conversation.to_owned(), place);
        assert_eq!(before, None, "two at a time in {conversation}");
    }

    pub(super) fn unclaim(&mut self, conversation: &str) {
        self.claims.remove(conversation);
    }

    /// Returns the record to continue with.
    pub(super) fn settle(
        &mut self,
        claimed: &ClaimedRecord,
        transition: &Transition,
        place: usize,
        is_due: impl Fn(Millis) -> bool,
    ) -> Option<String> {
        let name = claimed.conversation.as_str();
        let behind = match transition {
            Transition::Delivered { poisoned, .. } => {
                self.pending.retain(|row| row.id != claimed.id);
                self.delivered.insert(claimed.id.clone());
                self.counts.delivered += 1;
                for (id, _) in poisoned {
                    self.make_dead(id, None);
                }
                Some(0)
            }
            Transition::Dead { attempt, .. } => {
                self.make_dead(&claimed.id, Some(attempt.failures));
                Some(0)
            }
            Transition::Later { attempt, due_at, needs_token, skip, .. } => {
                let row = self.pending.iter_mut().find(|row| row.id == claimed.id).unwrap();
                (row.attempts, row.due_at) = (attempt.failures, *due_at);
                row.needs_token = *needs_token;
                if *needs_token {
                    row.owner = None;
                }
                skip.then_some(claimed.seq)
            }
        };
        let next = behind
            .and_then(|seq| self.next_after(name, seq, &is_due))
            .filter(|row| !row.is_held && is_due(row.due_at) && self.may_serve(row.owner, place));
        let next = next.map(|row| row.id.clone());
        if next.is_none() {
            self.claims.remove(name);
        }
        next
    }

    fn make_dead(&mut self, id: &str, attempts: Option<u32>) {
        let Some(at) = self.pending.iter().position(|row| row.id == id) else { return };
        let row = self.pending.remove(at);
        self.dead.push(Row { attempts: attempts.unwrap_or(row.attempts), ..row });
        self.dead.sort_by_key(|row| row.seq);
    }

    pub(super) fn requeue(&mut self, id: &str, now: Millis) -> bool {
        let Some(at) = self.dead.iter().position(|row| row.id == id) else { return false };
        let row = self.dead.remove(at);
        let record = super::backends::new_record(&row.conversation, id);
        self.add(&NewRecord { user: row.user, ..record }, None, now);
        true
    }

    pub(super) fn discard(&mut self, id: &str) -> bool {
        let before = self.pending.len() + self.dead.len();
        self.dead.retain(|row| row.id != id);
        let claims = &self.claims;
        self.pending.retain(|row| row.id != id || claims.contains_key(&row.conversation));
        let is_gone = self.pending.len() + self.dead.len() < before;
        self.counts.discarded += u64::from(is_gone);
        is_gone
    }

    pub(super) fn crash(&mut self, place: usize) {
        self.claims.retain(|_, owner| *owner != place);
        *self.killed.entry(place).or_default() += 1;
    }

    pub(super) fn counts(&self) -> Counts {
        let held = self.pending.iter().filter(|row| row.is_held).count();
        Counts {
            pending: self.pending.len() as u64,
            dead: self.dead.len() as u64,
            held: held as u64,
            ..self.counts
        }
    }

    pub(super) fn pending(&self) -> Vec<(String, String, u32, PendingState)> {
        let state = |row: &Row| {
            let is_first = self.first_after(&row.conversation, 0).map(|row| row.seq);
            match () {
                () if row.is_held => PendingState::Held,
                () if is_first == Some(row.seq) && self.claims.contains_key(&row.conversation) => {
                    PendingState::Sending
                }
                () if row.needs_token => PendingState::NeedsToken,
                () => PendingState::Queued,
            }
        };
        let row = |row: &Row| (row.id.clone(), row.conversation.clone(), row.attempts, state(row));
        self.pending.iter().map(row).collect()
    }

    pub(super) fn dead(&self) -> Vec<(String, String, u32)> {
        let row = |row: &Row| (row.id.clone(), row.conversation.clone(), row.attempts);
        self.dead.iter().map(row).collect()
    }
}
