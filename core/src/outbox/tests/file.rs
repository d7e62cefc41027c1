//! An outbox in a file: records survive a process, and processes share it.

use std::time::Duration;

use super::backends::{Scratch, disk, new_record, put};
use super::stage::{Act, Script, Stage, dead, unreachable};
use crate::outbox::storage::{Backend, Inserted, NewRecord, Tier};
use crate::outbox::storage::{Disk, FileSettings};
use crate::outbox::{Delivery, Durability, OutboxLimits, Outcome, PendingState};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn what_a_killed_process_left_is_delivered_by_the_next() {
    let (scratch, script) = (Scratch::new(), Script::default());
    script.otherwise(Some(Act::Hangs));
    let stage = Stage::file(&scratch.file(), &script);
    for id in ["a1", "a2"] {
        assert!(stage.put("a", id), "durable");
    }
    assert!(stage.put("b", "b1"));
    stage.until(SECOND, |stage| stage.script.notes(|notes| notes.calls.len() == 2)).await;
    stage.kill().await;

    script.otherwise(None);
    let stage = Stage::file(&scratch.file(), &script);
    let took = stage.until_done().await;
    assert!(took < SECOND, "{took:?}");
    let mut delivered = script.delivered();
    delivered.sort();
    assert_eq!(delivered, ["a1", "a2", "b1"]);
    assert_eq!(stage.counters().0.delivered, 3);
    stage.stop().await;
    let left = std::fs::read_dir(scratch.file().with_extension("db.processes")).unwrap().count();
    assert_eq!(left, 0, "no lock file is left behind");
}

#[tokio::test(start_paused = true)]
async fn what_a_dead_process_was_sending_is_taken_up_by_a_living_one() {
    let scratch = Scratch::new();
    let (dying, living) = (Script::default(), Script::default());
    dying.otherwise(Some(Act::Hangs));
    let one = Stage::file(&scratch.file(), &dying);
    one.put("a", "a1");
    one.until(10 * SECOND, |stage| stage.script.calls_of("a1") == 1).await;
    let other = Stage::file(&scratch.file(), &living);
    other.put("a", "a2");
    other.pass(60 * SECOND).await;
    assert_eq!(living.notes(|notes| notes.calls.len()), 0, "the first one has it in hand");
    one.kill().await;
    let took = other.until_done().await;
    assert!(took < 2 * SECOND, "{took:?}");
    assert_eq!(living.delivered(), ["a1", "a2"]);
}

#[tokio::test(start_paused = true)]
async fn processes_on_one_file_keep_the_order_and_send_one_at_a_time() {
    let (scratch, script) = (Scratch::new(), Script::default());
    // The sink acts as one service: it fails the test when two records of a conversation arrive concurrently.
    script.otherwise(Some(Act::Takes(SECOND / 100)));
    let stages: Vec<_> = (0..3).map(|_| Stage::file(&scratch.file(), &script)).collect();
    for n in 0..60 {
        let name = format!("{}", n % 4);
        stages[n % 3].put(&name, &format!("{name}-{n:03}"));
        stages[0].pass(SECOND / 300).await;
    }
    for stage in &stages {
        stage.until_done().await;
    }
    let delivered = script.delivered();
    assert_eq!(delivered.len(), 60);
    for name in ["0-", "1-", "2-", "3-"] {
        let own: Vec<_> = delivered.iter().filter(|id| id.starts_with(name)).collect();
        assert!(own.is_sorted(), "{own:?}");
    }
}

#[test]
fn a_new_file_can_be_opened_by_many_at_once() {
    let scratch = Scratch::new();
    for round in 0..100 {
        let path = scratch.file().with_file_name(format!("{round}.db"));
        std::thread::scope(|scope| {
            for opener in 0..4 {
                let path = &path;
                scope.spawn(move || {
                    let mut disk = disk(path);
                    put(&mut disk, &[("a", &opener.to_string())], 0);
                });
            }
        });
        assert_eq!(disk(&path).pending(9).unwrap().len(), 4, "round {round}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_process_that_knows_the_tokens_delivers_while_it_lives() {
    let scratch = Scratch::new();
    let (knowing, other) = (Script::default(), Script::default());
    let one = Stage::file(&scratch.file(), &knowing);
    let two = Stage::file(&scratch.file(), &other);
    for n in 0..20 {
        one.put_with(&n.to_string(), &n.to_string(), "user", "token");
    }
    two.until_done().await;
    assert_eq!(other.notes(|notes| notes.calls.len()), 0);
    let calls = knowing.notes(|notes| notes.calls.clone());
    assert!(calls.iter().all(|(_, token)| token.as_deref() == Some("token")));
}

#[tokio::test(start_paused = true)]
async fn fresh_tokens_that_come_to_another_process_serve_the_record_that_waits() {
    let scratch = Scratch::new();
    let (first, second) = (Script::default(), Script::default());
    first.otherwise(Some(Act::Is(Outcome::NeedsToken)));
    let one = Stage::file(&scratch.file(), &first);
    one.put_with("a", "a1", "user", "stale");
    one.until(10 * SECOND, |stage| stage.script.calls_of("a1") == 1).await;
    let two = Stage::file(&scratch.file(), &second);
    two.put_with("a", "a2", "user", "record");
    two.until(3 * SECOND, |stage| stage.counters().0.pending == 0).await;
    assert_eq!(second.delivered(), ["a1", "a2"]);
    let calls = second.notes(|notes| notes.calls.clone());
    assert!(calls.iter().all(|(_, token)| token.as_deref() == Some("record")), "{calls:?}");
}

#[tokio::test(start_paused = true)]
async fn tokens_are_never_written() {
    let (scratch, script) = (Scratch::new(), Script::default());
    script.otherwise(Some(unreachable()));
    let stage = Stage::file(&scratch.file(), &script);
    stage.put_with("a", "a1", "user", "tok-4711");
    stage.pass(10 * SECOND).await;
    stage.shared.backend().disk().tamper("PRAGMA wal_checkpoint(TRUNCATE)");
    let text = std::fs::read(scratch.file()).unwrap();
    let holds = |needle: &[u8]| text.windows(needle.len()).any(|window| window == needle);
    assert!(holds(b"user") && !holds(b"tok-4711") && !holds(b"refresh"));
}

#[tokio::test(start_paused = true)]
async fn a_delivered_record_is_counted_once_though_processes_die() {
    let (scratch, script) = (Scratch::new(), Script::default());
    for n in 0..10 {
        let stage = Stage::file(&scratch.file(), &script);
        let inserted = stage.shared.insert(new_record("a", "a1"));
        assert_eq!(
            inserted,
            if n == 0 { Inserted::New(Tier::File) } else { Inserted::Known(Tier::File) }
        );
        stage.shared.wake_if_idle();
        stage.until_done().await;
        stage.pass(SECOND).await;
        stage.kill().await;
    }
    assert_eq!(script.notes(|notes| notes.counted.clone()), ["a1"]);
}

#[tokio::test(start_paused = true)]
async fn dead_letters_and_held_records_survive_a_process() {
    let (scratch, script) = (Scratch::new(), Script::default());
    script.on("a1", &[dead()]);
    let stage = Stage::file(&scratch.file(), &script);
    stage.put("a", "a1");
    stage.put_record(NewRecord { is_held: true, ..new_record("new", "h1") });
    stage.until(SECOND, |stage| stage.counters().0.dead == 1).await;
    stage.kill().await;

    let stage = Stage::file(&scratch.file(), &script);
    let rows = stage.shared.backend().pending(9).unwrap();
    assert_eq!((rows[0].id.as_str(), rows[0].state), ("h1", PendingState::Held));
    let counters = stage.shared.backend().counters();
    assert_eq!((counters.at_open.pending, counters.at_open.dead), (1, 1));
    assert_eq!(stage.shared.backend().release(&new_record("ws", "h1"), 1), Ok(Some(Tier::File)));
    stage.shared.wake.notify_one();
    stage.until_done().await;
    assert_eq!(script.delivered(), ["h1"]);
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_jumps_makes_no_record_late_and_none_dead() {
    let (scratch, script) = (Scratch::new(), Script::default());
    let year = 365 * 24 * 3_600_000;
    script.otherwise(Some(unreachable()));
    let stage = Stage::file(&scratch.file(), &script);
    let now = stage.shared.clock.now();
    stage.put("a", "a1");
    stage.pass(SECOND).await;
    stage.kill().await;
    // A process whose clock is a year ahead, then one whose clock is a year behind.
    for jump in [now + year, now - year] {
        let stage = Stage::file(&scratch.file(), &script);
        stage.shared.clock.set(jump);
        let before = script.calls_of("a1");
        stage.shared.wake.notify_one();
        stage.until(SECOND, |stage| stage.script.calls_of("a1") > before).await;
        assert_eq!((stage.counters().0.pending, stage.counters().0.dead), (1, 0));
        stage.kill().await;
    }
    script.otherwise(None);
    let stage = Stage::file(&scratch.file(), &script);
    let took = stage.until_done().await;
    assert!(took < 2 * SECOND, "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn what_the_log_holds_is_moved_into_the_database() {
    let (scratch, script) = (Scratch::new(), Script::default());
    script.otherwise(Some(Act::Hangs));
    let stage = Stage::file(&scratch.file(), &script);
    for n in 0..200 {
        assert!(stage.put("a", &format!("a{n:03}")), "durable");
    }
    let size = || std::fs::metadata(scratch.file()).unwrap().len();
    let before = size();
    let (limits, delivery) = (OutboxLimits::default(), Delivery::default());
    let settings = FileSettings::new(&scratch.file(), Durability::Os, &limits, &delivery);
    let long = stage.shared.backend().disk().log().unwrap();
    assert!(long.pages > 400 && long.moved == 0, "{long:?}");
    Disk::move_log(&settings).unwrap();
    assert!(size() > before + 16 * 1024, "{before} bytes, then {}", size());
    assert!(stage.put("a", "a200"), "durable");
    let short = stage.shared.backend().disk().log().unwrap();
    assert!(short.pages < 20, "it begins anew: {short:?}");
    stage.kill().await;
}
