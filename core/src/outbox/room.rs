//! Where records are kept: in the file, and in memory while the file cannot take them.
//!
//! A conversation lies in one place. While records of it wait in memory, further ones join them there, and all move to
//! the file together as soon as it takes them. One that has older records in a file that cannot be written waits for
//! the file, as overtaking them would break its order.

use std::path::PathBuf;
use std::time::Duration;

use super::backend::{
    Backend, Change, Counts, DeadRow, Entry, Fault, Fresh, Inserted, PendingRow, Settled,
};
use super::file::File;
use super::memory::Memory;
use super::opening::Opening;
use super::sqlite::{Disk, Log, Settings};
use super::state::Millis;

/// How soon the file is looked after while it cannot be used, or records wait in memory.
pub(super) const CARE_SOON: Duration = Duration::from_millis(100);
/// How soon, while another process writes: that is over in a moment.
const CARE_FOR_BUSY: Duration = Duration::from_millis(10);

/// The records of one process's handle.
#[derive(Debug)]
pub(super) struct Room {
    memory: Memory,
    file: Option<File>,
    /// Held records that are to be filled in as soon as the file can be written.
    releases: Vec<Fresh>,
}

/// Where a record lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    File,
    Memory,
}

/// What the books say: see [`Stats`](super::Stats).
#[derive(Debug)]
pub(super) struct Books {
    pub(super) now: Counts,
    pub(super) opening: Counts,
    pub(super) not_durable: u64,
    pub(super) trouble: Option<String>,
    pub(super) set_aside: Vec<PathBuf>,
}

impl Room {
    pub(super) fn in_memory(memory: Memory) -> Self {
        Room { memory, file: None, releases: Vec::new() }
    }

    /// Opens the file; one that cannot be used now is tried again later.
    pub(super) fn on_file(memory: Memory, settings: Settings) -> Result<Self, String> {
        Ok(Room { memory, file: Some(File::open(settings)?), releases: Vec::new() })
    }

    /// How soon the file needs care, as it cannot be used, or records wait in memory to move there.
    pub(super) fn needs_care(&self) -> Option<Duration> {
        let file = self.file.as_ref()?;
        let waits_in_memory = !self.memory.is_empty() || !self.releases.is_empty();
        match &file.trouble {
            Some(Fault::Busy) if file.disk.is_some() && !file.is_out_of_reach() => {
                Some(CARE_FOR_BUSY)
            }
            Some(_) => Some(CARE_SOON),
            None => (file.disk.is_none() || waits_in_memory).then_some(CARE_SOON),
        }
    }

    /// The file, where its log is as long as this says.
    pub(super) fn has_log(&mut self, is_long: impl Fn(Log) -> bool) -> Option<Settings> {
        let file = self.file.as_mut().filter(|file| file.trouble.is_none())?;
        file.write(Disk::log).filter(|log| is_long(*log)).map(|_| file.settings().clone())
    }

    /// Whether other processes use the file.
    pub(super) fn has_company(&self) -> bool {
        self.file.as_ref().and_then(|file| file.disk.as_ref()).is_some_and(Disk::has_company)
    }

    /// Takes records; says of each what became of it and whether it is durable.
    pub(super) fn insert(&mut self, batch: &[Fresh], now: Millis) -> Vec<(Inserted, bool)> {
        if self.file.is_none() {
            return batch.iter().map(|fresh| (self.keep(fresh, now), false)).collect();
        }
        let stays = |fresh: &Fresh| {
            let ahead = fresh.opening.as_ref().and_then(Opening::behind);
            self.memory.has_conversation(&fresh.conversation)
                || ahead.is_some_and(|id| self.memory.knows(id))
        };
        if !batch.iter().any(stays)
            && let Some(answers) = self.insert_into_file(batch, now)
        {
            return answers;
        }
        if batch.len() > 1 {
            // Each goes its own way.
            return batch
                .iter()
                .flat_map(|fresh| self.insert(std::slice::from_ref(fresh), now))
                .collect();
        }
        batch.iter().map(|fresh| (self.set_down(fresh, now), false)).collect()
    }

    fn insert_into_file(&mut self, batch: &[Fresh], now: Millis) -> Option<Vec<(Inserted, bool)>> {
        let is_in_memory = |fresh: &Fresh| self.memory.knows(&fresh.id);
        if batch.iter().any(is_in_memory) {
            return None;
        }
        let file = self.file.as_mut().filter(|file| file.trouble.is_none())?;
        for _ in 0..2 {
            let Some(answers) = file.write(|disk| disk.insert(batch, now)) else {
                // A damaged one has been replaced by now.
                if file.trouble.is_some() {
                    return None;
                }
                continue;
            };
            // Only now it is sure that the file is the one that others will find.
            if file.is_in_place() {
                return Some(answers.into_iter().map(|answer| (answer, true)).collect());
            }
            file.reopen(None);
            if file.is_whole() {
                // What was written to the former file is in this one.
                return Some(answers.into_iter().map(|answer| (answer, true)).collect());
            }
            return None;
        }
        None
    }

    /// Keeps a record in memory until the file takes it.
    fn set_down(&mut self, fresh: &Fresh, now: Millis) -> Inserted {
        // What it waits behind lies in the file, where it is found when the records move there.
        let ahead = fresh.opening.as_ref().and_then(Opening::behind);
        let is_astray = ahead.is_some_and(|id| !self.memory.knows(id));
        let resolved = self.memory.resolved(fresh);
        let fresh = if is_astray { fresh } else { &resolved };
        let disk = self.file.as_mut().and_then(|file| file.disk.as_mut());
        let (is_known, has_older) = disk.map_or((false, false), |disk| {
            // What cannot be read now is found when the records move to the file.
            let is_known = disk.knows(&fresh.id).unwrap_or(false);
            (is_known, disk.has_conversation(&fresh.conversation).unwrap_or(false))
        });
        if is_known {
            return Inserted::Known;
        }
        let is_new_here = !self.memory.has_conversation(&fresh.conversation);
        let inserted = self.memory.insert_one(fresh, now);
        if (has_older || is_astray) && is_new_here && inserted == Inserted::New {
            self.memory.block(&fresh.conversation);
        }
        inserted
    }

    fn keep(&mut self, fresh: &Fresh, now: Millis) -> Inserted {
        match self.memory.insert(std::slice::from_ref(fresh), now) {
            Ok(answers) => answers.first().copied().unwrap_or(Inserted::Full),
            Err(_) => Inserted::Full,
        }
    }

    /// Fills in a held record; says whether one of this id was held, and whether that is durable.
    pub(super) fn release(&mut self, fresh: &Fresh, now: Millis) -> Option<bool> {
        if self.memory.release(fresh, now).unwrap_or(false) {
            return Some(false);
        }
        let file = self.file.as_mut()?;
        match file.act(|disk| disk.release(fresh, now)) {
            Ok(is_released) => is_released.then_some(true),
            Err(_) => {
                self.releases.push(fresh.clone());
                Some(false)
            }
        }
    }

    /// Whether records go out from memory: not while they can move to the file soon, where other processes see that
    /// they are being sent.
    fn sends_from_memory(&self) -> bool {
        self.file.as_ref().is_none_or(File::is_out_of_reach)
    }

    /// Claims what is due.
    pub(super) fn claim(&mut self, limit: usize, now: Millis) -> Vec<(Place, Entry)> {
        let from_memory = match self.sends_from_memory() {
            true => self.memory.claim(limit, now).unwrap_or_default(),
            false => Vec::new(),
        };
        let mut claimed: Vec<_> =
            from_memory.into_iter().map(|entry| (Place::Memory, entry)).collect();
        let room = limit - claimed.len();
        if let Some(file) = self.file.as_mut().filter(|file| file.trouble.is_none() && room > 0) {
            let from_file = file.write(|disk| disk.claim(room, now)).unwrap_or_default();
            claimed.extend(from_file.into_iter().map(|entry| (Place::File, entry)));
        }
        claimed
    }

    /// When something is due next.
    pub(super) fn next_due(&mut self, now: Millis) -> Option<Millis> {
        let in_memory = match self.sends_from_memory() {
            true => self.memory.next_due(now).unwrap_or_default(),
            false => None,
        };
        let file = self.file.as_mut().filter(|file| file.trouble.is_none());
        let in_file = file.and_then(|file| file.write(|disk| disk.next_due(now))).flatten();
        in_memory.into_iter().chain(in_file).min()
    }

    pub(super) fn note_opening(
        &mut self,
        place: Place,
        entry: &Entry,
        now: Millis,
    ) -> Result<bool, Fault> {
        match (place, &mut self.file) {
            (Place::File, Some(file)) => file.act(|disk| disk.note_opening(entry, now)),
            _ => self.memory.note_opening(entry, now),
        }
    }

    /// Gives a claimed conversation its name; see [`Backend::open`].
    pub(super) fn open(
        &mut self,
        place: Place,
        entry: &Entry,
        name: &str,
        opening: &Opening,
        now: Millis,
    ) -> Result<Option<Entry>, Fault> {
        match (place, &mut self.file) {
            (Place::File, Some(file)) => file.act(|disk| disk.open(entry, name, opening, now)),
            _ => self.memory.open(entry, name, opening, now),
        }
    }

    /// Writes down what became of a record.
    pub(super) fn settle(
        &mut self,
        place: Place,
        entry: &Entry,
        change: &Change,
        now: Millis,
    ) -> Result<Settled, Fault> {
        match (place, &mut self.file) {
            (Place::File, Some(file)) => file.act(|disk| disk.settle(entry, change, now)),
            _ => self.memory.settle(entry, change, now),
        }
    }

    pub(super) fn give_back(&mut self, place: Place, conversation: &str, now: Millis) {
        // What cannot be given back ends with this process's presence.
        let _ = match (place, &mut self.file) {
            (Place::File, Some(file)) => file.act(|disk| disk.give_back(conversation, now)),
            _ => self.memory.give_back(conversation, now),
        };
    }

    /// Gives all conversations back whose deliveries a panic has ended.
    pub(super) fn give_all_back(&mut self, now: Millis) {
        let _ = self.memory.give_all_back(now);
        if let Some(file) = &mut self.file {
            // Where this cannot be written now, the claims end with this process.
            let _ = file.act(|disk| disk.give_all_back(now));
        }
    }

    /// How many records were delivered from there.
    pub(super) fn delivered(&mut self, place: Place) -> u64 {
        let counts = match (place, &mut self.file) {
            (Place::File, Some(file)) => file.act(Disk::counts),
            _ => self.memory.counts(),
        };
        counts.map_or(0, |counts| counts.delivered)
    }

    pub(super) fn books(&mut self) -> Books {
        let in_memory = self.memory.counts().unwrap_or_default();
        let Some(file) = &mut self.file else {
            return Books {
                now: in_memory,
                opening: Counts::default(),
                not_durable: 0,
                trouble: None,
                set_aside: Vec::new(),
            };
        };
        let (in_file, fault) = file.counts();
        Books {
            now: in_file.plus(in_memory),
            opening: file.opening,
            not_durable: in_memory.pending,
            trouble: file.report(fault.as_ref()),
            set_aside: file.set_aside.clone(),
        }
    }

    /// The numbers of the last records, in the file and in memory.
    pub(super) fn last(&mut self) -> (u64, u64) {
        let in_memory = self.memory.counts().map_or(0, |counts| counts.last_seq);
        let in_file = match self.file.as_mut().map(|file| file.act(Disk::counts)) {
            // What moves from memory to the file gets a new number there.
            Some(Ok(counts)) if self.memory.is_empty() => counts.last_seq,
            _ => i64::MAX as u64,
        };
        (in_file, in_memory)
    }

    /// Whether records wait that were taken no later than these.
    pub(super) fn is_waiting(&mut self, (in_file, in_memory): (u64, u64)) -> bool {
        self.memory.is_waiting(in_memory).unwrap_or(true)
            || self.file.as_mut().is_some_and(|file| file.is_waiting(in_file))
    }

    pub(super) fn pending(&mut self, limit: usize) -> Result<Vec<PendingRow>, Fault> {
        let in_memory = self.memory.pending(limit)?;
        let mut rows = match &mut self.file {
            Some(file) => file.act(|disk| disk.pending(limit))?,
            None => Vec::new(),
        };
        rows.extend(in_memory);
        rows.truncate(limit);
        Ok(rows)
    }

    pub(super) fn dead(&mut self, limit: usize) -> Result<Vec<DeadRow>, Fault> {
        let in_memory = self.memory.dead(limit)?;
        let mut rows = match &mut self.file {
            Some(file) => file.act(|disk| disk.dead(limit))?,
            None => Vec::new(),
        };
        rows.extend(in_memory);
        rows.truncate(limit);
        Ok(rows)
    }

    pub(super) fn requeue(&mut self, id: &str, now: Millis) -> Result<bool, Fault> {
        if self.memory.requeue(id, now)? {
            return Ok(true);
        }
        self.file.as_mut().map_or(Ok(false), |file| file.act(|disk| disk.requeue(id, now)))
    }

    pub(super) fn discard(&mut self, id: &str, now: Millis) -> Result<bool, Fault> {
        if self.memory.discard(id, now)? {
            return Ok(true);
        }
        self.file.as_mut().map_or(Ok(false), |file| file.act(|disk| disk.discard(id, now)))
    }

    /// Gets the file back to work, moves what waits in memory to it, and finds processes that died.
    pub(super) fn care(&mut self, now: Millis) {
        let Some(file) = &mut self.file else { return };
        file.look_after_place();
        if file.trouble.is_some() {
            file.probe();
        }
        if file.trouble.is_some() || file.disk.is_none() {
            return;
        }
        file.write(Disk::bury_the_dead);
        let is_waiting = |fresh: &Fresh| file.write(|disk| disk.release(fresh, now)).is_none();
        self.releases.retain(is_waiting);
        if !self.memory.is_empty() {
            let (moved, done) = (self.memory.movable(), self.memory.done());
            if file.write(|disk| disk.take_over(&moved, done, now)).is_some() {
                self.memory.forget(&moved);
            }
        }
    }

    /// The process ends in good order: what waits in memory moves to the file, if that can be written now.
    pub(super) fn leave(&mut self, now: Millis) {
        if self.needs_care().is_some() {
            let _ = self.memory.give_all_back(now);
            self.care(now);
        }
        if let Some(file) = &mut self.file {
            file.leave();
        }
    }
}

#[cfg(test)]
impl Room {
    /// The open file.
    pub(super) fn disk(&mut self) -> &mut Disk {
        self.file.as_mut().and_then(|file| file.disk.as_mut()).unwrap()
    }
}
