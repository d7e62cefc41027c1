//! The example `outbox` as a process, on files created by an outbox.

#![allow(clippy::unwrap_used, reason = "clippy only knows the functions marked as tests")]

mod running;

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use turnwire::Outbox;
use turnwire::outbox::{Outcome, Record, Sink};

use running::{assert_one_error_line, clean};

/// A service that rejects one user's records, and is unavailable for the others.
struct Picky;

#[turnwire::async_trait]
impl Sink for Picky {
    async fn deliver(&self, record: &Record) -> Outcome {
        match record.user_id() {
            Some("banned") => Outcome::dead("HTTP 400: 빈 메시지"),
            _ => Outcome::unavailable("connection refused"),
        }
    }
}

/// A file with a dead letter `d1`, pending records `p1` and `p2`, and a held one, `h1`.
fn filled(directory: &Path) -> PathBuf {
    let file = directory.join("outbox.db");
    let outbox = Outbox::builder().path(&file).sink(Picky).start().unwrap();
    outbox.enqueue(Record::new("대화", "d1", json!({"text": "…"})).user("banned")).unwrap();
    for id in ["p1", "p2"] {
        outbox.enqueue(Record::new("ws-1", id, json!({"text": "안녕"})).user("user-1")).unwrap();
    }
    outbox.hold(Record::new("new", "h1", json!({}))).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let is_tried = || outbox.pending().unwrap().first().is_some_and(|record| record.attempts > 0);
    while outbox.stats().dead == 0 || !is_tried() {
        runtime.block_on(outbox.flush(Duration::from_millis(20)));
    }
    runtime.block_on(outbox.shutdown(Duration::ZERO));
    file
}

/// The result of a run: exit code, standard output, standard error.
fn run(file: &Path, words: &[&str]) -> (i32, String, String) {
    running::run(clean("outbox").args(words).arg("--file").arg(file))
}

/// The output of a successful run, as JSON, one value per line.
fn json_of(file: &Path, words: &[&str]) -> Vec<Value> {
    let (code, stdout, stderr) = run(file, &[words, &["--json"]].concat());
    assert_eq!((code, stderr.as_str()), (0, ""));
    stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_broker_that_is_not_there_hides_no_file() {
    let directory = tempfile::tempdir().unwrap();
    let file = filled(directory.path());
    // A reserved port that nobody listens on, and that the system gives to nobody.
    let closed = "127.0.0.1:1";
    for (command, shown) in [("status", "dead letters"), ("pending", "p2"), ("dead", "빈 메시지")]
    {
        let mut outbox = clean("outbox");
        outbox.arg(command).arg("--file").arg(&file);
        outbox.env("TURNWIRE_NATS_URL", format!("nats://app:hunter2@{closed}"));
        let (code, stdout, stderr) = running::run(&mut outbox);
        assert_eq!(code, 1, "{stderr}");
        assert!(stdout.contains(shown), "{stdout}");
        assert_one_error_line(&stderr, "the broker is not reached");
        assert!(!stderr.contains("hunter2"), "{stderr}");
    }
    let mut outbox = clean("outbox");
    outbox.args(["discard", "p2", "--nats", &format!("nats://{closed}"), "--file"]).arg(&file);
    assert_eq!(running::run(&mut outbox), (0, "p2: discarded\n".to_owned(), String::new()));
}

#[test]
fn status_counts_what_waits_and_what_was_given_up() {
    let scratch = tempfile::tempdir().unwrap();
    let file = filled(scratch.path());
    let (code, stdout, stderr) = run(&file, &["status"]);
    assert_eq!((code, stderr.as_str()), (0, ""));
    let line = |name: &str| stdout.lines().find(|line| line.contains(name)).unwrap().to_owned();
    assert!(line("pending").contains('3') && line("held").contains('1'), "{stdout}");
    assert!(line("dead letters").contains('1') && line("oldest").contains("20"), "{stdout}");
    let status = &json_of(&file, &["status"])[0];
    assert_eq!(
        (&status["pending"], &status["held"], &status["dead"]),
        (&json!(3), &json!(1), &json!(1))
    );
}

#[test]
fn lists_tell_of_each_record_where_it_stands_and_why() {
    let scratch = tempfile::tempdir().unwrap();
    let file = filled(scratch.path());
    let (code, stdout, _) = run(&file, &["pending"]);
    assert_eq!(code, 0);
    let first = stdout.lines().find(|line| line.contains("p1")).unwrap();
    for part in ["ws-1", "queued"] {
        assert!(first.contains(part), "{stdout}");
    }
    let pending = json_of(&file, &["pending"]);
    let states: Vec<_> = pending.iter().map(|record| (&record["id"], &record["state"])).collect();
    let (queued, held) = (json!("queued"), json!("held"));
    assert_eq!(states[1..], [(&json!("p2"), &queued), (&json!("h1"), &held)]);
    assert_eq!(pending[0]["reason"], "connection refused");

    let (code, stdout, _) = run(&file, &["dead"]);
    assert!(code == 0 && stdout.contains("d1") && stdout.contains("대화"), "{stdout}");
    let dead = json_of(&file, &["dead"]);
    assert_eq!(dead[0]["reason"], "HTTP 400: 빈 메시지");
    assert_eq!(dead[0]["payload"], json!({"text": "…"}));
}

#[test]
fn a_dead_letter_is_queued_again_or_discarded_and_each_once() {
    let scratch = tempfile::tempdir().unwrap();
    let file = filled(scratch.path());
    let (code, stdout, _) = run(&file, &["requeue", "d1"]);
    assert_eq!((code, stdout.as_str()), (0, "d1: queued again\n"));
    assert!(json_of(&file, &["dead"]).is_empty());
    assert_eq!(json_of(&file, &["pending"])[3]["id"], "d1");
    assert_eq!(run(&file, &["dead"]).1, "none\n");
    let (code, stdout, stderr) = run(&file, &["requeue", "d1"]);
    assert_eq!((code, stdout.as_str()), (1, ""));
    assert_one_error_line(&stderr, "`d1` is no dead letter");

    let discarded = json_of(&file, &["discard", "p2"]);
    assert_eq!(discarded, [json!({"id": "p2", "result": "discarded"})]);
    assert_eq!(run(&file, &["discard", "p2"]).0, 1);
    assert_eq!(json_of(&file, &["status"])[0]["pending"], 3);
}

#[test]
fn a_file_that_is_not_there_or_no_outbox_is_an_error_and_stays_as_it_is() {
    let scratch = tempfile::tempdir().unwrap();
    let missing = scratch.path().join("missing.db");
    let (code, stdout, stderr) = run(&missing, &["status"]);
    assert_eq!((code, stdout.as_str()), (1, ""));
    assert_one_error_line(&stderr, "missing.db is not there; --file");
    assert!(!missing.exists(), "looking made one");

    let notes = scratch.path().join("notes.txt");
    for (content, why) in
        [("", "is empty; --file"), ("buy milk\n", "the file is a text, and not an outbox")]
    {
        std::fs::write(&notes, content).unwrap();
        let before = std::fs::metadata(&notes).unwrap().permissions();
        let (code, stdout, stderr) = run(&notes, &["status"]);
        assert_eq!((code, stdout.as_str()), (1, ""));
        assert_one_error_line(&stderr, why);
        assert_eq!(std::fs::read_to_string(&notes).unwrap(), content);
        assert_eq!(std::fs::metadata(&notes).unwrap().permissions(), before);
        assert_eq!(std::fs::read_dir(scratch.path()).unwrap().count(), 1, "nothing beside it");
    }

    let (code, _, stderr) = run(scratch.path(), &["status"]);
    assert!(code == 1 && stderr.contains("is a directory"), "{stderr}");
    assert_eq!(run(&missing, &["requeue"]).0, 2, "wrong usage");
}

/// The cases that Python and Node run as well: `tests/vectors/outbox-command`.
#[test]
fn the_command_is_the_same_in_every_language() {
    let path =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/vectors/outbox-command/commands.json");
    let case: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let directory = scratch.path().canonicalize().unwrap();
    let outbox =
        Outbox::builder().path(directory.join("outbox.db")).sink(Scripted(case["sink"].clone()));
    let outbox = outbox.start().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for step in case["steps"].as_array().unwrap() {
        let (name, given) = step.as_object().unwrap().iter().next().unwrap();
        match name.as_str() {
            "enqueue" => drop(outbox.enqueue(record(given)).unwrap()),
            "hold" => drop(outbox.hold(record(given)).unwrap()),
            "until" => {
                let is_tried = |id: &str, attempts: &Value| {
                    let pending = outbox.pending().unwrap();
                    pending.iter().any(|record| record.id == id && *attempts == record.attempts)
                };
                while outbox.pending().unwrap().len() > given.as_array().unwrap().len()
                    || !is_tried("p1", &given[0]["attempts"])
                {
                    runtime.block_on(outbox.flush(Duration::from_millis(20)));
                }
            }
            _ => drop(runtime.block_on(outbox.shutdown(Duration::ZERO))),
        }
    }
    for command in case["commands"].as_array().unwrap() {
        for (name, text) in command["file"].as_object().into_iter().flatten() {
            std::fs::write(directory.join(name), text.as_str().unwrap()).unwrap();
        }
        let arguments: Vec<String> = serde_json::from_value(command["arguments"].clone()).unwrap();
        let (code, out, err) =
            running::run(clean("outbox").args(&arguments).current_dir(&directory));
        let found = (code, fixed(&out, &directory), fixed(&err, &directory));
        let text = |name: &str| command[name].as_str().unwrap().to_owned();
        let code = command["code"].as_i64().unwrap() as i32;
        assert_eq!(found, (code, text("out"), text("err")), "{arguments:?}");
    }
}

fn record(given: &Value) -> Record {
    let text = |name: &str| given[name].as_str().unwrap();
    let record = Record::new(text("conversation"), text("id"), given["payload"].clone());
    match given["user_id"].as_str() {
        Some(user) => record.user(user),
        None => record,
    }
}

/// The text with fixed times, and a fixed directory.
fn fixed(text: &str, directory: &Path) -> String {
    let text = text.replace(directory.to_str().unwrap(), "<directory>");
    let mut fixed = String::new();
    let mut rest = text.as_str();
    while let Some(at) = rest.find("20") {
        let (before, time) = rest.split_at(at);
        fixed.push_str(before);
        let is_time = |end: usize, shape: &str| {
            let digits: String =
                time.chars().take(end).map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
            digits == shape
        };
        let end = if is_time(19, "0000-00-00 00:00:00") {
            fixed.push_str("YYYY-MM-DD hh:mm:ss");
            19
        } else if is_time(19, "0000-00-00T00:00:00") {
            fixed.push_str("<time>");
            time.find('Z').unwrap() + 1
        } else {
            fixed.push_str("20");
            2
        };
        rest = &time[end..];
    }
    fixed + rest
}

/// A sink with the first outcome of each record.
struct Scripted(Value);

#[turnwire::async_trait]
impl Sink for Scripted {
    async fn deliver(&self, record: &Record) -> Outcome {
        let outcome = &self.0[record.id()][0];
        let reason = outcome["reason"].as_str().unwrap();
        match outcome["outcome"].as_str() {
            Some("dead") => Outcome::dead(reason),
            _ => Outcome::unavailable(reason)
                .after(outcome["after"].as_f64().map(Duration::from_secs_f64)),
        }
    }
}
