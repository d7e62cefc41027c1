//! A file with faults: full, damaged, moved.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::backends::{Scratch, disk, new_record, put};
use super::stage::{Act, Script, Stage, record, refused};
use crate::error::ErrorKind;
use crate::outbox::Outbox;
use crate::outbox::storage::{Backend, Inserted, NewRecord, Tier};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn while_the_disk_is_full_records_wait_in_memory_and_go_out_from_there() {
    let (scratch, script) = (Scratch::new(), Script::default());
    script.on("old1", &[refused(SECOND), Act::Is(crate::outbox::Outcome::Delivered)]);
    let stage = Stage::file(&scratch.file(), &script);
    assert!(stage.put("old", "old1"));
    stage.until(10 * SECOND, |stage| stage.script.calls_of("old1") == 1).await;
    stage.shared.backend().disk().pretend_full(true);

    assert!(!stage.put("new", "new1"), "not durable");
    assert!(!stage.put("old", "old2"), "not durable");
    stage.until(SECOND, |stage| stage.script.delivered() == ["new1"]).await;
    let counters = stage.shared.backend().counters();
    assert!(counters.storage_error.is_some());
    assert_eq!((counters.now.pending, counters.not_durable), (2, 1));
    let inserted = stage.shared.insert(new_record("x", "old1"));
    assert_eq!(inserted, Inserted::Known(Tier::File), "what the file holds is still known");
    stage.pass(60 * SECOND).await;
    assert_eq!(script.delivered(), ["new1"], "older records of the conversation come first");

    stage.shared.backend().disk().pretend_full(false);
    stage.until_done().await;
    assert_eq!(script.delivered(), ["new1", "old1", "old2"]);
    assert!(stage.put("new", "new2"), "durable again");
    stage.until_done().await;
    let counters = stage.shared.backend().counters();
    assert_eq!((counters.now.delivered, counters.storage_error), (4, None));
    assert_eq!(script.notes(|notes| notes.counted.len()), 4);
}

#[tokio::test(start_paused = true)]
async fn a_delivery_that_cannot_be_written_down_is_not_repeated_but_written_down_later() {
    let (scratch, script) = (Scratch::new(), Script::default());
    script.otherwise(Some(Act::Takes(SECOND)));
    let stage = Stage::file(&scratch.file(), &script);
    stage.put("a", "a1");
    stage.put("a", "a2");
    stage.until(10 * SECOND, |stage| stage.script.calls_of("a1") == 1).await;
    stage.shared.backend().disk().pretend_full(true);
    stage.pass(60 * SECOND).await;
    assert_eq!(script.notes(|notes| (notes.calls.len(), notes.counted.len())), (1, 0));
    stage.shared.backend().disk().pretend_full(false);
    stage.until_done().await;
    stage.pass(SECOND).await;
    assert_eq!(script.delivered(), ["a1", "a2"]);
    assert_eq!(script.notes(|notes| notes.counted.clone()), ["a1", "a2"]);
}

#[tokio::test(start_paused = true)]
async fn a_held_record_is_released_once_the_file_can_be_written() {
    let (scratch, script) = (Scratch::new(), Script::default());
    let stage = Stage::file(&scratch.file(), &script);
    stage.put_record(NewRecord { is_held: true, ..new_record("new", "h1") });
    stage.shared.backend().disk().pretend_full(true);
    assert_eq!(stage.shared.backend().release(&new_record("ws", "h1"), 1), Ok(Some(Tier::Memory)));
    stage.pass(SECOND).await;
    assert_eq!(script.delivered(), [""; 0]);
    stage.shared.backend().disk().pretend_full(false);
    stage.until_done().await;
    assert_eq!(script.delivered(), ["h1"]);
}

#[tokio::test(start_paused = true)]
async fn a_release_without_a_held_record_is_a_new_record_also_while_the_file_cannot_be_written() {
    let (scratch, script) = (Scratch::new(), Script::default());
    let stage = Stage::file(&scratch.file(), &script);
    stage.shared.backend().disk().pretend_full(true);
    assert!(!stage.put("a", "a1"));
    let released = stage.shared.backend().release(&new_record("b", "b1"), 1);
    assert_eq!(released, Ok(None), "the caller enqueues it");
}

#[tokio::test(start_paused = true)]
async fn a_release_that_waits_is_delivered_though_the_held_record_is_discarded_meanwhile() {
    let (scratch, script) = (Scratch::new(), Script::default());
    let stage = Stage::file(&scratch.file(), &script);
    stage.put_record(NewRecord { is_held: true, ..new_record("new", "h1") });
    stage.shared.backend().disk().pretend_full(true);
    assert_eq!(stage.shared.backend().release(&new_record("ws", "h1"), 1), Ok(Some(Tier::Memory)));
    assert!(disk(&scratch.file()).discard("h1", 1).unwrap());
    stage.shared.backend().disk().pretend_full(false);
    stage.until(SECOND, |stage| stage.script.delivered() == ["h1"]).await;
}

#[tokio::test(start_paused = true)]
async fn while_another_process_hangs_in_a_write_records_wait_in_memory_and_then_move_to_the_file() {
    let (scratch, script) = (Scratch::new(), Script::default());
    let stage = Stage::file(&scratch.file(), &script);
    assert!(stage.put("a", "a01"));
    stage.until_done().await;
    let other = disk(&scratch.file());
    other.tamper("BEGIN IMMEDIATE");
    for n in 2..50 {
        assert!(!stage.put("a", &format!("a{n:02}")), "not durable");
        stage.pass(SECOND / 10).await;
    }
    assert_eq!(script.delivered(), ["a01"], "others must see that it is being sent");
    // An outbox that is opened now uses the file later.
    let late = Stage::file(&scratch.file(), &script);
    assert!(!late.put("b", "b1"));
    other.tamper("COMMIT");
    stage.until_done().await;
    late.until_done().await;
    assert!(stage.put("a", "a50") && late.put("b", "b2"), "durable again");
    stage.until_done().await;
    late.until_done().await;
    let delivered = script.delivered();
    let of = |name: &str| delivered.iter().filter(|id| id.starts_with(name)).count();
    assert_eq!((of("a"), of("b")), (50, 2));
    assert!(delivered.iter().filter(|id| id.starts_with('a')).is_sorted());
}

/// The renamed damaged files.
fn set_aside(path: &Path) -> Vec<PathBuf> {
    let directory = fs::read_dir(path.parent().unwrap()).unwrap();
    let all = directory.map(|claimed| claimed.unwrap().path());
    let is_aside = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        name.starts_with("outbox.db.damaged-") && !name.ends_with("-wal") && !name.ends_with("-shm")
    };
    all.filter(is_aside).collect()
}

/// A file with this many pending records, closed.
fn filled(path: &Path, records: usize) -> Vec<String> {
    let mut disk = disk(path);
    let ids: Vec<String> = (0..records).map(|n| format!("id-{n:05}")).collect();
    for id in &ids {
        put(&mut disk, &[("a", id)], 0);
    }
    disk.tamper("PRAGMA wal_checkpoint(TRUNCATE)");
    ids
}

#[tokio::test(start_paused = true)]
async fn what_is_no_database_is_set_aside_and_the_service_goes_on() {
    let (scratch, script) = (Scratch::new(), Script::default());
    let path = scratch.file();
    filled(&path, 3);
    let garbage = vec![0xA5; 20_000];
    fs::write(&path, &garbage).unwrap();
    let stage = Stage::file(&path, &script);
    assert!(stage.put("a", "new"), "durable, in a new file");
    stage.until_done().await;
    let aside = set_aside(&path);
    assert_eq!(fs::read(&aside[0]).unwrap(), garbage, "kept as it was");
    assert_eq!(stage.shared.backend().counters().set_aside, aside);
    assert_eq!(script.delivered(), ["new"]);
}

#[tokio::test(start_paused = true)]
async fn what_can_be_read_of_a_damaged_file_is_taken_over() {
    let (scratch, script) = (Scratch::new(), Script::default());
    let path = scratch.file();
    let ids = filled(&path, 2_000);
    let mut bytes = fs::read(&path).unwrap();
    let pages = bytes.len() / 4096;
    // A page in the middle, of the table or of an index.
    bytes[4096 * (pages / 2)..][..4096].fill(0xEE);
    fs::write(&path, &bytes).unwrap();
    let stage = Stage::file(&path, &script);
    stage.until_done().await;
    assert_eq!(set_aside(&path).len(), 1);
    let delivered = script.delivered();
    assert!(delivered.len() > 1_800, "{} of 2000", delivered.len());
    assert!(delivered.is_sorted() && delivered.iter().all(|id| ids.contains(id)));
    assert_eq!(stage.shared.backend().counters().at_open.pending, delivered.len() as u64);
}

#[test]
fn no_flipped_or_torn_byte_makes_it_panic_or_lose_what_is_readable() {
    let scratch = Scratch::new();
    let original = scratch.file();
    filled(&original, 40);
    let sound = fs::read(&original).unwrap();
    let mut random = fastrand::Rng::with_seed(7);
    let mut survivors = 0;
    for round in 0..200 {
        let path = original.with_file_name(format!("{round}.db"));
        let mut bytes = sound.clone();
        if round % 4 == 0 {
            bytes.truncate(random.usize(..bytes.len()));
        } else {
            for _ in 0..random.usize(1..40) {
                let at = random.usize(..bytes.len());
                bytes[at] = random.u8(..);
            }
        }
        fs::write(&path, &bytes).unwrap();
        let Ok(outbox) = Outbox::open(&path) else { continue };
        let receipt = outbox.enqueue(record("b", "new")).unwrap();
        let stats = outbox.stats();
        let gone = stats.delivered + stats.dead + stats.discarded;
        assert_eq!(stats.accepted + stats.recovered, gone + stats.pending, "{stats:?}");
        assert!(receipt.durable || stats.storage_error.is_some(), "{round}: {stats:?}");
        survivors += u64::from(stats.pending > 1);
    }
    assert!(survivors > 50, "{survivors}");
}

#[tokio::test(start_paused = true)]
async fn a_file_that_another_process_set_aside_is_left_for_the_new_one() {
    let (scratch, script) = (Scratch::new(), Script::default());
    script.otherwise(Some(Act::Hangs));
    let path = scratch.file();
    let stage = Stage::file(&path, &script);
    assert!(stage.put("a", "a1"));
    for part in ["", "-wal", "-shm"] {
        let from = format!("{}{part}", path.display());
        fs::rename(&from, format!("{}.damaged-1{part}", path.display())).unwrap();
    }
    assert!(stage.put("b", "b1"), "durable in the file that others will find");
    let found = disk(&path).pending(9).unwrap();
    let found: Vec<_> = found.iter().map(|row| row.id.as_str()).collect();
    assert_eq!(found, ["a1", "b1"], "with what the former one held");
}

#[test]
fn files_that_are_not_ours_are_refused_and_left_alone() {
    let scratch = Scratch::new();
    let path = scratch.file();
    let directory = path.parent().unwrap();
    fs::create_dir_all(directory).unwrap();
    let refusal = |path: &Path| {
        let error = Outbox::open(path).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Storage);
        error.to_string()
    };
    assert!(refusal(directory).contains("is a directory"), "{}", refusal(directory));

    let later = directory.join("later.db");
    disk(&later).tamper("PRAGMA user_version = 99");
    assert!(refusal(&later).contains("later version"), "{}", refusal(&later));
    let other = directory.join("other.db");
    disk(&other).tamper("PRAGMA application_id = 1");
    assert!(refusal(&other).contains("another program's"), "{}", refusal(&other));
    assert!(other.exists() && later.exists());

    fs::write(directory.join("plain"), "text").unwrap();
    let below = directory.join("plain/outbox.db");
    assert!(refusal(&below).contains("plain"), "{}", refusal(&below));
}

#[cfg(unix)]
#[test]
fn file_and_directory_are_their_owners_alone() {
    use std::os::unix::fs::PermissionsExt;

    let scratch = Scratch::new();
    let path = scratch.file();
    let outbox = Outbox::open(&path).unwrap();
    outbox.enqueue(record("a", "a1")).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    for claimed in fs::read_dir(path.parent().unwrap()).unwrap() {
        let path = claimed.unwrap().path();
        let expected = if path.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode(&path), expected, "{}", path.display());
    }
}
