//! Memory as a backend.

use super::{Known, Memory, Pending, size};
use crate::outbox::backend::{
    Backend, Change, Counts, DeadRow, Entry, Fault, Fresh, Inserted, PendingRow, Settled, is_due,
};
use crate::outbox::opening::{Opening, renamed};
use crate::outbox::report::PendingState;
use crate::outbox::state::{Millis, Trial};

impl Backend for Memory {
    fn insert(&mut self, fresh: &[Fresh], now: Millis) -> Result<Vec<Inserted>, Fault> {
        let insert = |fresh: &Fresh| {
            let fresh = self.resolved(fresh);
            self.insert_one(&fresh, now)
        };
        Ok(fresh.iter().map(insert).collect())
    }

    fn release(&mut self, fresh: &Fresh, now: Millis) -> Result<bool, Fault> {
        let Some(&Known::Pending(seq)) = self.known.get(&fresh.id) else { return Ok(false) };
        let Some(row) = self.pending.get_mut(&seq).filter(|row| row.fresh.is_held) else {
            return Ok(false);
        };
        self.bytes = self.bytes + size(fresh) - size(&row.fresh);
        self.counts.held -= 1;
        let before = std::mem::replace(&mut row.fresh, fresh.clone());
        row.fresh.trial = before.trial;
        row.due_at = now;
        if let Some(conversation) = self.conversations.get_mut(&before.conversation) {
            conversation.records.remove(&seq);
        }
        self.conversations.entry(fresh.conversation.clone()).or_default().records.insert(seq);
        self.schedule(&before.conversation);
        self.schedule(&fresh.conversation);
        Ok(true)
    }

    fn claim(&mut self, limit: usize, now: Millis) -> Result<Vec<Entry>, Fault> {
        let is_due = |(due_at, _): &&(Millis, String)| is_due(*due_at, now, self.longest_wait);
        let names: Vec<String> =
            self.due.iter().filter(is_due).take(limit).map(|(_, name)| name.clone()).collect();
        let mut entries = Vec::new();
        for name in names {
            let first = self.conversations.get(&name).and_then(|c| c.records.first().copied());
            entries.extend(first.and_then(|seq| self.entry(seq)));
            self.claimed(&name, true);
        }
        for entry in &mut entries {
            if entry.trial.attempts == 0 {
                entry.trial.mark = self.counts.delivered;
            }
        }
        Ok(entries)
    }

    fn next_due(&mut self, _now: Millis) -> Result<Option<Millis>, Fault> {
        Ok(self.due.first().map(|(due_at, _)| *due_at))
    }

    fn note_opening(&mut self, entry: &Entry, _now: Millis) -> Result<bool, Fault> {
        let is_pending = self.known.get(&entry.id) == Some(&Known::Pending(entry.seq));
        if let Some(row) = self.pending.get_mut(&entry.seq).filter(|_| is_pending) {
            row.fresh.opening = entry.opening.clone();
        }
        Ok(is_pending)
    }

    fn open(
        &mut self,
        entry: &Entry,
        name: &str,
        opening: &Opening,
        _now: Millis,
    ) -> Result<Option<Entry>, Fault> {
        let from = entry.conversation.as_str();
        let Some(before) = self.conversations.get(from).filter(|c| c.records.contains(&entry.seq))
        else {
            return Ok(None);
        };
        let records = before.records.clone();
        self.claimed(from, false);
        for seq in &records {
            let Some(row) = self.pending.get_mut(seq) else { continue };
            let size_before = size(&row.fresh);
            row.fresh.payload = renamed(&row.fresh.payload, from, name);
            row.fresh.conversation = name.to_owned();
            row.fresh.opening = (*seq == entry.seq).then(|| opening.clone());
            self.bytes = self.bytes + size(&row.fresh) - size_before;
        }
        if let Some(before) = self.conversations.get_mut(from) {
            before.records.clear();
        }
        self.schedule(from);
        let after = self.conversations.entry(name.to_owned()).or_default();
        after.records.extend(records);
        let is_first = after.records.first() == Some(&entry.seq);
        if after.is_claimed || after.is_blocked || !is_first {
            self.schedule(name);
            return Ok(None);
        }
        self.claimed(name, true);
        Ok(self.entry(entry.seq))
    }

    fn settle(&mut self, entry: &Entry, change: &Change, now: Millis) -> Result<Settled, Fault> {
        let name = entry.conversation.as_str();
        let is_applied = self.known.get(&entry.id) == Some(&Known::Pending(entry.seq));
        let died_before = self.counts.dead;
        let next;
        match change {
            Change::Delivered { poisoned, go_on } => {
                if is_applied {
                    let row = self.remove(entry.seq);
                    if let Some(fresh) = row.map(|row| row.fresh).filter(|f| f.opening.is_some()) {
                        self.opened.insert(fresh.id, fresh.conversation);
                    }
                    self.counts.delivered += 1;
                    self.known.insert(entry.id.clone(), Known::Delivered);
                    self.delivered.push_back(entry.id.clone());
                    if self.delivered.len() > self.remembered
                        && let Some(oldest) = self.delivered.pop_front()
                    {
                        self.known.remove(&oldest);
                        self.opened.remove(&oldest);
                    }
                }
                for (id, reason) in poisoned {
                    if let Some(&Known::Pending(seq)) = self.known.get(id) {
                        let row = self.pending.get(&seq);
                        let attempts = row.map_or(0, |row| row.fresh.trial.attempts);
                        self.bury(seq, attempts, reason, now);
                    }
                }
                next = go_on.then(|| self.next(name, 0, now)).flatten();
            }
            Change::Dead { trial, reason, go_on } => {
                if is_applied {
                    self.bury(entry.seq, trial.attempts, reason, now);
                }
                if is_applied && entry.opening.as_ref().is_some_and(Opening::is_to_open) {
                    let waiting = self.conversations.get(name).map(|c| c.records.clone());
                    for seq in waiting.unwrap_or_default() {
                        let attempts = self.pending.get(&seq).map(|row| row.fresh.trial.attempts);
                        self.bury(seq, attempts.unwrap_or_default(), reason, now);
                    }
                }
                next = go_on.then(|| self.next(name, 0, now)).flatten();
            }
            Change::Later { trial, due_at, needs_token, reason, step_over } => {
                if let Some(row) = self.pending.get_mut(&entry.seq).filter(|_| is_applied) {
                    row.fresh.trial = *trial;
                    row.fresh.opening = entry.opening.clone();
                    row.due_at = *due_at;
                    row.reason = Some(reason.clone());
                    if *needs_token {
                        self.tokenless.insert(entry.seq);
                    } else {
                        self.tokenless.remove(&entry.seq);
                    }
                }
                next = step_over.then(|| self.next(name, entry.seq, now)).flatten();
            }
        }
        let mut next = next;
        if let Some(next) = next.as_mut().filter(|next| next.trial.attempts == 0) {
            next.trial.mark = self.counts.delivered;
        }
        self.claimed(name, next.is_some());
        let died = self.counts.dead - died_before;
        Ok(Settled { is_applied, died, next })
    }

    fn give_back(&mut self, conversation: &str, _now: Millis) -> Result<(), Fault> {
        self.claimed(conversation, false);
        Ok(())
    }

    fn give_all_back(&mut self, _now: Millis) -> Result<(), Fault> {
        let is_claimed = |(_, c): &(&String, &super::Conversation)| c.is_claimed;
        let names: Vec<String> =
            self.conversations.iter().filter(is_claimed).map(|(name, _)| name.clone()).collect();
        names.iter().for_each(|name| self.claimed(name, false));
        Ok(())
    }

    fn counts(&mut self) -> Result<Counts, Fault> {
        Ok(self.counts)
    }

    fn is_waiting(&mut self, seq: u64) -> Result<bool, Fault> {
        Ok(self.pending.range(..=seq).any(|(_, row)| !row.fresh.is_held))
    }

    fn pending(&mut self, limit: usize) -> Result<Vec<PendingRow>, Fault> {
        let row = |(seq, row): (&u64, &Pending)| {
            let conversation = self.conversations.get(&row.fresh.conversation);
            let is_first = conversation.is_some_and(|c| c.records.first() == Some(seq));
            let state = match () {
                () if row.fresh.is_held => PendingState::Held,
                () if is_first && conversation.is_some_and(|c| c.is_claimed) => {
                    PendingState::Sending
                }
                () if self.tokenless.contains(seq) => PendingState::NeedsToken,
                () => PendingState::Queued,
            };
            let Fresh { id, conversation, user, trial, .. } = row.fresh.clone();
            let reason = row.reason.clone();
            PendingRow { seq: *seq, id, conversation, user, trial, state, reason }
        };
        Ok(self.pending.iter().take(limit).map(row).collect())
    }

    fn dead(&mut self, limit: usize) -> Result<Vec<DeadRow>, Fault> {
        Ok(self.dead.values().take(limit).cloned().collect())
    }

    fn requeue(&mut self, id: &str, now: Millis) -> Result<bool, Fault> {
        let Some(&Known::Dead(seq)) = self.known.get(id) else { return Ok(false) };
        let Some(row) = self.dead.remove(&seq) else { return Ok(false) };
        let DeadRow { id, conversation, user, payload, opening, .. } = row;
        let opening = opening.map(Opening::anew);
        self.counts.dead -= 1;
        let trial = Trial { accepted_at: now, ..Trial::default() };
        let (is_held, has_tokens) = (false, false);
        let fresh = Fresh { id, conversation, user, payload, is_held, has_tokens, trial, opening };
        self.add(&self.resolved(&fresh), now);
        Ok(true)
    }

    fn discard(&mut self, id: &str, _now: Millis) -> Result<bool, Fault> {
        match self.known.get(id).copied() {
            Some(Known::Dead(seq)) => {
                self.dead.remove(&seq);
                self.counts.dead -= 1;
            }
            Some(Known::Pending(seq)) => {
                let conversation = self.pending.get(&seq).map(|row| row.fresh.conversation.clone());
                let Some(name) = conversation else { return Ok(false) };
                if self.conversations.get(&name).is_some_and(|c| c.is_claimed) {
                    return Ok(false);
                }
                self.remove(seq);
                self.schedule(&name);
            }
            _ => return Ok(false),
        }
        self.known.remove(id);
        self.counts.discarded += 1;
        Ok(true)
    }
}
