//! The path of the file: names that SQLite would interpret, and files that are not an outbox.
#![cfg(unix)]

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::backends::{Scratch, disk};
use super::stage::{Script, Stage, record};
use crate::error::ErrorKind;
use crate::outbox::Outbox;
use crate::outbox::storage::Backend;

fn scratch() -> (Scratch, PathBuf) {
    let scratch = Scratch::new();
    let directory = scratch.file().parent().unwrap().to_owned();
    fs::create_dir_all(&directory).unwrap();
    (scratch, directory)
}

fn refusal(path: &Path) -> String {
    let error = Outbox::open(path).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Storage, "{error}");
    error.to_string()
}

#[test]
fn a_path_is_the_name_of_a_file_whatever_sqlite_would_read_into_it() {
    let (_scratch, directory) = scratch();
    let names: &[&[u8]] = &[
        b":memory:",
        b"file:plain.db",
        b"file::memory:",
        b"file::memory:?cache=shared",
        b"a?mode=memory",
        b"100%",
        b"a%00b.db",
        b"a#b",
        b" leading",
        b"trailing ",
        b"  ",
        b"dot.",
        b"-wal",
        b"\xff\xfe.db",
        "새 이름.db".as_bytes(),
        b"quo'te\".db",
        b"line\nbreak",
        b"back\\slash",
    ];
    for name in names {
        let path = directory.join(OsStr::from_bytes(name));
        let outbox = Outbox::open(&path).unwrap();
        assert!(outbox.enqueue(record("a", "a1")).unwrap().durable, "{path:?}");
        assert!(fs::metadata(&path).unwrap().is_file(), "{path:?}");
        drop(outbox);
        assert_eq!(disk(&path).pending(9).unwrap().len(), 1, "{path:?} keeps what it was given");
    }
}

#[test]
fn a_relative_path_stays_where_it_was() {
    for name in [":memory:", "file:relative.db?mode=memory", "./x/../plain.db"] {
        let builder = Outbox::builder().path(name).settings.checked().unwrap();
        let path = builder.path.unwrap();
        assert!(
            path.is_absolute() && path.ends_with(Path::new(name).file_name().unwrap()),
            "{path:?}"
        );
    }
}

#[test]
fn all_names_of_a_file_lead_to_one_outbox() {
    let (_scratch, directory) = scratch();
    let real = directory.join("outbox.db");
    let (link, dangling) = (directory.join("link.db"), directory.join("dangling.db"));
    symlink(&directory, directory.join("same")).unwrap();
    symlink("outbox.db", &link).unwrap();
    symlink(&link, &dangling).unwrap();
    let around = directory.join("same/../var/outbox.db");
    for (n, path) in [&dangling, &real, &link, &around, &directory.join("same/outbox.db")]
        .into_iter()
        .enumerate()
    {
        let outbox = Outbox::open(path).unwrap();
        assert_eq!(outbox.stats().pending, n as u64, "{path:?}");
        outbox.enqueue(record("a", &n.to_string())).unwrap();
    }
    let aliases = ["link.db-wal", "dangling.db-wal", "link.db.processes", "dangling.db.processes"];
    assert!(aliases.iter().all(|name| !directory.join(name).exists()));

    let other = directory.join("hard.db");
    fs::hard_link(&real, &other).unwrap();
    for path in [&real, &other] {
        assert!(refusal(path).contains("2 names (hard links)"), "{}", refusal(path));
    }
    let (one, two) = (directory.join("one"), directory.join("two"));
    symlink(&one, &two).unwrap();
    symlink(&two, &one).unwrap();
    assert!(refusal(&one).contains("symbolic link"), "{}", refusal(&one));
}

#[test]
fn what_is_no_outbox_is_refused_in_words_and_left_alone() {
    let (_scratch, directory) = scratch();
    let pipe = directory.join("pipe");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::from_bits_truncate(0o600)).unwrap();
    let socket = directory.join("socket");
    let _listener = UnixListener::bind(&socket).unwrap();
    let link = directory.join("null");
    symlink("/dev/null", &link).unwrap();
    for path in [&pipe, &socket, &link, Path::new("/dev/zero")] {
        assert!(refusal(path).contains("a pipe, a socket or a device"), "{}", refusal(path));
    }
    let slash = directory.join("new.db/");
    for path in [&slash, &directory, &directory.join("x/..")] {
        assert!(refusal(path).contains("directory"), "{path:?}: {}", refusal(path));
    }
    assert!(!directory.join("new.db").exists());
    let long = directory.join("x".repeat(201));
    assert!(refusal(&long).contains("201 bytes, more than the limit"), "{}", refusal(&long));

    let mut contents: Vec<(&str, Vec<u8>)> = vec![
        ("text", b"[settings]\nkey = 1\n".to_vec()),
        ("korean", "안녕하세요. ".repeat(2000).into_bytes()),
        ("one", b"x".to_vec()),
        ("picture", [b"\x89PNG\r\n\x1a\n".as_slice(), &[0xA5; 9000]].concat()),
        ("zeros", vec![0; 8192]),
    ];
    let mut foreign = b"SQLite format 3\0".to_vec();
    foreign.resize(8192, 0xA5);
    contents.push(("other program's", foreign));
    for (name, content) in contents {
        let path = directory.join(name);
        fs::write(&path, &content).unwrap();
        assert!(refusal(&path).contains("the file is"), "{name}: {}", refusal(&path));
        assert_eq!(fs::read(&path).unwrap(), content, "{name}");
    }
    // A text is rejected even at the path of a former outbox.
    let path = directory.join("used.db");
    drop(Outbox::open(&path).unwrap());
    fs::write(&path, "text").unwrap();
    assert!(refusal(&path).contains("the file is a text"), "{}", refusal(&path));
    let names: Vec<_> =
        fs::read_dir(&directory).unwrap().map(|claimed| claimed.unwrap().file_name()).collect();
    assert!(names.iter().all(|name| !name.to_string_lossy().contains("damaged")), "{names:?}");
}

#[test]
fn a_file_that_is_no_outbox_keeps_its_permissions() {
    let (_scratch, directory) = scratch();
    let text = directory.join("notes.txt");
    fs::write(&text, "buy milk\n").unwrap();
    let database = directory.join("notes.db");
    disk(&database).tamper("PRAGMA application_id = 1");
    for path in [text, database] {
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        refusal(&path);
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o644, "{path:?}");
    }
}

#[test]
fn a_file_that_others_may_use_becomes_its_owners_alone() {
    let (_scratch, directory) = scratch();
    let path = directory.join("outbox.db");
    let outbox = Outbox::open(&path).unwrap();
    outbox.enqueue(record("a", "a1")).unwrap();
    let parts = ["outbox.db", "outbox.db-wal", "outbox.db-shm", "outbox.db.processes"];
    for name in parts {
        fs::set_permissions(directory.join(name), fs::Permissions::from_mode(0o777)).unwrap();
    }
    let second = Outbox::open(&path).unwrap();
    for name in parts {
        let mode = fs::metadata(directory.join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{name}: {mode:o}");
    }
    assert!(second.enqueue(record("a", "a2")).unwrap().durable);
}

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn a_file_that_is_removed_or_replaced_while_it_is_used_loses_nothing_and_says_so() {
    for (round, removed) in [&["", "-wal", "-shm"][..], &[""]].into_iter().enumerate() {
        for replaced in [false, true] {
            let (scratch, script) = (Scratch::new(), Script::default());
            script.otherwise(Some(super::stage::Act::Hangs));
            let path = scratch.file();
            let backup = path.with_file_name("backup.db");
            {
                let mut old = disk(&backup);
                super::backends::put(&mut old, &[("c", "c1")], 0);
                old.tamper("PRAGMA wal_checkpoint(TRUNCATE)");
            }
            let stage = Stage::file(&path, &script);
            assert!(stage.put("a", "a1") && stage.put("a", "a2"));
            stage.until(10 * SECOND, |stage| stage.script.calls_of("a1") == 1).await;
            for part in removed {
                fs::remove_file(format!("{}{part}", path.display())).unwrap();
            }
            if replaced {
                fs::rename(&backup, &path).unwrap();
            }
            script.otherwise(None);
            stage.pass(2 * SECOND).await;
            let (counts, trouble) = stage.counters();
            assert!(trouble.unwrap().contains("removed or replaced"));
            assert!(stage.put("b", "b1"), "round {round}: durable in the new file");
            // The process that wrote the other file has no lock file here: it is allowed some time.
            stage.pass(8 * SECOND).await;
            assert!(script.delivered().contains(&"b1".to_owned()));
            assert_eq!(script.calls_of("a1"), 1, "it is still being sent, and not twice");
            let left: Vec<_> =
                disk(&path).pending(9).unwrap().into_iter().map(|row| row.id).collect();
            assert_eq!(left, ["a1", "a2"], "round {round}, replaced {replaced}: {counts:?}");
            assert_eq!(script.delivered().contains(&"c1".to_owned()), replaced);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_log_that_is_removed_while_it_is_used_takes_no_record_with_it() {
    for removed in [&["-wal"][..], &["-shm"], &["-wal", "-shm"]] {
        let (scratch, script) = (Scratch::new(), Script::default());
        script.otherwise(Some(super::stage::Act::Hangs));
        let path = scratch.file();
        let stages = [Stage::file(&path, &script), Stage::file(&path, &script)];
        assert!(stages[0].put("a", "a1") && stages[1].put("b", "b1"));
        for part in removed {
            fs::remove_file(format!("{}{part}", path.display())).unwrap();
        }
        assert!(stages[0].put("a", "a2") && stages[1].put("b", "b2"));
        for stage in &stages {
            stage.pass(2 * SECOND).await;
        }
        // The file as a new process sees it.
        let mut left: Vec<_> =
            disk(&path).pending(9).unwrap().into_iter().map(|row| row.id).collect();
        left.sort();
        assert_eq!(left, ["a1", "a2", "b1", "b2"], "{removed:?}");
        for stage in &stages {
            assert!(stage.counters().1.unwrap().contains("removed or replaced"), "{removed:?}");
        }
        for stage in &stages {
            stage.pass(8 * SECOND).await;
        }
        let calls = ["a1", "b1"].map(|id| script.calls_of(id));
        assert_eq!(calls, [1, 1], "they are still being sent, and not twice: {removed:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_file_that_gives_way_to_something_else_is_said_and_records_go_out_from_memory() {
    let (scratch, script) = (Scratch::new(), Script::default());
    let path = scratch.file();
    let stage = Stage::file(&path, &script);
    assert!(stage.put("a", "a1"));
    stage.until_done().await;
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    tokio::time::sleep(2 * SECOND).await;
    assert!(!stage.put("a", "a2"), "in memory");
    tokio::time::sleep(SECOND).await;
    assert_eq!(script.delivered(), ["a1", "a2"]);
    assert!(stage.counters().1.unwrap().contains("is a directory"));
    fs::remove_dir(&path).unwrap();
    stage.pass(2 * SECOND).await;
    assert!(stage.put("a", "a3"), "durable again");
}
