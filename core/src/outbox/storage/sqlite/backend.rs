//! The file as a backend: one transaction per call.

use rusqlite::{Connection, Result};

use super::disk::Disk;
use super::records::{PendingHead, marked};
use super::schema::ANYBODY;
use super::{claims, counter, letters, openings, places, processes, records, schema, turns};
use crate::outbox::opening::Opening;
use crate::outbox::state::{AttemptState, Choice, Millis};
use crate::outbox::storage::backend::{Backend, Position};
use crate::outbox::storage::due::is_due;
use crate::outbox::storage::rows::{
    Adopted, Ahead, ClaimedRecord, Counts, DeadRow, DeliveredRow, Inserted, NewRecord, PendingRow,
    RecordUser, RunningTurnRows, Settled, StopAsked, Tier, Transition, TurnChanges, UserTurn,
};
use crate::sqlite::Fault;

impl Backend for Disk {
    fn insert(&mut self, record: &[NewRecord], now: Millis) -> Result<Vec<Inserted>, Fault> {
        let (me, file_bytes) = (self.me, self.settings.limits.file_bytes);
        self.write(|connection| {
            let mut room = file_bytes.saturating_sub(used_bytes(connection)?);
            let mut insert = |record: &NewRecord| {
                if record.has_tokens {
                    claims::wake_for_tokens(connection, record, me, now)?;
                }
                let size = record.payload.len() as u64;
                if size > room {
                    let is_known = records::is_known(connection, &record.id)?;
                    return Ok(if is_known { Inserted::Known(Tier::File) } else { Inserted::Full });
                }
                let is_new = records::insert(connection, record, me, now, now)?;
                room -= size;
                Ok(if is_new { Inserted::New(Tier::File) } else { Inserted::Known(Tier::File) })
            };
            record.iter().map(&mut insert).collect()
        })
    }

    fn ahead(&mut self, id: &str) -> Result<Ahead, Fault> {
        self.read(|connection| openings::ahead(connection, id))
    }

    fn user_of(&mut self, id: &str) -> Result<RecordUser, Fault> {
        self.read(|connection| records::user_of(connection, id))
    }

    fn release(&mut self, record: &NewRecord, now: Millis) -> Result<Option<Tier>, Fault> {
        let me = self.me;
        self.write(|connection| {
            let Some(held) = records::held(connection, &record.id)? else { return Ok(None) };
            records::replace_held(connection, held.record.seq, record, me, now)?;
            claims::schedule_unclaimed(connection, &held.record.conversation)?;
            claims::schedule_unclaimed(connection, &record.conversation)?;
            Ok(Some(Tier::File))
        })
    }

    fn claim_chosen(
        &mut self,
        choice: Choice,
        limit: usize,
        now: Millis,
    ) -> Result<Vec<ClaimedRecord>, Fault> {
        // Reading is cheap and blocks no other process: most claims find nothing.
        let is_anything_due = match self.next_due(now)? {
            Some(due_at) => is_due(due_at, now, self.settings.longest_wait),
            None => false,
        };
        if !is_anything_due {
            return Ok(Vec::new());
        }
        self.stay_registered()?;
        let (me, longest_wait) = (self.me, self.settings.longest_wait);
        let claimed = self.write(|connection| {
            let delivered = counter::counts(connection)?.delivered;
            let now = i64::try_from(now).unwrap_or(i64::MAX);
            let wrong_clock =
                now.saturating_add(longest_wait.try_into().unwrap_or(i64::MAX)).saturating_add(1);
            let mut entries = Vec::new();
            for owner in claims::claimable_owners(connection, me)? {
                for times in [(i64::MIN, now), (wrong_clock, i64::MAX)] {
                    let room = limit - entries.len();
                    for name in claims::due(connection, owner, times, choice, room)? {
                        claims::claim(connection, &name, me)?;
                        let first = records::first_after(connection, &name, 0)?;
                        entries.extend(first.map(|head| marked(head.record, delivered)));
                    }
                }
            }
            Ok(entries)
        })?;
        // A conversation that this process is still delivering must not be delivered twice.
        Ok(claimed
            .into_iter()
            .filter(|claimed| self.in_flight.insert(claimed.conversation.clone()))
            .collect())
    }

    fn next_due(&mut self, now: Millis) -> Result<Option<Millis>, Fault> {
        let (me, longest_wait) = (self.me, self.settings.longest_wait);
        self.read(|connection| {
            let mut next = None;
            for owner in claims::claimable_owners(connection, me)? {
                let Some(times) = claims::due_times(connection, owner)? else { continue };
                // The latest is due as well if a wrong clock wrote it.
                let is_due = times.iter().any(|at| is_due(*at, now, longest_wait));
                let due_at = if is_due { now } else { times[0] };
                next = next.into_iter().chain([due_at]).min();
            }
            Ok(next)
        })
    }

    fn save_opening(&mut self, claimed: &ClaimedRecord, _now: Millis) -> Result<bool, Fault> {
        let me = self.me;
        self.write(|connection| {
            let is_mine = claims::is_mine(connection, &claimed.conversation, me)?;
            Ok(is_mine && openings::save(connection, claimed)?)
        })
    }

    fn open(
        &mut self,
        claimed: &ClaimedRecord,
        name: &str,
        opening: &Opening,
        _now: Millis,
    ) -> Result<Option<ClaimedRecord>, Fault> {
        let me = self.me;
        let opened =
            self.write(|connection| places::open(connection, claimed, name, opening, me))?;
        Ok(self.moved(claimed, opened))
    }

    fn adopt(
        &mut self,
        claimed: &ClaimedRecord,
        name: &str,
        opening: &Opening,
        _now: Millis,
    ) -> Result<Adopted, Fault> {
        let me = self.me;
        let adopted = self.write(|connection| {
            let is_anothers = openings::is_taken(connection, name)?
                || openings::has_rival(connection, claimed, opening)?;
            match is_anothers {
                true => Ok(Adopted::Taken),
                false => places::open(connection, claimed, name, opening, me).map(Adopted::Named),
            }
        })?;
        Ok(match adopted {
            Adopted::Named(opened) => Adopted::Named(self.moved(claimed, opened)),
            Adopted::Taken => Adopted::Taken,
        })
    }

    fn is_taken(&mut self, name: &str) -> Result<bool, Fault> {
        self.read(|connection| openings::is_taken(connection, name))
    }

    fn has_rival(&mut self, claimed: &ClaimedRecord, opening: &Opening) -> Result<bool, Fault> {
        self.read(|connection| openings::has_rival(connection, claimed, opening))
    }

    fn settle(
        &mut self,
        claimed: &ClaimedRecord,
        transition: &Transition,
        now: Millis,
    ) -> Result<Settled, Fault> {
        let (me, remembered, longest_wait) =
            (self.me, self.settings.remembered, self.settings.longest_wait);
        let settled = self.write(|connection| {
            let name = claimed.conversation.as_str();
            let mut died = Vec::new();
            let (is_applied, look_from) = match transition {
                Transition::Delivered { poisoned, continue_conversation } => {
                    let removed = records::remove(connection, &claimed.id)?;
                    let is_applied = removed.is_some();
                    if let Some(PendingHead { record, .. }) = removed {
                        let ClaimedRecord { id, conversation, user, .. } = record;
                        let conversation = Some(conversation);
                        let row = DeliveredRow { id, conversation, user };
                        records::remember(connection, &row, remembered)?;
                        counter::count(connection, "delivered = delivered + 1")?;
                    }
                    for (id, reason) in poisoned {
                        if let Some(head) = records::remove(connection, id)? {
                            let attempt = head.record.attempt;
                            make_dead(connection, head, attempt, reason, now)?;
                            died.push((id.clone(), reason.clone()));
                        }
                    }
                    (is_applied, continue_conversation.then_some(0))
                }
                Transition::Dead { attempt, reason, continue_conversation } => {
                    let removed = records::remove(connection, &claimed.id)?;
                    let is_applied = removed.is_some();
                    if let Some(mut head) = removed {
                        head.record.opening.clone_from(&claimed.opening);
                        make_dead(connection, head, *attempt, reason, now)?;
                        died.push((claimed.id.clone(), reason.clone()));
                    }
                    if is_applied && claimed.opening.as_ref().is_some_and(Opening::is_to_open) {
                        while let Some(head) = records::first_after(connection, name, 0)? {
                            records::remove(connection, &head.record.id)?;
                            died.push((head.record.id.clone(), reason.clone()));
                            let attempt = head.record.attempt;
                            make_dead(connection, head, attempt, reason, now)?;
                        }
                    }
                    (is_applied, continue_conversation.then_some(0))
                }
                Transition::Later { attempt, due_at, needs_token, reason, skip } => {
                    let is_applied = records::postpone(
                        connection,
                        claimed,
                        attempt,
                        *due_at,
                        *needs_token,
                        reason,
                    )?;
                    (is_applied, skip.then_some(claimed.seq))
                }
            };
            if !claims::is_mine(connection, name, me)? {
                return Ok(Settled { is_applied, died, next: None });
            }
            let mut next = None;
            if let Some(seq) = look_from
                && let Some(head) =
                    records::next(connection, name, seq, |at| is_due(at, now, longest_wait))?
                && claims::may_serve(connection, head.owner, me)?
            {
                next = Some(marked(head.record, counter::counts(connection)?.delivered));
            }
            if next.is_none() {
                claims::schedule(connection, name)?;
            }
            Ok(Settled { is_applied, died, next })
        })?;
        if settled.next.is_none() {
            self.in_flight.remove(&claimed.conversation);
        }
        Ok(settled)
    }

    fn hasten(&mut self, id: &str, now: Millis) -> Result<(), Fault> {
        self.write(|connection| {
            let Some(name) = records::hasten(connection, id, now)? else { return Ok(()) };
            claims::schedule_unclaimed(connection, &name)
        })
    }

    fn unclaim(&mut self, claimed: &ClaimedRecord, _now: Millis) -> Result<(), Fault> {
        let (me, conversation) = (self.me, claimed.conversation.as_str());
        self.in_flight.remove(conversation);
        self.write(|connection| {
            if claims::is_mine(connection, conversation, me)? {
                claims::schedule(connection, conversation)?;
            }
            Ok(())
        })
    }

    fn unclaim_all(&mut self, _now: Millis) -> Result<(), Fault> {
        let me = self.me;
        self.in_flight.clear();
        self.write(|connection| processes::end_claims(connection, me))
    }

    fn exchange_turns(
        &mut self,
        changes: &TurnChanges,
        now: Millis,
    ) -> Result<RunningTurnRows, Fault> {
        if !changes.is_empty() {
            self.stay_registered()?;
            let me = self.me;
            self.write(|connection| turns::write(connection, changes, me, now))?;
        }
        let me = self.me;
        self.read(|connection| turns::of(connection, me))
    }

    fn stop_turn(&mut self, turn: &UserTurn, now: Millis) -> Result<StopAsked, Fault> {
        self.write(|connection| turns::stop(connection, turn, now))
    }

    fn counts(&mut self) -> Result<Counts, Fault> {
        self.read(counter::counts)
    }

    fn is_waiting(&mut self, position: Position) -> Result<bool, Fault> {
        let (me, seq) = (self.me, position.in_file);
        self.read(|connection| claims::is_waiting(connection, seq, me))
    }

    fn undelivered(
        &mut self,
        conversation: &str,
        user: &str,
        limit: usize,
    ) -> Result<Vec<String>, Fault> {
        self.read(|connection| records::undelivered(connection, conversation, user, limit))
    }

    fn pending(&mut self, limit: usize) -> Result<Vec<PendingRow>, Fault> {
        self.read(|connection| records::pending(connection, limit))
    }

    fn dead(&mut self, limit: usize) -> Result<Vec<DeadRow>, Fault> {
        self.read(|connection| letters::dead(connection, limit))
    }

    fn requeue(&mut self, id: &str, now: Millis) -> Result<bool, Fault> {
        self.write(|connection| {
            let Some(row) = letters::take_dead(connection, id)? else { return Ok(false) };
            let DeadRow { id, conversation, user, payload, opening, .. } = row;
            let (is_held, has_tokens, attempt) = (false, false, AttemptState::default());
            let opening = opening.map(Opening::requeued);
            let record = NewRecord {
                id,
                conversation,
                user,
                payload,
                is_held,
                has_tokens,
                attempt,
                opening,
            };
            records::insert(connection, &record, ANYBODY, now, now)?;
            // It has already been counted as accepted.
            counter::count(connection, "accepted = accepted - 1")?;
            Ok(true)
        })
    }

    fn discard(&mut self, id: &str, _now: Millis) -> Result<bool, Fault> {
        self.write(|connection| {
            if letters::take_dead(connection, id)?.is_none() {
                let Some(name) = records::conversation_of(connection, id)? else {
                    return Ok(false);
                };
                if claims::is_claimed(connection, &name)? {
                    return Ok(false);
                }
                records::remove(connection, id)?;
                claims::schedule(connection, &name)?;
            }
            counter::count(connection, "discarded = discarded + 1")?;
            Ok(true)
        })
    }
}

impl Disk {
    /// Notes that a claimed conversation has another name, if this process still has it.
    fn moved(
        &mut self,
        claimed: &ClaimedRecord,
        opened: Option<ClaimedRecord>,
    ) -> Option<ClaimedRecord> {
        self.in_flight.remove(&claimed.conversation);
        self.in_flight.extend(opened.iter().map(|claimed| claimed.conversation.clone()));
        opened
    }
}

fn make_dead(
    connection: &Connection,
    head: PendingHead,
    attempt: AttemptState,
    reason: &str,
    now: Millis,
) -> Result<()> {
    let ClaimedRecord { seq, id, conversation, user, payload, opening, .. } = head.record;
    let reason = reason.to_owned();
    let row = DeadRow { id, conversation, user, payload, attempt, died_at: now, reason, opening };
    letters::insert_letter(connection, seq, &row)
}

/// The bytes in use in the file.
fn used_bytes(connection: &Connection) -> Result<u64> {
    let value = |sql| connection.prepare_cached(sql)?.query_row([], |row| row.get::<_, u64>(0));
    let pages = value("PRAGMA page_count")?.saturating_sub(value("PRAGMA freelist_count")?);
    Ok(pages * schema::PAGE_SIZE)
}
