//! The way of records in good times: through the outbox and the server to the store, once each.

use std::time::Duration;

use turnwire::outbox::Record;
use turnwire_fakes::{Fake, FakeStore};
use turnwire_nats_tests::{Broker, Program, Store, Verdict, records, wait};

use crate::{Running, nats, outbox, publish, store, verdict};

const RECORDS: usize = 30;

crate::with_both_servers! {
    records_arrive_in_order_and_are_counted_once,
    an_orderly_end_repeats_nothing_and_loses_no_count,
    a_courier_that_is_there_first_waits_for_records,
    a_message_that_another_outbox_rewrites_has_its_last_text_and_is_counted_once,
}

async fn records_arrive_in_order_and_are_counted_once(program: Program) {
    let broker = Broker::start(&program).unwrap();
    let store = store(["a", "b"]);
    for conversation in ["a", "b"] {
        publish(nats(&broker), conversation, RECORDS).await;
    }
    let courier = Running::start(nats(&broker), &store);
    store.has(2 * RECORDS).await.unwrap();
    // Both at once: the last delivery is counted after the broker has removed its record.
    let all = 2 * RECORDS as u64;
    wait::until_async("an empty stream, and all deliveries counted", async || {
        let stats = courier.courier.stats().await;
        stats.is_ok_and(|stats| (stats.pending, stats.delivered_here) == (0, all))
    })
    .await
    .unwrap();
    assert!(courier.courier.is_ready());
    assert_eq!(courier.courier.stats().await.unwrap().dead, 0);
    courier.end().await;
    store.fake.read(|stored| {
        assert_eq!(stored.saves.len(), 2 * RECORDS);
        for conversation in ["a", "b"] {
            assert_eq!(stored.counted(conversation), RECORDS as u64);
        }
    });
    for conversation in ["a", "b"] {
        assert_eq!(verdict(&store, conversation, RECORDS).out_of_order, 0);
    }
}

/// Couriers that take turns while the store is slow: each ends in the middle of deliveries.
async fn an_orderly_end_repeats_nothing_and_loses_no_count(program: Program) {
    let broker = Broker::start(&program).unwrap();
    let slow = FakeStore::builder()
        .on(Fake::builder())
        .pace(|call| Duration::from_millis(if call == "save" { 10 } else { 0 }));
    let store = Store::start(slow, ["a".to_owned()]).unwrap();
    publish(nats(&broker), "a", RECORDS).await;
    for turn in 1..=5 {
        let courier = Running::start(nats(&broker), &store);
        store.has(turn * RECORDS / 5).await.unwrap();
        courier.end().await;
    }
    let expected = Verdict { records: RECORDS, uncounted: RECORDS, ..Verdict::default() };
    assert_eq!(verdict(&store, "a", RECORDS), expected);
    assert_eq!(store.fake.read(|stored| stored.counted("a")), RECORDS as u64);
}

async fn a_courier_that_is_there_first_waits_for_records(program: Program) {
    let broker = Broker::start(&program).unwrap();
    let store = store(["a"]);
    let courier = Running::start(nats(&broker), &store);
    wait::until("a courier that is ready", || courier.courier.is_ready()).await.unwrap();
    publish(nats(&broker), "a", 1).await;
    store.has(1).await.unwrap();
    courier.end().await;
}

/// A reply broke off, and was asked for again at another machine, whose outbox knows nothing of the first.
async fn a_message_that_another_outbox_rewrites_has_its_last_text_and_is_counted_once(
    program: Program,
) {
    let broker = Broker::start(&program).unwrap();
    let store = store(["a"]);
    let id = records::id("a", 0);
    let written = |text| records::message("a", &id, text);
    // The second text is published twice, as after an answer of the broker that was lost.
    for text in ["반", "반쪽이 아닌 말", "반쪽이 아닌 말"] {
        let outbox = outbox(nats(&broker));
        outbox.enqueue(Record::new("a", &id, written(text)).user(records::USER)).unwrap();
        let report = outbox.shutdown(wait::PATIENCE).await;
        assert_eq!((report.pending, report.dead), (0, 0));
    }
    let courier = Running::start(nats(&broker), &store);
    wait::until_async("an empty stream, and all deliveries counted", async || {
        let stats = courier.courier.stats().await;
        stats.is_ok_and(|stats| (stats.pending, stats.delivered_here) == (0, 2))
    })
    .await
    .unwrap();
    courier.end().await;
    store.fake.read(|stored| {
        let texts: Vec<_> = stored.messages.iter().map(|row| &row.message).collect();
        assert_eq!(texts, [&written("반쪽이 아닌 말")]);
        assert_eq!((stored.saves.len(), stored.counted("a")), (2, 1));
    });
}
