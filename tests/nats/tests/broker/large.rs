//! Records that are larger than the server accepts, and the largest that it does.

use turnwire::Outbox;
use turnwire::nats::{Nats, NatsSink};
use turnwire::outbox::{OutboxLimits, Record};
use turnwire_nats_tests::{Broker, Program, records, wait};

use crate::{Running, impatient, nats, store};

crate::with_both_servers! {
    a_record_above_the_servers_limit_is_dead_with_the_limit_in_words,
    a_record_just_below_the_default_limit_passes,
}

fn outbox(nats: Nats) -> Outbox {
    let limits = OutboxLimits::new().record_bytes(8 << 20);
    let sink = NatsSink::new(nats).unwrap();
    Outbox::builder().delivery(impatient()).limits(limits).sink(sink).start().unwrap()
}

fn sized(place: usize, bytes: usize) -> Record {
    let id = records::id("a", place);
    Record::new("a", &id, records::message("a", &id, &"a".repeat(bytes))).user(records::USER)
}

async fn a_record_above_the_servers_limit_is_dead_with_the_limit_in_words(program: Program) {
    let broker = Broker::with(&program, "", "max_payload: 16384").unwrap();
    let outbox = outbox(nats(&broker));
    for (place, bytes) in [(0, 100), (1, 17_000), (2, 100)] {
        outbox.enqueue(sized(place, bytes)).unwrap();
    }
    let report = outbox.flush(wait::PATIENCE).await;
    let dead = outbox.dead_letters().unwrap();
    assert_eq!((report.delivered, report.dead, report.pending), (2, 1, 0), "{dead:?}");
    let letter = outbox.dead_letters().unwrap().remove(0);
    assert_eq!(letter.id, records::id("a", 1));
    assert!(letter.reason.contains("max_payload"), "{letter:?}");
    let store = store(["a"]);
    let courier = Running::start(nats(&broker), &store);
    store.has(2).await.unwrap();
    courier.end().await;
}

async fn a_record_just_below_the_default_limit_passes(program: Program) {
    let broker = Broker::start(&program).unwrap();
    let delivered = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let outbox = outbox(nats(&broker));
    outbox.enqueue(sized(0, 960 << 10)).unwrap();
    let report = outbox.flush(wait::PATIENCE).await;
    assert_eq!((report.delivered, report.dead), (1, 0), "{:?}", outbox.dead_letters());
    let sink = {
        let delivered = delivered.clone();
        move |record: Record| {
            let bytes = record.payload()["msgContent"].as_str().map_or(0, str::len);
            delivered.store(bytes, std::sync::atomic::Ordering::SeqCst);
            async { turnwire::outbox::Outcome::Delivered }
        }
    };
    let tokens = turnwire_nats_tests::store::provider(String::new(), String::new());
    let courier = Running::with(nats(&broker), sink, tokens);
    wait::until("the record", || delivered.load(std::sync::atomic::Ordering::SeqCst) == 960 << 10)
        .await
        .unwrap();
    courier.end().await;
}
