//! Settings at their extremes: each is rejected with its reason, or has its documented effect.

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};

use super::backends::Scratch;
use super::stage::record;
use crate::error::ErrorKind;
use crate::outbox::{
    Delivery, Outbox, OutboxBuilder, OutboxLimits, Outcome, Record, Sink, WhenFull,
};

const EXTREMES: [Duration; 3] =
    [Duration::ZERO, Duration::from_millis(u64::MAX / 2), Duration::MAX];

/// Fails each record once, and requests a wait.
#[derive(Default)]
struct AsksFor(Option<Duration>);

#[async_trait]
impl Sink for AsksFor {
    async fn deliver(&self, _record: &Record) -> Outcome {
        match self.0 {
            Some(_) => Outcome::Unavailable { after: self.0, reason: "not now".into() },
            None => Outcome::Delivered,
        }
    }
}

fn extremes() -> Vec<Delivery> {
    let mut all = Vec::new();
    for time in EXTREMES {
        let given = Delivery::default();
        all.extend([
            Delivery { initial_backoff: time, ..given.clone() },
            Delivery { max_backoff: time, ..given.clone() },
            Delivery { max_retry_after: time, ..given.clone() },
            Delivery { max_age: time, ..given.clone() },
            Delivery { limit: time.max(Duration::from_secs(9)), ..given.clone() },
            Delivery { breaker_wait: time, breaker_failures: 1, ..given.clone() },
            Delivery { max_breaker_wait: time, breaker_failures: 1, ..given },
        ]);
    }
    for number in [0, u32::MAX] {
        let given = Delivery::default();
        all.push(Delivery { poison_tries: number, ..given.clone() });
        all.push(Delivery { breaker_failures: number, ..given });
    }
    for number in [0, 1, usize::MAX / 2, usize::MAX] {
        all.push(Delivery { remembered: number, ..Delivery::default() });
        all.push(Delivery { concurrency: number.max(1), ..Delivery::default() });
    }
    all
}

fn files(path: &Path) -> Vec<String> {
    let directory = std::fs::read_dir(path.parent().unwrap()).unwrap();
    directory.map(|claimed| claimed.unwrap().file_name().to_string_lossy().into_owned()).collect()
}

#[tokio::test]
async fn every_setting_of_the_delivery_works_at_its_extremes() {
    let scratch = Scratch::new();
    for (at, delivery) in extremes().into_iter().enumerate() {
        let path = scratch.file().with_file_name(format!("{at}.db"));
        for path in [Some(path), None] {
            let start = |sink: AsksFor| {
                let builder = Outbox::builder().delivery(delivery.clone()).sink(sink);
                let builder = path.iter().fold(builder, |builder, path| builder.path(path));
                builder.start().unwrap()
            };
            let outbox = start(AsksFor::default());
            for n in 0..3 {
                outbox.enqueue(record("a", &format!("{n}"))).unwrap();
            }
            let report = outbox.flush(Duration::MAX).await;
            assert_eq!((report.delivered, report.pending), (3, 0), "{delivery:?}");
            assert_eq!(outbox.shutdown(Duration::MAX).await.pending, 0);

            for wait in EXTREMES {
                let outbox = start(AsksFor(Some(wait)));
                outbox.enqueue(record("b", &format!("{wait:?}"))).unwrap();
                outbox.flush(Duration::from_millis(5)).await;
                let stats = outbox.stats();
                let gone = stats.delivered + stats.dead + stats.discarded;
                assert_eq!(stats.accepted + stats.recovered, gone + stats.pending, "{stats:?}");
                assert_eq!((stats.storage_error, stats.set_aside), (None, vec![]), "{delivery:?}");
                outbox.shutdown(Duration::ZERO).await;
            }
        }
    }
    let aside: Vec<_> =
        files(&scratch.file()).into_iter().filter(|name| name.contains("damaged")).collect();
    assert_eq!(aside, [""; 0]);
}

#[test]
fn what_takes_or_delivers_nothing_is_refused_in_words() {
    let scratch = Scratch::new();
    let limits = OutboxLimits::default;
    let in_file = || Outbox::builder().path(scratch.file());
    let refused = |builder: OutboxBuilder, part: &str| {
        let error = builder.start().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains(part), "{error}");
    };
    refused(in_file().delivery(Delivery { concurrency: 0, ..Delivery::default() }), "concurrency");
    let limit = Duration::ZERO;
    refused(in_file().delivery(Delivery { limit, ..Delivery::default() }), "`limit` is 0");
    refused(in_file().limits(OutboxLimits { record_bytes: 0, ..limits() }), "record_bytes");
    refused(in_file().limits(OutboxLimits { file_bytes: 0, ..limits() }), "file_bytes");
    let in_memory = |limits| Outbox::builder().limits(limits);
    refused(in_memory(OutboxLimits { memory_records: 0, ..limits() }), "memory_records");
    refused(in_memory(OutboxLimits { memory_bytes: 0, ..limits() }), "memory_bytes");
    refused(Outbox::builder().path(""), "the path of the outbox is empty");
    refused(Outbox::builder().path("out\0box"), "NUL");
}

#[test]
fn limits_at_their_extremes_hold() {
    let scratch = Scratch::new();
    let (most, bytes) = (usize::MAX, u64::MAX);
    let vast = OutboxLimits {
        memory_records: most,
        memory_bytes: most,
        file_bytes: bytes,
        record_bytes: most,
    };
    for builder in [Outbox::builder(), Outbox::builder().path(scratch.file())] {
        let outbox = builder.limits(vast.clone()).start().unwrap();
        assert!(outbox.enqueue(record("a", "1")).unwrap().is_new);
        assert_eq!(outbox.stats().pending, 1);
    }
    // A record that can never fit is rejected, and does not wait.
    let small = OutboxLimits { memory_bytes: 100, ..OutboxLimits::default() };
    let outbox = Outbox::builder().limits(small).when_full(WhenFull::Block(Duration::MAX));
    let large = Record::new("a", "1", json!("x".repeat(200)));
    let error = outbox.start().unwrap().enqueue(large).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    assert!(error.to_string().contains("more than the limit of 100"), "{error}");
}

#[tokio::test]
async fn who_waits_for_room_without_a_limit_goes_on_at_the_end() {
    let one = OutboxLimits { memory_records: 1, ..OutboxLimits::default() };
    let outbox = Outbox::builder().limits(one).when_full(WhenFull::Block(Duration::MAX));
    let outbox = outbox.start().unwrap();
    outbox.enqueue(record("a", "1")).unwrap();
    let waiting = outbox.clone();
    let waiting = tokio::task::spawn_blocking(move || waiting.enqueue(record("a", "2")));
    outbox.shutdown(Duration::MAX).await;
    assert_eq!(waiting.await.unwrap().unwrap_err().kind(), ErrorKind::Config);
}

#[test]
fn a_payload_that_could_not_be_read_again_is_refused() {
    let outbox = Outbox::memory();
    let mut payload = json!("deep");
    for _ in 0..200 {
        payload = Value::Array(vec![payload]);
    }
    let held = Record::new("a", "1", payload);
    for refused in [outbox.enqueue(held.clone()), outbox.hold(held.clone()), outbox.release(held)] {
        let error = refused.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
        assert!(error.to_string().contains("nested 200 deep"), "{error}");
    }
    assert_eq!(outbox.stats().accepted, 0);
}
