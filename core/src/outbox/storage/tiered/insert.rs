//! The choice of the tier for a new record.

use super::TieredBackend;
use crate::outbox::opening::Opening;
use crate::outbox::state::Millis;
use crate::outbox::storage::backend::Backend;
use crate::outbox::storage::rows::{Inserted, NewRecord, Tier};

impl TieredBackend {
    /// Inserts records into the file, or each into the tier that can store it.
    pub(super) fn insert_each(&mut self, batch: &[NewRecord], now: Millis) -> Vec<Inserted> {
        let stays_in_memory = |record: &NewRecord| {
            let ahead = record.opening.as_ref().and_then(Opening::behind);
            self.memory.has_conversation(&record.conversation)
                || ahead.is_some_and(|id| self.memory.knows(id))
        };
        if !batch.iter().any(stays_in_memory)
            && let Some(answers) = self.insert_into_file(batch, now)
        {
            return answers;
        }
        if batch.len() > 1 {
            let each = batch.iter().map(std::slice::from_ref);
            return each.flat_map(|record| self.insert_each(record, now)).collect();
        }
        batch.iter().map(|record| self.insert_into_memory(record, now)).collect()
    }

    fn insert_into_file(&mut self, batch: &[NewRecord], now: Millis) -> Option<Vec<Inserted>> {
        let is_in_memory = |record: &NewRecord| self.memory.knows(&record.id);
        if batch.iter().any(is_in_memory) || self.file.fault.is_some() {
            return None;
        }
        for _ in 0..2 {
            let Ok(answers) = self.file.act(|disk| disk.insert(batch, now)) else {
                // A damaged file has been replaced by now.
                if self.file.fault.is_some() {
                    return None;
                }
                continue;
            };
            // Only now is it certain that others will find this file.
            if self.file.is_in_place() {
                return Some(answers);
            }
            self.file.reopen(None);
            // A complete file contains everything that the former one contained.
            return self.file.is_whole().then_some(answers);
        }
        None
    }

    /// Keeps a record in memory until the file can be written.
    fn insert_into_memory(&mut self, record: &NewRecord, now: Millis) -> Inserted {
        // The record that this one waits behind is in the file, and is found when both are there.
        let ahead = record.opening.as_ref().and_then(Opening::behind);
        let is_astray = ahead.is_some_and(|id| !self.memory.knows(id));
        let resolved = self.memory.resolved(record);
        let record = if is_astray { record } else { &resolved };
        let (is_known, has_older) = self.file.disk.as_mut().map_or((false, false), |disk| {
            // The move of the records to the file makes up for a failed read.
            let is_known = disk.knows(&record.id).unwrap_or(false);
            (is_known, disk.has_conversation(&record.conversation).unwrap_or(false))
        });
        if is_known {
            return Inserted::Known(Tier::File);
        }
        let is_new_here = !self.memory.has_conversation(&record.conversation);
        let inserted = self.memory.insert_one(record, now);
        if (has_older || is_astray) && is_new_here && inserted == Inserted::New(Tier::Memory) {
            self.memory.block(&record.conversation);
        }
        inserted
    }
}
