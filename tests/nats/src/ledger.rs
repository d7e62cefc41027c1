//! The comparison of what publishers accepted with what the store has, record by record.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use serde_json::Value;
use turnwire::ChatStore;
use turnwire::outbox::{Outcome, Record, Sink};
use turnwire_fakes::Stored;

use crate::records;

/// A file to which all couriers of a run append the id of each record that they count.
#[derive(Clone, Debug)]
pub struct Journal(Arc<File>);

impl Journal {
    /// Opens the file, or creates it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn open(path: &Path) -> Result<Self> {
        let file = File::options().append(true).create(true).open(path);
        Ok(Self(Arc::new(file.with_context(|| format!("opening {}", path.display()))?)))
    }

    /// The ids in the file, in the order in which they were counted.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(path: &Path) -> Result<Vec<String>> {
        let text = fs::read_to_string(path);
        let text = text.with_context(|| format!("reading {}", path.display()))?;
        Ok(text.lines().map(str::to_owned).collect())
    }

    /// A sink that delivers to the store, and notes each count before it is made.
    #[must_use]
    pub fn noting(&self, store: ChatStore) -> Noting {
        Noting { journal: self.clone(), store }
    }
}

/// A store whose counts are noted.
#[derive(Debug)]
pub struct Noting {
    journal: Journal,
    store: ChatStore,
}

#[turnwire::async_trait]
impl Sink for Noting {
    async fn deliver(&self, record: &Record) -> Outcome {
        self.store.deliver(record).await
    }

    async fn delivered(&self, record: &Record) {
        // One write of a short line, which no other process can split.
        let line = format!("{}\n", record.id());
        let written = (&*self.journal.0).write_all(line.as_bytes());
        assert!(written.is_ok(), "the journal cannot be written: {written:?}");
        self.store.delivered(record).await;
    }
}

/// The result of a comparison, in records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Records that were accepted.
    pub records: usize,
    /// Accepted records that the store does not have.
    pub lost: usize,
    /// Messages of the store that nobody accepted, or whose content is not the accepted one. The store keeps one for each id, so that
    /// none can be there twice.
    pub wrong: usize,
    /// Records that were counted more than once.
    pub counted_twice: usize,
    /// Records that were saved for the first time after a later one of their conversation.
    pub out_of_order: usize,
    /// Saves of a record after a later one of its conversation was saved. An upsert makes them harmless, unless the later
    /// one changes the same message.
    pub repeated_late: usize,
    /// Further saves of a record before the next one of its conversation.
    pub repeated: usize,
    /// Records that were never counted.
    pub uncounted: usize,
}

impl Verdict {
    /// Compares the accepted ids with the store and with the ids that were counted.
    #[must_use]
    pub fn of(accepted: &HashSet<String>, stored: &Stored, counted: &[String]) -> Self {
        let mut verdict = Self { records: accepted.len(), ..Self::default() };
        let mut missing: HashSet<&str> = accepted.iter().map(String::as_str).collect();
        for row in &stored.messages {
            let id = row.message.get("msgId").and_then(Value::as_str);
            let is_accepted = id.is_some_and(|id| missing.remove(id));
            let expected = id.and_then(records::parsed);
            let is_right = expected.is_some_and(|(conversation, place)| {
                row.message == *records::record(conversation, place).payload()
            });
            verdict.wrong += usize::from(!(is_accepted && is_right));
        }
        verdict.lost = missing.len();

        let mut counts: HashMap<&str, usize> = HashMap::new();
        for id in counted {
            *counts.entry(id).or_default() += 1;
        }
        verdict.counted_twice = counts.values().filter(|count| **count > 1).count();
        verdict.uncounted = accepted.iter().filter(|id| !counts.contains_key(id.as_str())).count();

        let mut seen: HashSet<&str> = HashSet::new();
        let mut furthest: HashMap<&str, usize> = HashMap::new();
        for id in &stored.saves {
            let Some((conversation, place)) = records::parsed(id) else { continue };
            let furthest = furthest.entry(conversation).or_default();
            let is_late = place < *furthest;
            *furthest = place.max(*furthest);
            let number = match (seen.insert(id), is_late) {
                (true, false) => continue,
                (true, true) => &mut verdict.out_of_order,
                (false, true) => &mut verdict.repeated_late,
                (false, false) => &mut verdict.repeated,
            };
            *number += 1;
        }
        verdict
    }

    /// True if nothing is lost, wrong, counted twice or out of order.
    #[must_use]
    pub fn is_good(&self) -> bool {
        [self.lost, self.wrong, self.counted_twice, self.out_of_order].iter().all(|n| *n == 0)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} records: {} lost, {} wrong, {} counted twice, {} out of order; {} repeated, {} of them late; {} not counted",
            self.records,
            self.lost,
            self.wrong,
            self.counted_twice,
            self.out_of_order,
            self.repeated + self.repeated_late,
            self.repeated_late,
            self.uncounted
        )
    }
}

#[cfg(test)]
mod tests {
    use turnwire_fakes::FakeStore;

    use super::*;

    /// A store to which these ids were saved, in this order, one of them with another text.
    async fn stored(ids: &[&str], altered: Option<&str>) -> Stored {
        let store = FakeStore::start().await.unwrap();
        store.add_workspace("c", "u");
        let login = store.login("u");
        let client = ChatStore::new(store.url()).unwrap();
        let tokens = turnwire::credentials::Tokens::new(login.access, login.refresh);
        for id in ids {
            let (conversation, place) = records::parsed(id).unwrap();
            let message = match altered == Some(*id) {
                true => records::message(conversation, id, "안녕"),
                false => records::record(conversation, place).payload().clone(),
            };
            let record = Record::new("c", *id, message).tokens(tokens.clone());
            assert_eq!(client.deliver(&record).await, Outcome::Delivered, "{id}");
        }
        store.stored()
    }

    fn accepted(places: std::ops::Range<usize>) -> HashSet<String> {
        places.map(|place| records::id("c", place)).collect()
    }

    #[tokio::test]
    async fn a_run_without_a_fault_is_good() {
        let ids = ["c-000000", "c-000001", "c-000002"];
        let verdict =
            Verdict::of(&accepted(0..3), &stored(&ids, None).await, &ids.map(str::to_owned));
        assert_eq!(verdict, Verdict { records: 3, ..Verdict::default() });
        assert!(verdict.is_good());
    }

    #[tokio::test]
    async fn each_fault_has_its_number() {
        let saves = ["c-000000", "c-000000", "c-000002", "c-000001", "c-000000", "c-000009"];
        let counted = ["c-000000", "c-000000", "c-000001"].map(str::to_owned);
        let stored = stored(&saves, Some("c-000002")).await;
        let verdict = Verdict::of(&accepted(0..4), &stored, &counted);
        let expected = Verdict {
            records: 4,
            lost: 1,
            wrong: 2,
            counted_twice: 1,
            out_of_order: 1,
            repeated_late: 1,
            repeated: 1,
            uncounted: 2,
        };
        assert_eq!(verdict, expected);
        assert!(!verdict.is_good());
    }

    #[test]
    fn the_journal_keeps_what_was_noted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("counted");
        for _ in 0..2 {
            let journal = Journal::open(&path).unwrap();
            (&*journal.0).write_all(b"c-000000\n").unwrap();
        }
        assert_eq!(Journal::read(&path).unwrap(), ["c-000000", "c-000000"]);
    }
}
