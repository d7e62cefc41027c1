//! The outbox's file and reports, with a store or a custom sink that puts tokens into its reasons.

use std::path::Path;
use std::time::Duration;

use serde_json::json;
use turnwire::credentials::Tokens;
use turnwire::outbox::{Delivery, OutboxBuilder, Outcome, Record, Sink};
use turnwire::{ChatStore, Outbox};
use turnwire_fakes::{FakeStore, Script};

use super::encoding::encodings;
use super::{SHAPES, assert_hidden};

const PATIENCE: Duration = Duration::from_secs(20);

fn settings() -> OutboxBuilder {
    let delivery = Delivery::new()
        .initial_backoff(Duration::from_millis(5))
        .max_backoff(Duration::from_millis(20))
        .breaker_wait(Duration::from_millis(20))
        .max_breaker_wait(Duration::from_millis(50));
    Outbox::builder().delivery(delivery)
}

/// All bytes of the outbox's files.
fn files(directory: &Path) -> String {
    let mut all = String::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        match entry.file_type().unwrap() {
            kind if kind.is_dir() => all += &files(&entry.path()),
            kind if kind.is_file() => {
                all += &String::from_utf8_lossy(&std::fs::read(entry.path()).unwrap());
            }
            _ => {}
        }
    }
    all
}

/// Everything that the outbox shows.
async fn report(outbox: &Outbox) -> String {
    let letters = outbox.dead_letters().unwrap();
    assert!(!letters.is_empty(), "the records are dead");
    format!("{outbox:?} {letters:?} {:?} {:?}", outbox.pending().unwrap(), outbox.stats())
}

#[tokio::test]
async fn a_stores_reasons_are_kept_without_tokens() {
    let fake = FakeStore::start().await.unwrap();
    for secret in SHAPES.into_iter().filter(|secret| secret.is_ascii()) {
        let scratch = tempfile::tempdir().unwrap();
        let store = ChatStore::builder(fake.url()).no_proxy().build().unwrap();
        let outbox = settings().path(scratch.path().join("outbox.db")).sink(store).start().unwrap();
        let encoded = encodings(secret);
        for (number, encoded) in encoded.iter().enumerate() {
            let id = format!("id-{number}");
            let refusal = |status| {
                let body = format!(r#"{{"success":false,"message":"no {}"}}"#, encoded.text);
                Script::new().status(status).send(body)
            };
            fake.fake().script(&id, refusal(500));
            fake.fake().script(&id, refusal(400));
            let record = Record::new(&id, &id, json!({"msgId": id, "msgWorkspaceId": id}))
                .tokens(Tokens::new(secret, secret));
            assert_hidden(&format!("{record:?}"), &[secret], "record");
            outbox.enqueue(record).unwrap();
        }
        outbox.flush(PATIENCE).await;
        let forms: Vec<_> = encoded.iter().map(|encoded| encoded.hidden.as_str()).collect();
        assert_hidden(&report(&outbox).await, &forms, secret);
        assert_hidden(&files(scratch.path()), &forms, secret);
        outbox.shutdown(PATIENCE).await;
        assert_hidden(&files(scratch.path()), &forms, secret);
    }
}

/// A sink that returns its input in its reason, in this form.
struct Telltale(&'static str, bool);

#[turnwire::async_trait]
impl Sink for Telltale {
    async fn deliver(&self, record: &Record) -> Outcome {
        let encoded = encodings(self.0);
        let number: usize = record.id().parse().unwrap();
        let reason = format!("no {}", encoded[number].text);
        match self.1 {
            true => Outcome::dead(reason),
            false => Outcome::retry(reason),
        }
    }
}

#[tokio::test]
async fn a_sinks_reasons_are_kept_without_tokens() {
    for secret in SHAPES {
        let scratch = tempfile::tempdir().unwrap();
        let sink = Telltale(secret, true);
        let outbox = settings().path(scratch.path().join("outbox.db")).sink(sink).start().unwrap();
        let encoded = encodings(secret);
        for number in 0..encoded.len() {
            let id = number.to_string();
            outbox
                .enqueue(Record::new(&id, &id, json!({})).tokens(Tokens::new(secret, secret)))
                .unwrap();
        }
        outbox.flush(PATIENCE).await;
        let forms: Vec<_> = encoded.iter().map(|encoded| encoded.hidden.as_str()).collect();
        assert_hidden(&report(&outbox).await, &forms, secret);
        outbox.shutdown(PATIENCE).await;
        assert_hidden(&files(scratch.path()), &forms, secret);
    }
}
