//! The file as a backend: one transaction for each call.

use rusqlite::{Connection, Result};

use super::records::{self, Head};
use super::{Disk, letters, openings, processes, schema};
use crate::outbox::backend::{
    Backend, Change, Counts, DeadRow, Entry, Fault, Fresh, Inserted, PendingRow, Settled, is_due,
};
use crate::outbox::opening::Opening;
use crate::outbox::state::{Millis, Trial};

impl Backend for Disk {
    fn insert(&mut self, fresh: &[Fresh], now: Millis) -> Result<Vec<Inserted>, Fault> {
        let (me, file_bytes) = (self.me, self.settings.limits.file_bytes);
        self.write(|connection| {
            let mut room = file_bytes.saturating_sub(used_bytes(connection)?);
            let mut insert = |fresh: &Fresh| {
                if fresh.has_tokens {
                    records::wake_for_tokens(connection, fresh, me, now)?;
                }
                let size = fresh.payload.len() as u64;
                if size > room {
                    let is_known = records::is_known(connection, &fresh.id)?;
                    return Ok(if is_known { Inserted::Known } else { Inserted::Full });
                }
                let is_new = records::insert(connection, fresh, me, now, now)?;
                room -= size;
                Ok(if is_new { Inserted::New } else { Inserted::Known })
            };
            fresh.iter().map(&mut insert).collect()
        })
    }

    fn release(&mut self, fresh: &Fresh, now: Millis) -> Result<bool, Fault> {
        let me = self.me;
        self.write(|connection| {
            let Some(held) = records::held(connection, &fresh.id)? else { return Ok(false) };
            records::fill_in(connection, held.entry.seq, fresh, me, now)?;
            records::schedule_unclaimed(connection, &held.entry.conversation)?;
            records::schedule_unclaimed(connection, &fresh.conversation)?;
            Ok(true)
        })
    }

    fn claim(&mut self, limit: usize, now: Millis) -> Result<Vec<Entry>, Fault> {
        // Reading is cheap and hinders nobody: most claims find nothing.
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
            let delivered = records::counts(connection)?.delivered;
            let now = i64::try_from(now).unwrap_or(i64::MAX);
            let wrong_clock =
                now.saturating_add(longest_wait.try_into().unwrap_or(i64::MAX)).saturating_add(1);
            let mut entries = Vec::new();
            for owner in records::claimable_owners(connection, me)? {
                for times in [(i64::MIN, now), (wrong_clock, i64::MAX)] {
                    for name in records::due(connection, owner, times, limit - entries.len())? {
                        records::claim(connection, &name, me)?;
                        let first = records::first_after(connection, &name, 0)?;
                        entries.extend(first.map(|head| marked(head.entry, delivered)));
                    }
                }
            }
            Ok(entries)
        })?;
        // A conversation that a delivery of this process still holds goes on there, and not twice.
        Ok(claimed
            .into_iter()
            .filter(|entry| self.sending.insert(entry.conversation.clone()))
            .collect())
    }

    fn next_due(&mut self, now: Millis) -> Result<Option<Millis>, Fault> {
        let (me, longest_wait) = (self.me, self.settings.longest_wait);
        self.read(|connection| {
            let mut next = None;
            for owner in records::claimable_owners(connection, me)? {
                let Some(times) = records::due_times(connection, owner)? else { continue };
                // The latest is due as well if a clock that was wrong has put it there.
                let is_due = times.iter().any(|at| is_due(*at, now, longest_wait));
                let due_at = if is_due { now } else { times[0] };
                next = next.into_iter().chain([due_at]).min();
            }
            Ok(next)
        })
    }

    fn note_opening(&mut self, entry: &Entry, _now: Millis) -> Result<bool, Fault> {
        let me = self.me;
        self.write(|connection| {
            let is_mine = records::is_mine(connection, &entry.conversation, me)?;
            Ok(is_mine && openings::note(connection, entry)?)
        })
    }

    fn open(
        &mut self,
        entry: &Entry,
        name: &str,
        opening: &Opening,
        _now: Millis,
    ) -> Result<Option<Entry>, Fault> {
        let me = self.me;
        let opened = self.write(|connection| {
            let from = entry.conversation.as_str();
            let is_pending = records::conversation_of(connection, &entry.id)?.is_some();
            if !is_pending || !records::is_mine(connection, from, me)? {
                return Ok(None);
            }
            openings::rename(connection, from, name, &entry.id, opening)?;
            let first = records::first_after(connection, name, 0)?;
            let is_first = first.as_ref().is_some_and(|head| head.entry.id == entry.id);
            if records::is_claimed(connection, name)? {
                return Ok(None);
            }
            if !is_first {
                records::schedule(connection, name)?;
                return Ok(None);
            }
            records::claim(connection, name, me)?;
            let delivered = records::counts(connection)?.delivered;
            Ok(first.map(|head| marked(head.entry, delivered)))
        })?;
        self.sending.remove(&entry.conversation);
        self.sending.extend(opened.iter().map(|entry| entry.conversation.clone()));
        Ok(opened)
    }

    fn settle(&mut self, entry: &Entry, change: &Change, now: Millis) -> Result<Settled, Fault> {
        let (me, remembered, longest_wait) =
            (self.me, self.settings.remembered, self.settings.longest_wait);
        let settled = self.write(|connection| {
            let name = entry.conversation.as_str();
            let mut died = 0;
            let (is_applied, look_from) = match change {
                Change::Delivered { poisoned, go_on } => {
                    let removed = records::remove(connection, &entry.id)?;
                    if let Some(Head { entry, .. }) = &removed {
                        let opened = entry.opening.as_ref().map(|_| entry.conversation.as_str());
                        records::remember(connection, &entry.id, opened, remembered)?;
                        records::count(connection, "delivered = delivered + 1")?;
                    }
                    let is_applied = removed.is_some();
                    for (id, reason) in poisoned {
                        if let Some(head) = records::remove(connection, id)? {
                            let trial = head.entry.trial;
                            bury(connection, head, trial, reason, now)?;
                            died += 1;
                        }
                    }
                    (is_applied, go_on.then_some(0))
                }
                Change::Dead { trial, reason, go_on } => {
                    let removed = records::remove(connection, &entry.id)?;
                    let is_applied = removed.is_some();
                    if let Some(head) = removed {
                        bury(connection, head, *trial, reason, now)?;
                        died += 1;
                    }
                    if is_applied && entry.opening.as_ref().is_some_and(Opening::is_to_open) {
                        while let Some(head) = records::first_after(connection, name, 0)? {
                            records::remove(connection, &head.entry.id)?;
                            let trial = head.entry.trial;
                            bury(connection, head, trial, reason, now)?;
                            died += 1;
                        }
                    }
                    (is_applied, go_on.then_some(0))
                }
                Change::Later { trial, due_at, needs_token, reason, step_over } => {
                    let is_applied =
                        records::put_off(connection, entry, trial, *due_at, *needs_token, reason)?;
                    (is_applied, step_over.then_some(entry.seq))
                }
            };
            if !records::is_mine(connection, name, me)? {
                return Ok(Settled { is_applied, died, next: None });
            }
            let mut next = None;
            if let Some(seq) = look_from
                && let Some(head) = records::first_after(connection, name, seq)?
                && !head.is_held
                && is_due(head.due_at, now, longest_wait)
                && records::may_serve(connection, head.owner, me)?
            {
                next = Some(marked(head.entry, records::counts(connection)?.delivered));
            }
            if next.is_none() {
                records::schedule(connection, name)?;
            }
            Ok(Settled { is_applied, died, next })
        })?;
        if settled.next.is_none() {
            self.sending.remove(&entry.conversation);
        }
        Ok(settled)
    }

    fn give_back(&mut self, conversation: &str, _now: Millis) -> Result<(), Fault> {
        self.sending.remove(conversation);
        let me = self.me;
        self.write(|connection| {
            if records::is_mine(connection, conversation, me)? {
                records::schedule(connection, conversation)?;
            }
            Ok(())
        })
    }

    fn give_all_back(&mut self, _now: Millis) -> Result<(), Fault> {
        let me = self.me;
        self.sending.clear();
        self.write(|connection| processes::end_claims(connection, me))
    }

    fn counts(&mut self) -> Result<Counts, Fault> {
        self.read(records::counts)
    }

    fn is_waiting(&mut self, seq: u64) -> Result<bool, Fault> {
        let me = self.me;
        self.read(|connection| records::is_waiting(connection, seq, me))
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
            let (is_held, has_tokens, trial) = (false, false, Trial::default());
            let opening = opening.map(Opening::anew);
            let fresh =
                Fresh { id, conversation, user, payload, is_held, has_tokens, trial, opening };
            records::insert(connection, &fresh, records::ANYBODY, now, now)?;
            // It was accepted once already.
            records::count(connection, "accepted = accepted - 1")?;
            Ok(true)
        })
    }

    fn discard(&mut self, id: &str, _now: Millis) -> Result<bool, Fault> {
        self.write(|connection| {
            if letters::take_dead(connection, id)?.is_none() {
                let Some(name) = records::conversation_of(connection, id)? else {
                    return Ok(false);
                };
                if records::is_claimed(connection, &name)? {
                    return Ok(false);
                }
                records::remove(connection, id)?;
                records::schedule(connection, &name)?;
            }
            records::count(connection, "discarded = discarded + 1")?;
            Ok(true)
        })
    }
}

/// The entry as it goes out for the first time knows how many were delivered before.
fn marked(mut entry: Entry, delivered: u64) -> Entry {
    if entry.trial.attempts == 0 {
        entry.trial.mark = delivered;
    }
    entry
}

fn bury(
    connection: &Connection,
    head: Head,
    trial: Trial,
    reason: &str,
    now: Millis,
) -> Result<()> {
    let Entry { seq, id, conversation, user, payload, opening, .. } = head.entry;
    let reason = reason.to_owned();
    let row = DeadRow { id, conversation, user, payload, trial, died_at: now, reason, opening };
    letters::lay_down(connection, seq, &row)
}

/// The bytes of the file that hold something.
fn used_bytes(connection: &Connection) -> Result<u64> {
    let value = |sql| connection.prepare_cached(sql)?.query_row([], |row| row.get::<_, u64>(0));
    let pages = value("PRAGMA page_count")?.saturating_sub(value("PRAGMA freelist_count")?);
    Ok(pages * schema::PAGE_SIZE)
}
