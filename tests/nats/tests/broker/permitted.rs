//! Logins that may do no more than `docs/scaling.md` lists for publishers and for couriers.

use turnwire::nats::{Courier, Nats};
use turnwire::outbox::Outcome;
use turnwire_fakes::{Fake, FakeStore, Faults};
use turnwire_nats_tests::store::provider;
use turnwire_nats_tests::{Broker, Program, Store, records, wait};

use crate::{Running, publish, sink_of, verdict};

const RECORDS: usize = 10;

crate::with_both_servers! {
    the_listed_permissions_are_enough,
    a_publisher_may_not_read_the_stream,
}

/// A server with both logins.
fn broker(program: &Program) -> Broker {
    let users = r#"authorization { users: [
        { user: publisher, password: p, permissions: {
            publish: ["turnwire.rec.>", "$JS.API.STREAM.INFO.turnwire", "$JS.API.STREAM.CREATE.turnwire"]
            subscribe: ["_INBOX.>"] } }
        { user: courier, password: c, permissions: {
            publish: ["turnwire.>", "$JS.API.>", "$JS.ACK.>", "$KV.turnwire_counted.>", "$KV.turnwire_attempts.>"]
            subscribe: ["_INBOX.>"] } }
    ] }"#;
    Broker::with(program, "", users).unwrap()
}

fn nats(broker: &Broker, name: &str, password: &str) -> Nats {
    Nats::new(broker.url()).partitions(4).user(name, password)
}

async fn the_listed_permissions_are_enough(program: Program) {
    let broker = broker(&program);
    publish(nats(&broker, "publisher", "p"), "a", RECORDS).await;
    // Failed attempts are remembered, and a dead letter is published, seen and discarded.
    let faulty = FakeStore::builder().on(Fake::builder()).faults(Faults::new(1, 300));
    let store = Store::start(faulty, ["a".to_owned()]).unwrap();
    let refused = records::id("a", 1);
    store.fake.fake().script(&refused, FakeStore::refusal(400, "no such thing"));
    let courier = Running::start(nats(&broker, "courier", "c"), &store);
    store.has(RECORDS - 1).await.unwrap();
    let inspected = &courier.courier;
    assert_eq!(inspected.dead_letters().await.unwrap().len(), 1);
    assert!(inspected.discard(&refused).await.unwrap());
    wait::until_async("an empty stream", async || {
        inspected.stats().await.is_ok_and(|stats| (stats.pending, stats.dead) == (0, 0))
    })
    .await
    .unwrap();
    store.has_counted("a", RECORDS as u64 - 1).await.unwrap();
    courier.end().await;
    assert_eq!(verdict(&store, "a", RECORDS).lost, 1, "the refused one");
    assert_eq!(store.fake.read(|stored| stored.counted("a")), RECORDS as u64 - 1);
}

async fn a_publisher_may_not_read_the_stream(program: Program) {
    let broker = broker(&program);
    publish(nats(&broker, "publisher", "p"), "a", 1).await;
    let reader = Courier::builder(nats(&broker, "publisher", "p"));
    let reader = reader.sink(sink_of(|_| Outcome::Delivered));
    let reader = reader.tokens(provider(String::new(), String::new())).build().unwrap();
    assert!(reader.pending().await.is_err());
}
