//! The file of an outbox as a place that the command inspects.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::rows;
use super::source::{Counts, Source, Unopened};
use super::table::Table;
use crate::error::Result;
use crate::outbox::{DeadLetter, Outbox, PendingRecord};

pub(super) struct File(PathBuf, Outbox);

/// Opens an existing outbox: an inspection must not create one.
pub(super) fn open(file: &Path) -> std::result::Result<File, Unopened> {
    let refused = |why: &str| Unopened::Refused(format!("no outbox: {} {why}", file.display()));
    if !file.exists() {
        return Err(refused("is not there; --file says where it is"));
    }
    // The library would make an outbox of it. One that another process creates now has a log beside it.
    let log =
        file.with_file_name(format!("{}-wal", file.file_name().unwrap_or_default().display()));
    if fs::metadata(file).is_ok_and(|found| found.is_file() && found.len() == 0) && !log.exists() {
        return Err(refused("is empty; --file says where the outbox is"));
    }
    Ok(File(file.to_owned(), Outbox::open(file)?))
}

impl Source for File {
    fn place(&self) -> String {
        self.0.display().to_string()
    }

    fn set_aside(&self) -> Vec<PathBuf> {
        self.1.stats().set_aside
    }

    fn counts(&self) -> Result<Counts> {
        let stats = self.1.stats();
        Ok(Counts { pending: stats.pending, dead: stats.dead })
    }

    fn pending(&self) -> Result<Vec<PendingRecord>> {
        self.1.pending()
    }

    fn dead_letters(&self) -> Result<Vec<DeadLetter>> {
        self.1.dead_letters()
    }

    fn requeue(&self, id: &str) -> Result<bool> {
        self.1.requeue(id)
    }

    fn discard(&self, id: &str) -> Result<bool> {
        self.1.discard(id)
    }

    fn is_on_its_way(&self, _id: &str) -> Result<bool> {
        Ok(false)
    }

    fn status(&self) -> Result<Table> {
        let stats = self.1.stats();
        let mut table = Table::new(&["outbox", &self.place()]);
        table.add(rows::counter("pending", stats.pending));
        table.add(rows::counter("  of them held", stats.held));
        let pending = self.pending()?.into_iter();
        if let Some(oldest) = pending.map(|record| record.accepted_at).min() {
            table.add(rows::oldest(oldest));
        }
        table.add(rows::counter("dead letters", stats.dead));
        if let Some(error) = stats.storage_error {
            table.add(vec!["trouble".to_owned(), error]);
        }
        Ok(table)
    }

    fn status_json(&self) -> Result<Value> {
        let stats = self.1.stats();
        let set_aside: Vec<_> = stats.set_aside.iter().map(|path| path.to_string_lossy()).collect();
        Ok(json!({
            "file": self.0.to_string_lossy(), "pending": stats.pending, "held": stats.held, "dead": stats.dead,
            "storageError": stats.storage_error, "setAside": set_aside,
        }))
    }
}
