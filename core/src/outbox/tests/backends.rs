//! The backends, made for a test, and records for them.

use std::path::{Path, PathBuf};

use crate::outbox::backend::{Backend, Entry, Fresh, Inserted};
use crate::outbox::memory::Memory;
use crate::outbox::sqlite::{Disk, OPENING_PATIENCE, Settings, real_path};
use crate::outbox::state::Trial;
use crate::outbox::{Delivery, Durability, OutboxLimits};

/// A directory that goes with the test.
pub(super) struct Scratch(tempfile::TempDir);

impl Scratch {
    pub(super) fn new() -> Self {
        Scratch(tempfile::tempdir().unwrap())
    }

    pub(super) fn file(&self) -> PathBuf {
        self.0.path().join("var").join("outbox.db")
    }
}

pub(super) fn limits() -> OutboxLimits {
    OutboxLimits { memory_records: 50, ..OutboxLimits::default() }
}

pub(super) fn delivery() -> Delivery {
    Delivery { remembered: 100, ..Delivery::default() }
}

pub(super) fn memory() -> Memory {
    Memory::new(limits(), &delivery())
}

pub(super) fn disk(path: &Path) -> Disk {
    let path = real_path(path).unwrap();
    let settings = Settings::new(&path, Durability::Os, &limits(), &delivery());
    Disk::open(&settings, OPENING_PATIENCE, &mut Vec::new()).unwrap()
}

/// Runs a check on every backend.
pub(super) fn on_each(check: impl Fn(&mut dyn Backend)) {
    check(&mut memory());
    let scratch = Scratch::new();
    check(&mut disk(&scratch.file()));
}

pub(super) fn fresh(conversation: &str, id: &str) -> Fresh {
    Fresh {
        id: id.into(),
        conversation: conversation.into(),
        user: None,
        payload: format!("{{\"text\":\"{id}\"}}"),
        is_held: false,
        has_tokens: false,
        trial: Trial::default(),
        opening: None,
    }
}

pub(super) fn put(backend: &mut dyn Backend, records: &[(&str, &str)], now: u64) {
    let batch: Vec<Fresh> = records.iter().map(|(name, id)| fresh(name, id)).collect();
    let answers = backend.insert(&batch, now).unwrap();
    assert!(answers.iter().all(|answer| *answer == Inserted::New), "{answers:?}");
}

pub(super) fn ids(entries: &[Entry]) -> Vec<&str> {
    entries.iter().map(|entry| entry.id.as_str()).collect()
}

/// The books balance.
pub(super) fn assert_balanced(backend: &mut dyn Backend) {
    let counts = backend.counts().unwrap();
    assert_eq!(
        counts.accepted,
        counts.delivered + counts.dead + counts.pending + counts.discarded,
        "{counts:?}"
    );
    let pending = backend.pending(usize::MAX >> 1).unwrap();
    assert_eq!(counts.pending, pending.len() as u64);
    assert_eq!(counts.dead, backend.dead(usize::MAX >> 1).unwrap().len() as u64);
    let held = pending.iter().filter(|row| row.state == crate::outbox::PendingState::Held).count();
    assert_eq!(counts.held, held as u64);
}
