//! The [`Backend`] in memory.

use super::{Known, Memory, Pending, size};
use crate::outbox::opening::{Opening, renamed};
use crate::outbox::record::PendingState;
use crate::outbox::state::{AttemptState, Choice, Millis};
use crate::outbox::storage::backend::{Backend, CHOICE, Position};
use crate::outbox::storage::due::is_due;
use crate::outbox::storage::rows::{
    Adopted, Ahead, ClaimedRecord, Counts, DeadRow, DeliveredRow, Inserted, NewRecord, PendingRow,
    RecordUser, Settled, Tier, Transition,
};
use crate::sqlite::Fault;

impl Backend for Memory {
    fn insert(&mut self, record: &[NewRecord], now: Millis) -> Result<Vec<Inserted>, Fault> {
        let insert = |record: &NewRecord| {
            let record = self.resolved(record);
            self.insert_one(&record, now)
        };
        Ok(record.iter().map(insert).collect())
    }

    fn ahead(&mut self, id: &str) -> Result<Ahead, Fault> {
        Ok(self.ahead_of(id))
    }

    fn user_of(&mut self, id: &str) -> Result<RecordUser, Fault> {
        let user = match self.known.get(id) {
            Some(Known::Pending(seq)) => self.pending.get(seq).map(|row| &row.record.user),
            Some(Known::Dead(seq)) => self.dead.get(seq).map(|row| &row.user),
            Some(Known::Delivered(row)) if row.conversation.is_some() => Some(&row.user),
            _ => None,
        };
        Ok(user.map_or(RecordUser::Unknown, |user| RecordUser::Known(user.clone())))
    }

    fn release(&mut self, record: &NewRecord, now: Millis) -> Result<Option<Tier>, Fault> {
        let Some(&Known::Pending(seq)) = self.known.get(&record.id) else { return Ok(None) };
        let Some(row) = self.pending.get_mut(&seq).filter(|row| row.record.is_held) else {
            return Ok(None);
        };
        self.bytes = self.bytes + size(record) - size(&row.record);
        self.counts.held -= 1;
        let before = std::mem::replace(&mut row.record, record.clone());
        row.record.attempt = before.attempt;
        row.due_at = now;
        if let Some(conversation) = self.conversations.get_mut(&before.conversation) {
            conversation.records.remove(&seq);
        }
        self.conversations.entry(record.conversation.clone()).or_default().records.insert(seq);
        self.schedule(&before.conversation);
        self.schedule(&record.conversation);
        Ok(Some(Tier::Memory))
    }

    fn claim_chosen(
        &mut self,
        choice: Choice,
        limit: usize,
        now: Millis,
    ) -> Result<Vec<ClaimedRecord>, Fault> {
        let is_due = |(due_at, _): &&(Millis, String)| is_due(*due_at, now, self.longest_wait);
        let is_chosen = |name: &&String| match choice {
            Choice::Any => true,
            Choice::Fresh | Choice::Failed => {
                let first = self.first_after(name, 0);
                let has_failed = first.is_some_and(|row| row.record.attempt.failures > 0);
                has_failed == (choice == Choice::Failed)
            }
        };
        let due = self.due.iter().filter(is_due).map(|(_, name)| name).take(limit.max(CHOICE));
        let names: Vec<String> = due.filter(is_chosen).take(limit).cloned().collect();
        let mut entries = Vec::new();
        for name in names {
            let first = self.conversations.get(&name).and_then(|c| c.records.first().copied());
            entries.extend(first.and_then(|seq| self.claimed_record(seq)));
            self.set_claimed(&name, true);
        }
        for claimed in &mut entries {
            if claimed.attempt.failures == 0 {
                claimed.attempt.mark = self.counts.delivered;
            }
        }
        Ok(entries)
    }

    fn next_due(&mut self, _now: Millis) -> Result<Option<Millis>, Fault> {
        Ok(self.due.first().map(|(due_at, _)| *due_at))
    }

    fn save_opening(&mut self, claimed: &ClaimedRecord, _now: Millis) -> Result<bool, Fault> {
        let is_pending = self.known.get(&claimed.id) == Some(&Known::Pending(claimed.seq));
        if let Some(row) = self.pending.get_mut(&claimed.seq).filter(|_| is_pending) {
            row.record.opening = claimed.opening.clone();
        }
        Ok(is_pending)
    }

    fn open(
        &mut self,
        claimed: &ClaimedRecord,
        name: &str,
        opening: &Opening,
        _now: Millis,
    ) -> Result<Option<ClaimedRecord>, Fault> {
        let from = claimed.conversation.as_str();
        let Some(before) =
            self.conversations.get(from).filter(|c| c.records.contains(&claimed.seq))
        else {
            return Ok(None);
        };
        let records = before.records.clone();
        self.set_claimed(from, false);
        for seq in &records {
            let Some(row) = self.pending.get_mut(seq) else { continue };
            let size_before = size(&row.record);
            row.record.payload = renamed(&row.record.payload, from, name);
            row.record.conversation = name.to_owned();
            row.record.opening = (*seq == claimed.seq).then(|| opening.clone());
            self.bytes = self.bytes + size(&row.record) - size_before;
        }
        if let Some(before) = self.conversations.get_mut(from) {
            before.records.clear();
        }
        self.schedule(from);
        let after = self.conversations.entry(name.to_owned()).or_default();
        after.records.extend(records);
        let is_first = after.records.first() == Some(&claimed.seq);
        if after.is_claimed || after.is_blocked || !is_first {
            self.schedule(name);
            return Ok(None);
        }
        self.set_claimed(name, true);
        Ok(self.claimed_record(claimed.seq))
    }

    fn adopt(
        &mut self,
        claimed: &ClaimedRecord,
        name: &str,
        opening: &Opening,
        now: Millis,
    ) -> Result<Adopted, Fault> {
        match self.is_taken(name)? || self.has_rival(claimed, opening)? {
            true => Ok(Adopted::Taken),
            false => self.open(claimed, name, opening, now).map(Adopted::Named),
        }
    }

    fn is_taken(&mut self, name: &str) -> Result<bool, Fault> {
        let is_dead = self.dead.values().any(|row| row.conversation == name);
        let is_in = |known: &Known| match known {
            Known::Delivered(row) => row.conversation.as_deref() == Some(name),
            _ => false,
        };
        Ok(is_dead || self.has_conversation(name) || self.known.values().any(is_in))
    }

    fn has_rival(&mut self, claimed: &ClaimedRecord, opening: &Opening) -> Result<bool, Fault> {
        let requested = opening.rival();
        let is_rival = |Pending { record, .. }: &Pending| {
            requested.is_some()
                && record.opening == requested
                && record.user == claimed.user
                && record.id != claimed.id
        };
        Ok(self.pending.values().any(is_rival))
    }

    fn settle(
        &mut self,
        claimed: &ClaimedRecord,
        transition: &Transition,
        now: Millis,
    ) -> Result<Settled, Fault> {
        let name = claimed.conversation.as_str();
        let is_applied = self.known.get(&claimed.id) == Some(&Known::Pending(claimed.seq));
        let mut died = Vec::new();
        let next;
        match transition {
            Transition::Delivered { poisoned, continue_conversation } => {
                if is_applied {
                    let removed = self.remove(claimed.seq).map(|row| row.record);
                    if let Some(NewRecord { id, conversation, user, .. }) = removed {
                        self.delivered.push_back(id.clone());
                        let conversation = Some(conversation);
                        let row = DeliveredRow { id: id.clone(), conversation, user };
                        self.known.insert(id, Known::Delivered(Box::new(row)));
                    }
                    self.counts.delivered += 1;
                    if self.delivered.len() > self.remembered
                        && let Some(oldest) = self.delivered.pop_front()
                    {
                        self.known.remove(&oldest);
                    }
                }
                for (id, reason) in poisoned {
                    if let Some(&Known::Pending(seq)) = self.known.get(id) {
                        let row = self.pending.get(&seq);
                        let failures = row.map_or(0, |row| row.record.attempt.failures);
                        died.extend(self.make_dead(seq, failures, reason, now));
                    }
                }
                next = continue_conversation.then(|| self.next(name, 0, now)).flatten();
            }
            Transition::Dead { attempt, reason, continue_conversation } => {
                if let Some(row) = self.pending.get_mut(&claimed.seq).filter(|_| is_applied) {
                    row.record.opening = claimed.opening.clone();
                    died.extend(self.make_dead(claimed.seq, attempt.failures, reason, now));
                }
                if is_applied && claimed.opening.as_ref().is_some_and(Opening::is_to_open) {
                    let waiting = self.conversations.get(name).map(|c| c.records.clone());
                    for seq in waiting.unwrap_or_default() {
                        let failures =
                            self.pending.get(&seq).map(|row| row.record.attempt.failures);
                        let failures = failures.unwrap_or_default();
                        died.extend(self.make_dead(seq, failures, reason, now));
                    }
                }
                next = continue_conversation.then(|| self.next(name, 0, now)).flatten();
            }
            Transition::Later { attempt, due_at, needs_token, reason, skip } => {
                if let Some(row) = self.pending.get_mut(&claimed.seq).filter(|_| is_applied) {
                    row.record.attempt = *attempt;
                    row.record.opening = claimed.opening.clone();
                    row.due_at = *due_at;
                    row.reason = Some(reason.clone());
                    if *needs_token {
                        self.tokenless.insert(claimed.seq);
                    } else {
                        self.tokenless.remove(&claimed.seq);
                    }
                }
                next = skip.then(|| self.next(name, claimed.seq, now)).flatten();
            }
        }
        let mut next = next;
        if let Some(next) = next.as_mut().filter(|next| next.attempt.failures == 0) {
            next.attempt.mark = self.counts.delivered;
        }
        self.set_claimed(name, next.is_some());
        Ok(Settled { is_applied, died, next })
    }

    fn unclaim(&mut self, claimed: &ClaimedRecord, _now: Millis) -> Result<(), Fault> {
        self.set_claimed(&claimed.conversation, false);
        Ok(())
    }

    fn unclaim_all(&mut self, _now: Millis) -> Result<(), Fault> {
        let is_claimed = |(_, c): &(&String, &super::ConversationQueue)| c.is_claimed;
        let names: Vec<String> =
            self.conversations.iter().filter(is_claimed).map(|(name, _)| name.clone()).collect();
        names.iter().for_each(|name| self.set_claimed(name, false));
        Ok(())
    }

    fn counts(&mut self) -> Result<Counts, Fault> {
        Ok(self.counts)
    }

    fn is_waiting(&mut self, position: Position) -> Result<bool, Fault> {
        Ok(self.pending.range(..=position.in_memory).any(|(_, row)| !row.record.is_held))
    }

    fn undelivered(
        &mut self,
        conversation: &str,
        user: &str,
        limit: usize,
    ) -> Result<Vec<String>, Fault> {
        let Some(queue) = self.conversations.get(conversation) else { return Ok(Vec::new()) };
        let records = queue.records.iter().rev().filter_map(|seq| self.pending.get(seq));
        let records = records.map(|row| &row.record);
        let of_user = records.filter(|record| record.user.as_deref() == Some(user));
        let mut payloads: Vec<_> =
            of_user.take(limit).map(|record| record.payload.clone()).collect();
        payloads.reverse();
        Ok(payloads)
    }

    fn pending(&mut self, limit: usize) -> Result<Vec<PendingRow>, Fault> {
        let row = |(seq, row): (&u64, &Pending)| {
            let conversation = self.conversations.get(&row.record.conversation);
            let is_first = conversation.is_some_and(|c| c.records.first() == Some(seq));
            let state = match () {
                () if row.record.is_held => PendingState::Held,
                () if is_first && conversation.is_some_and(|c| c.is_claimed) => {
                    PendingState::Sending
                }
                () if self.tokenless.contains(seq) => PendingState::NeedsToken,
                () => PendingState::Queued,
            };
            let NewRecord { id, conversation, user, attempt, .. } = row.record.clone();
            let reason = row.reason.clone();
            PendingRow { seq: *seq, id, conversation, user, attempt, state, reason }
        };
        Ok(self.pending.iter().take(limit).map(row).collect())
    }

    fn dead(&mut self, limit: usize) -> Result<Vec<DeadRow>, Fault> {
        Ok(self.dead.values().take(limit).cloned().collect())
    }

    fn hasten(&mut self, id: &str, now: Millis) -> Result<(), Fault> {
        let Some(Known::Pending(seq)) = self.known.get(id) else { return Ok(()) };
        let Some(row) = self.pending.get_mut(seq) else { return Ok(()) };
        row.due_at = now;
        let name = row.record.conversation.clone();
        self.schedule(&name);
        Ok(())
    }

    fn requeue(&mut self, id: &str, now: Millis) -> Result<bool, Fault> {
        let Some(&Known::Dead(seq)) = self.known.get(id) else { return Ok(false) };
        let Some(row) = self.dead.remove(&seq) else { return Ok(false) };
        let DeadRow { id, conversation, user, payload, opening, .. } = row;
        let opening = opening.map(Opening::requeued);
        self.counts.dead -= 1;
        let attempt = AttemptState { accepted_at: now, ..AttemptState::default() };
        let (is_held, has_tokens) = (false, false);
        let record =
            NewRecord { id, conversation, user, payload, is_held, has_tokens, attempt, opening };
        self.add(&self.resolved(&record), now);
        Ok(true)
    }

    fn discard(&mut self, id: &str, _now: Millis) -> Result<bool, Fault> {
        match self.known.get(id).cloned() {
            Some(Known::Dead(seq)) => {
                self.dead.remove(&seq);
                self.counts.dead -= 1;
            }
            Some(Known::Pending(seq)) => {
                let conversation =
                    self.pending.get(&seq).map(|row| row.record.conversation.clone());
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
