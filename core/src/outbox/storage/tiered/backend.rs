//! Both tiers as one backend: each claimed record returns to the tier that it came from.

use std::time::Duration;

use super::TieredBackend;
use crate::outbox::opening::Opening;
use crate::outbox::state::{Choice, Millis};
use crate::outbox::storage::backend::{Backend, Checkpoint, Position};
use crate::outbox::storage::rows::{
    Adopted, Ahead, ClaimedRecord, Counters, Counts, DeadRow, Inserted, NewRecord, PendingRow,
    RecordUser, RunningTurnRows, Settled, StopAsked, Tier, Transition, TurnChanges, UserTurn,
};
use crate::outbox::storage::sqlite::Disk;
use crate::sqlite::Fault;

impl TieredBackend {
    /// Runs an operation on the tier of a claimed record.
    fn on_tier<T>(
        &mut self,
        claimed: &ClaimedRecord,
        act: impl FnOnce(&mut dyn Backend) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        match claimed.tier {
            Tier::File => self.file.act(|disk| act(disk)),
            Tier::Memory => act(&mut self.memory),
        }
    }
}

impl Backend for TieredBackend {
    fn insert(&mut self, records: &[NewRecord], now: Millis) -> Result<Vec<Inserted>, Fault> {
        Ok(self.insert_each(records, now))
    }

    fn ahead(&mut self, id: &str) -> Result<Ahead, Fault> {
        match self.memory.knows(id) {
            true => self.memory.ahead(id),
            false => self.file.act(|disk| disk.ahead(id)),
        }
    }

    fn user_of(&mut self, id: &str) -> Result<RecordUser, Fault> {
        match self.memory.knows(id) {
            true => self.memory.user_of(id),
            false => self.file.act(|disk| disk.user_of(id)),
        }
    }

    fn release(&mut self, record: &NewRecord, now: Millis) -> Result<Option<Tier>, Fault> {
        if let Some(tier) = self.memory.release(record, now)? {
            return Ok(Some(tier));
        }
        match self.file.act(|disk| disk.release(record, now)) {
            Err(_) if self.file.is_certainly_not_held(&record.id) => Ok(None),
            Err(_) => {
                self.releases.push(record.clone());
                Ok(Some(Tier::Memory))
            }
            released => released,
        }
    }

    fn claim_chosen(
        &mut self,
        choice: Choice,
        limit: usize,
        now: Millis,
    ) -> Result<Vec<ClaimedRecord>, Fault> {
        let mut claimed = match self.sends_from_memory() {
            true => self.memory.claim_chosen(choice, limit, now)?,
            false => Vec::new(),
        };
        let room = limit - claimed.len();
        if room > 0 && self.file.fault.is_none() {
            let in_file = self.file.act(|disk| disk.claim_chosen(choice, room, now));
            claimed.extend(in_file.unwrap_or_default());
        }
        Ok(claimed)
    }

    fn next_due(&mut self, now: Millis) -> Result<Option<Millis>, Fault> {
        let in_memory = match self.sends_from_memory() {
            true => self.memory.next_due(now)?,
            false => None,
        };
        let in_file = match self.file.fault {
            None => self.file.act(|disk| disk.next_due(now)).unwrap_or_default(),
            Some(_) => None,
        };
        Ok(in_memory.into_iter().chain(in_file).min())
    }

    fn save_opening(&mut self, claimed: &ClaimedRecord, now: Millis) -> Result<bool, Fault> {
        self.on_tier(claimed, |tier| tier.save_opening(claimed, now))
    }

    fn open(
        &mut self,
        claimed: &ClaimedRecord,
        name: &str,
        opening: &Opening,
        now: Millis,
    ) -> Result<Option<ClaimedRecord>, Fault> {
        self.on_tier(claimed, |tier| tier.open(claimed, name, opening, now))
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
            false => self.on_tier(claimed, |tier| tier.adopt(claimed, name, opening, now)),
        }
    }

    fn is_taken(&mut self, name: &str) -> Result<bool, Fault> {
        match self.memory.is_taken(name)? {
            true => Ok(true),
            false => self.file.act(|disk| disk.is_taken(name)),
        }
    }

    fn has_rival(&mut self, claimed: &ClaimedRecord, opening: &Opening) -> Result<bool, Fault> {
        match self.memory.has_rival(claimed, opening)? {
            true => Ok(true),
            false => self.file.act(|disk| disk.has_rival(claimed, opening)),
        }
    }

    fn settle(
        &mut self,
        claimed: &ClaimedRecord,
        transition: &Transition,
        now: Millis,
    ) -> Result<Settled, Fault> {
        self.on_tier(claimed, |tier| tier.settle(claimed, transition, now))
    }

    fn hasten(&mut self, id: &str, now: Millis) -> Result<(), Fault> {
        match self.memory.knows(id) {
            true => self.memory.hasten(id, now),
            false => self.file.act(|disk| disk.hasten(id, now)),
        }
    }

    fn unclaim(&mut self, claimed: &ClaimedRecord, now: Millis) -> Result<(), Fault> {
        self.on_tier(claimed, |tier| tier.unclaim(claimed, now))
    }

    fn unclaim_all(&mut self, now: Millis) -> Result<(), Fault> {
        self.memory.unclaim_all(now)?;
        self.file.act(|disk| disk.unclaim_all(now))
    }

    fn exchange_turns(
        &mut self,
        changes: &TurnChanges,
        now: Millis,
    ) -> Result<RunningTurnRows, Fault> {
        self.file.act(|disk| disk.exchange_turns(changes, now))
    }

    fn stop_turn(&mut self, turn: &UserTurn, now: Millis) -> Result<StopAsked, Fault> {
        self.file.act(|disk| disk.stop_turn(turn, now))
    }

    fn counts(&mut self) -> Result<Counts, Fault> {
        let in_file = self.file.act(Disk::counts)?;
        Ok(in_file.plus(self.memory.counts()?))
    }

    fn has_delivered_since(&mut self, claimed: &ClaimedRecord) -> Result<bool, Fault> {
        self.on_tier(claimed, |tier| tier.has_delivered_since(claimed))
    }

    fn position(&mut self) -> Position {
        let in_memory = self.memory.position().in_memory;
        // A record that moves from memory to the file gets a new number there.
        let in_file = match self.file.act(Disk::counts) {
            Ok(counts) if self.memory.is_empty() => counts.last_seq,
            _ => Position::LAST,
        };
        Position { in_file, in_memory }
    }

    fn is_waiting(&mut self, position: Position) -> Result<bool, Fault> {
        Ok(self.memory.is_waiting(position)? || self.file.is_waiting(position))
    }

    fn undelivered(
        &mut self,
        conversation: &str,
        user: &str,
        limit: usize,
    ) -> Result<Vec<String>, Fault> {
        let in_file = self.file.act(|disk| disk.undelivered(conversation, user, limit));
        let mut payloads = in_file.unwrap_or_else(|fault| {
            tracing::debug!(%fault, "undelivered records of the outbox's file cannot be read");
            Vec::new()
        });
        payloads.extend(self.memory.undelivered(conversation, user, limit)?);
        payloads.drain(..payloads.len().saturating_sub(limit));
        Ok(payloads)
    }

    fn pending(&mut self, limit: usize) -> Result<Vec<PendingRow>, Fault> {
        let mut rows = self.file.act(|disk| disk.pending(limit))?;
        rows.extend(self.memory.pending(limit)?);
        rows.truncate(limit);
        Ok(rows)
    }

    fn dead(&mut self, limit: usize) -> Result<Vec<DeadRow>, Fault> {
        let mut rows = self.file.act(|disk| disk.dead(limit))?;
        rows.extend(self.memory.dead(limit)?);
        rows.truncate(limit);
        Ok(rows)
    }

    fn requeue(&mut self, id: &str, now: Millis) -> Result<bool, Fault> {
        if self.memory.requeue(id, now)? {
            return Ok(true);
        }
        self.file.act_on(id, |disk| disk.requeue(id, now))
    }

    fn discard(&mut self, id: &str, now: Millis) -> Result<bool, Fault> {
        if self.memory.discard(id, now)? {
            return Ok(true);
        }
        self.file.act_on(id, |disk| disk.discard(id, now))
    }

    fn counters(&mut self) -> Counters {
        self.all_counters()
    }

    fn maintain(&mut self, now: Millis) {
        self.maintain_file(now);
    }

    fn maintenance_due(&self) -> Option<Duration> {
        self.due_soon()
    }

    fn has_company(&self) -> bool {
        self.file.disk.as_ref().is_some_and(Disk::has_company)
    }

    fn checkpoint(&mut self) -> Option<Checkpoint> {
        if self.file.fault.is_some() {
            return None;
        }
        self.file.act(Disk::log).ok().filter(|log| log.is_long())?;
        let settings = self.file.settings().clone();
        Some(Box::new(move || Disk::move_log(&settings)))
    }

    fn leave(&mut self, now: Millis) {
        if self.due_soon().is_some() {
            // Memory has no faults.
            let _ = self.memory.unclaim_all(now);
            self.maintain_file(now);
        }
        self.file.leave();
    }

    #[cfg(test)]
    fn disk(&mut self) -> &mut Disk {
        self.file.disk.as_mut().unwrap()
    }
}
