//! Backends and records for tests.

use std::path::{Path, PathBuf};

use crate::outbox::state::AttemptState;
use crate::outbox::storage::Memory;
use crate::outbox::storage::{Backend, ClaimedRecord, Inserted, NewRecord};
use crate::outbox::storage::{Disk, FileSettings, TieredBackend};
use crate::outbox::{Delivery, Durability, OutboxLimits};
use crate::sqlite::{OPENING_PATIENCE, real_path};

/// A directory that is removed after the test.
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
    let settings = FileSettings::new(&path, Durability::Os, &limits(), &delivery());
    Disk::open(&settings, OPENING_PATIENCE, &mut Vec::new()).unwrap()
}

pub(super) fn tiered(path: &Path) -> TieredBackend {
    let settings = FileSettings::new(path, Durability::Os, &limits(), &delivery());
    TieredBackend::open(memory(), settings).unwrap()
}

/// Runs a check on every backend; for the tiers, on the file, and on memory while the file cannot be written.
pub(super) fn on_each(check: impl Fn(&mut dyn Backend)) {
    check(&mut memory());
    check(&mut disk(&Scratch::new().file()));
    check(&mut tiered(&Scratch::new().file()));
    let scratch = Scratch::new();
    let mut full = tiered(&scratch.file());
    full.disk().pretend_full(true);
    check(&mut full);
}

/// The results of an insertion, regardless of the tier.
pub(super) fn words(answers: &[Inserted]) -> Vec<&'static str> {
    let word = |answer: &Inserted| match answer {
        Inserted::New(_) => "new",
        Inserted::Known(_) => "known",
        Inserted::Full => "full",
    };
    answers.iter().map(word).collect()
}

pub(super) fn new_record(conversation: &str, id: &str) -> NewRecord {
    NewRecord {
        id: id.into(),
        conversation: conversation.into(),
        user: None,
        payload: format!("{{\"text\":\"{id}\"}}"),
        is_held: false,
        has_tokens: false,
        attempt: AttemptState::default(),
        opening: None,
    }
}

pub(super) fn put(backend: &mut dyn Backend, records: &[(&str, &str)], now: u64) {
    let batch: Vec<NewRecord> = records.iter().map(|(name, id)| new_record(name, id)).collect();
    let answers = backend.insert(&batch, now).unwrap();
    assert!(answers.iter().all(|answer| matches!(answer, Inserted::New(_))), "{answers:?}");
}

pub(super) fn ids(entries: &[ClaimedRecord]) -> Vec<&str> {
    entries.iter().map(|claimed| claimed.id.as_str()).collect()
}

/// The counts balance.
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
