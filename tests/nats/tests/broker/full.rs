//! A stream that is full: its records go on after an outage of their tokens, and those that have no room wait in their outbox.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_nats::jetstream;
use serde_json::json;
use turnwire::Outbox;
use turnwire::credentials::{TokenRequest, Tokens};
use turnwire::nats::{Courier, Nats, NatsSink};
use turnwire::outbox::{Outcome, Record};
use turnwire_nats_tests::{Broker, Program, records, wait};

use crate::{Running, impatient, nats, outbox, publish, sink_of, store, verdict};

/// Records, of which a part fits into the stream.
const MANY: usize = 20;
/// Records of each conversation that are parked before the stream is full.
const PARKED: usize = 3;

/// The words about a server that deletes records of a full stream.
const DELETES: &str =
    "before 2.10.5 a stream with `max_bytes` that is full deletes its oldest records";

/// Waits until the first record has the reason that the server would delete others.
async fn waits_as_records_would_be_deleted(outbox: &Outbox) {
    wait::until("a reason", || {
        let waiting = outbox.pending().unwrap();
        waiting[0].reason.as_ref().is_some_and(|reason| reason.contains(DELETES))
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_deletes_records_of_a_full_stream_is_refused() {
    let broker = Broker::start(&Program::debian().unwrap()).unwrap();
    let small = || nats(&broker).max_bytes(8_000);
    let outbox = outbox(small());
    outbox.enqueue(records::record("a", 0)).unwrap();
    waits_as_records_would_be_deleted(&outbox).await;
    let store = store(["a"]);
    let running = Running::start(small(), &store);
    let ended = wait::within("the courier's end", running.task).await.unwrap().unwrap();
    let error = ended.unwrap_err();
    assert!(error.code() == "config" && error.to_string().contains(DELETES), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_with_a_limit_on_such_a_server_is_seen_and_emptied_and_gets_no_more() {
    const LIMIT: i64 = 1_000_000;
    let broker = Broker::start(&Program::debian().unwrap()).unwrap();
    publish(nats(&broker), "a", 2).await;
    let jetstream = jetstream::new(async_nats::connect(broker.url()).await.unwrap());
    let mut stream = jetstream.get_stream("turnwire").await.unwrap();
    let config = stream.info().await.unwrap().config.clone();
    let limited = jetstream::stream::Config { max_bytes: LIMIT, ..config };
    jetstream.update_stream(limited).await.unwrap();

    let limited = || nats(&broker).max_bytes(LIMIT.unsigned_abs());
    let refused = NatsSink::new(limited()).unwrap().check().await.unwrap_err();
    assert!(refused.to_string().contains(DELETES), "{refused}");
    let outbox = outbox(limited());
    outbox.enqueue(records::record("a", 2)).unwrap();
    waits_as_records_would_be_deleted(&outbox).await;
    let store = store(["a"]);
    let watching = Courier::builder(limited()).sink(sink_of(|_| Outcome::Delivered));
    let seen = watching.build().unwrap().pending().await.unwrap();
    assert_eq!(seen.len(), 2, "{seen:?}");
    let courier = Running::start(limited(), &store);
    store.has(2).await.unwrap();
    courier.end().await;
    assert_eq!(store.saved(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_stream_goes_on_after_an_outage_of_tokens() {
    let broker = Broker::start(&Program::recent().unwrap()).unwrap();
    let small = || -> Nats { nats(&broker).partitions(1).max_bytes(8_000) };
    let store = store(["a", "b"]);
    let is_back = Arc::new(AtomicBool::new(false));
    let tokens = {
        let (login, is_back) = (store.login().clone(), is_back.clone());
        move |_: TokenRequest| {
            let tokens = Tokens::new(login.access.clone(), login.refresh.clone());
            let tokens = is_back.load(Ordering::SeqCst).then_some(tokens);
            async move { Ok(tokens) }
        }
    };
    let courier = Running::with(small(), store.client().unwrap(), tokens);
    let outbox = outbox(small());
    let enqueue = |places: std::ops::Range<usize>| {
        for (place, conversation) in places.flat_map(|place| [(place, "a"), (place, "b")]) {
            outbox.enqueue(records::record(conversation, place)).unwrap();
        }
    };
    enqueue(0..PARKED);
    wait::until_async("parked records", async || {
        let stats = courier.courier.stats().await;
        stats.is_ok_and(|stats| stats.parked == 2 * PARKED as u64 && stats.pending == stats.parked)
    })
    .await
    .unwrap();
    enqueue(PARKED..MANY);
    wait::until("a full stream", || {
        let waiting = outbox.pending().unwrap();
        waiting.iter().any(|record| {
            record.reason.as_ref().is_some_and(|reason| reason.contains("maximum bytes"))
        })
    })
    .await
    .unwrap();
    is_back.store(true, Ordering::SeqCst);
    if let Err(error) = store.has(2 * MANY).await {
        panic!("{error}: {}", state(&outbox, &courier).await);
    }
    store.has_counted("a", MANY as u64).await.unwrap();
    courier.end().await;
    for conversation in ["a", "b"] {
        let judged = verdict(&store, conversation, MANY);
        assert_eq!((judged.lost, judged.out_of_order, judged.repeated_late), (0, 0, 0), "{judged}");
    }
    assert_eq!(store.fake.read(|stored| stored.counted("a")), MANY as u64);
}

/// The records that have not arrived, and their places.
async fn state(outbox: &Outbox, courier: &Running) -> String {
    let dead = outbox.dead_letters().unwrap().len();
    let outside: Vec<_> = outbox.pending().unwrap().into_iter().map(|row| row.id).collect();
    let inside = courier.courier.pending().await.unwrap_or_default();
    let inside: Vec<_> = inside.iter().map(|row| (&row.id, row.state, row.attempts)).collect();
    let stats = courier.courier.stats().await;
    format!("{outside:?} in the outbox, {dead} dead, {inside:?} in the stream, {stats:?}")
}

/// Refusals that make a record poison whose sink may blame it.
const MANY_TRIES: u32 = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_that_has_no_room_is_not_given_up_while_smaller_ones_have() {
    let broker = Broker::start(&Program::recent().unwrap()).unwrap();
    let small = || -> Nats { nats(&broker).partitions(1).max_bytes(8_000) };
    let delivery = impatient().poison_tries(MANY_TRIES / 4);
    let sink = NatsSink::new(small()).unwrap();
    let outbox = Outbox::builder().delivery(delivery).sink(sink).start().unwrap();
    let enqueue = |conversation: &str, id: &str, bytes: usize| {
        let payload = json!("x".repeat(bytes));
        outbox.enqueue(Record::new(conversation, id, payload)).unwrap();
    };
    enqueue("first", "first", 5_000);
    assert_eq!(outbox.flush(wait::PATIENCE).await.pending, 0);
    enqueue("large", "large", 4_000);
    let tries = || {
        let waiting = outbox.pending().unwrap().into_iter();
        waiting.filter(|record| record.id == "large").map(|record| record.attempts).max()
    };
    for number in 0..4 {
        enqueue("small", &format!("small-{number}"), 10);
        let (stored, before) = (2 + number, tries().unwrap_or_default());
        wait::until("a small record that has room, and refusals of the large one", || {
            let is_refused = tries().is_none_or(|tries| tries > before + MANY_TRIES);
            is_refused && outbox.stats().delivered >= stored
        })
        .await
        .unwrap();
        let letters = outbox.dead_letters().unwrap();
        assert!(letters.is_empty(), "{}: {}", letters[0].id, letters[0].reason);
    }
    let store = store([]);
    let sink = sink_of(|_| Outcome::Delivered);
    let courier = Running::with(small(), sink, store.tokens());
    assert_eq!(outbox.flush(wait::PATIENCE).await.pending, 0);
    wait::until_async("an empty stream", async || {
        let stats = courier.courier.stats().await;
        stats.is_ok_and(|stats| stats.pending == 0 && stats.delivered_here == 6)
    })
    .await
    .unwrap();
    courier.end().await;
}
