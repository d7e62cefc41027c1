//! Processes on one file and their registrations; an outbox after its end.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use super::backends::{Scratch, disk, new_record, tiered, words};
use super::stage::{Act, Script, Stage, dead, record};
#[cfg(feature = "bridge")]
use crate::outbox::shared::Phase;
use crate::outbox::storage::{Backend, TieredBackend};
use crate::outbox::{Outbox, Outcome};

const SECOND: Duration = Duration::from_secs(1);

fn lock_files(scratch: &Scratch) -> PathBuf {
    scratch.file().with_extension("db.processes")
}

#[tokio::test(start_paused = true)]
async fn a_lock_file_that_is_cleaned_away_is_renewed_and_no_other_process_delivers_meanwhile() {
    for whole_directory in [false, true] {
        let scratch = Scratch::new();
        let (slow, idle) = (Script::default(), Script::default());
        slow.otherwise(Some(Act::Takes(60 * SECOND)));
        let one = Stage::file(&scratch.file(), &slow);
        let other = Stage::file(&scratch.file(), &idle);
        assert!(one.put("a", "a1") && one.put("a", "a2"));
        one.until(10 * SECOND, |stage| stage.script.calls_of("a1") == 1).await;
        for _ in 0..3 {
            if whole_directory {
                fs::remove_dir_all(lock_files(&scratch)).unwrap();
            } else {
                for file in fs::read_dir(lock_files(&scratch)).unwrap() {
                    fs::remove_file(file.unwrap().path()).unwrap();
                }
            }
            other.pass(10 * SECOND).await;
        }
        one.until_done().await;
        assert_eq!(slow.delivered(), ["a1", "a2"]);
        assert_eq!(idle.notes(|notes| notes.calls.len()), 0);
        assert_eq!(
            fs::read_dir(lock_files(&scratch)).unwrap().count(),
            2,
            "both have a lock file again"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_process_that_was_taken_for_dead_registers_again_and_keeps_what_it_sends() {
    let (scratch, script) = (Scratch::new(), Script::default());
    script.otherwise(Some(Act::Takes(10 * SECOND)));
    let stage = Stage::file(&scratch.file(), &script);
    assert!(stage.put("a", "a1") && stage.put("a", "a2"));
    stage.until(10 * SECOND, |stage| stage.script.calls_of("a1") == 1).await;
    // Another process considers this one dead.
    stage
        .shared
        .backend()
        .disk()
        .tamper("DELETE FROM process; UPDATE conversation SET lease = NULL, due_at = 0, owner = 0");
    stage.pass(5 * SECOND).await;
    let mut other = disk(&scratch.file());
    assert!(other.claim(9, 1 << 40).unwrap().is_empty(), "it is claimed again");
    stage.until_done().await;
    assert_eq!(script.delivered(), ["a1", "a2"]);
    assert_eq!(script.notes(|notes| (notes.calls.len(), notes.most_at_once)), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn a_name_in_the_file_never_becomes_the_path_of_another_file() {
    let (scratch, script) = (Scratch::new(), Script::default());
    let stage = Stage::file(&scratch.file(), &script);
    assert!(stage.put("a", "a1"));
    let victim = scratch.file().with_file_name("victim");
    fs::write(&victim, "mine").unwrap();
    let absolute = victim.display().to_string();
    for name in ["../victim", "../../var/victim", &absolute, "", ".", "..", "repair"] {
        let sql = format!("INSERT INTO process (name) VALUES ('{name}')");
        stage.shared.backend().disk().tamper(&sql);
    }
    fs::write(lock_files(&scratch).join("repair"), "mine").unwrap();
    stage.pass(10 * SECOND).await;
    assert!(victim.exists() && lock_files(&scratch).join("repair").exists());
    assert!(!stage.shared.backend().has_company(), "such a process is none");
}

#[tokio::test(start_paused = true)]
async fn while_a_stopped_process_holds_the_file_new_records_are_delivered_from_memory() {
    let (scratch, script) = (Scratch::new(), Script::default());
    let stage = Stage::file(&scratch.file(), &script);
    script.on("old1", &[Act::Is(Outcome::NeedsToken)]);
    assert!(stage.put("old", "old1"));
    stage.until(10 * SECOND, |stage| stage.script.calls_of("old1") == 1).await;
    stage.pass(SECOND).await;
    let other = disk(&scratch.file());
    other.tamper("BEGIN IMMEDIATE");
    assert!(!stage.put("new", "new1") && !stage.put("old", "old2"), "not durable");
    stage.pass(4 * SECOND).await;
    assert_eq!(script.delivered(), [""; 0], "the other process may be done soon");
    stage.pass(3 * SECOND).await;
    assert!(!stage.put("new", "new2"));
    stage.until(SECOND, |stage| stage.script.delivered() == ["new1", "new2"]).await;
    assert!(stage.counters().1.unwrap().contains("has held the file for"));
    // A process that starts now delivers as well.
    let late = Stage::file(&scratch.file(), &script);
    assert!(!late.put("late", "late1"));
    late.until(10 * SECOND, |stage| stage.script.delivered().contains(&"late1".into())).await;
    assert_eq!(script.calls_of("old2"), 0, "older records of its conversation lie in the file");
    other.tamper("COMMIT");
    stage.pass(2 * SECOND).await;
    assert!(stage.put("new", "new3") && late.put("late", "late2"), "durable again");
    assert_eq!((stage.counters().1, late.counters().1), (None, None));
}

#[tokio::test(start_paused = true)]
async fn a_paused_machine_makes_no_process_dead_and_no_file_unreachable() {
    let scratch = Scratch::new();
    let (mut one, other) = (tiered(&scratch.file()), disk(&scratch.file()));
    other.tamper("BEGIN IMMEDIATE");
    assert_eq!(words(&one.insert(&[new_record("a", "a1")], 0).unwrap()), ["new"]);
    let is_held = |one: &mut TieredBackend| {
        let said = one.counters().storage_error;
        said.is_some_and(|said| said.contains("has held the file for"))
    };
    for (pause, looks) in [(20 * SECOND, 1), (SECOND, 3), (SECOND, 3)] {
        assert!(!is_held(&mut one));
        for _ in 0..looks {
            tokio::time::advance(pause).await;
            one.maintain(0);
        }
    }
    assert!(is_held(&mut one));
    other.tamper("COMMIT");
    drop(other);
    // A process that never recreates its lock file.
    one.disk().tamper("INSERT INTO process (name) VALUES ('67e55044-10b1-426f-9247-bb680e5fe0c8')");
    for (pause, looks) in [(SECOND, 1), (20 * SECOND, 1), (SECOND, 2), (SECOND, 1)] {
        one.maintain(0);
        assert!(one.has_company());
        for _ in 0..looks {
            tokio::time::advance(pause).await;
            one.maintain(0);
        }
    }
    assert!(!one.has_company());
}

#[tokio::test]
async fn an_outbox_can_be_looked_at_after_its_end() {
    let (scratch, script) = (Scratch::new(), Script::default());
    script.on("bad", &[dead(), Act::Is(Outcome::Delivered)]).on("waits", &[Act::Hangs]);
    let start = || Outbox::builder().path(scratch.file()).sink(script.clone()).start().unwrap();
    let outbox = start();
    for id in ["good", "bad", "waits"] {
        outbox.enqueue(record(id, id)).unwrap();
    }
    let report = outbox.shutdown(Duration::from_millis(300)).await;
    assert_eq!((report.delivered, report.dead, report.pending), (1, 1, 1));
    for _ in 0..2 {
        let stats = outbox.stats();
        assert_eq!(
            (stats.accepted, stats.delivered, stats.dead, stats.pending),
            (3, 1, 1, 1),
            "{stats:?}"
        );
        assert_eq!((stats.accepted_here, stats.delivered_here, stats.dead_here), (3, 1, 1));
        assert_eq!((stats.storage_error, stats.not_durable), (None, 0));
        assert_eq!(outbox.pending().unwrap()[0].id, "waits");
        assert_eq!(outbox.dead_letters().unwrap()[0].id, "bad");
    }
    assert!(outbox.requeue("bad").unwrap() && !outbox.requeue("bad").unwrap());
    assert!(outbox.discard("waits").unwrap());
    assert_eq!(
        fs::read_dir(lock_files(&scratch)).unwrap().count(),
        0,
        "reading leaves no lock file"
    );

    let next = start();
    assert_eq!(next.flush(10 * SECOND).await.delivered, 1);
    let (before, now) = (outbox.stats(), next.stats());
    assert_eq!((before.delivered, before.delivered_here, before.discarded), (2, 1, 1));
    assert_eq!((now.accepted, now.accepted_here, now.delivered_here, now.pending), (0, 0, 1, 0));
    fs::remove_file(scratch.file()).unwrap();
    assert!(outbox.pending().unwrap_err().to_string().contains("the file was removed"));
}

#[tokio::test]
async fn what_waits_in_memory_is_in_the_file_after_the_end() {
    let (scratch, script) = (Scratch::new(), Script::default());
    script.otherwise(Some(Act::Hangs));
    let other = disk(&scratch.file());
    let outbox = Outbox::builder().path(scratch.file()).sink(script).start().unwrap();
    other.tamper("BEGIN IMMEDIATE");
    assert!(!outbox.enqueue(record("a", "a1")).unwrap().durable);
    other.tamper("COMMIT");
    outbox.shutdown(Duration::ZERO).await;
    assert_eq!((outbox.stats().pending, outbox.stats().not_durable), (1, 0));
    assert_eq!(disk(&scratch.file()).pending(9).unwrap()[0].id, "a1");
}

#[cfg(feature = "bridge")]
#[tokio::test]
async fn an_outbox_in_a_file_that_is_left_delivers_nothing_after_its_last_handle() {
    for (in_file, is_left) in [(true, false), (true, true), (false, true)] {
        let (scratch, script) = (Scratch::new(), Script::default());
        script.otherwise(Some(Act::Hangs));
        let mut builder = Outbox::builder().lingering().sink(script.clone());
        if in_file {
            builder = builder.path(scratch.file());
        }
        let outbox = builder.start().unwrap();
        outbox.enqueue(record("a", "a1")).unwrap();
        if is_left {
            outbox.leave_when_dropped();
        }
        let shared = outbox.shared().unwrap();
        drop(outbox);
        let lingers = shared.phase() == Phase::Lingering;
        assert_eq!(lingers, !(in_file && is_left), "in a file: {in_file}, left: {is_left}");
        shared.advance(Phase::Stopped);
    }
}
