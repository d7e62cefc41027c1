//! A server that is killed right after it confirmed: a measurement of the confirmed records that it then lacks.

use turnwire_nats_tests::{Broker, Program, records, wait};

use crate::{Running, nats, outbox};

const RECORDS: usize = 300;
const CONVERSATIONS: usize = 10;

crate::with_both_servers! {
    a_crash_of_the_server_costs_at_most_what_is_printed,
}

async fn a_crash_of_the_server_costs_at_most_what_is_printed(program: Program) {
    let version = program.version().unwrap();
    let lost = lost_by_crash(&program, "").await;
    println!("nats-server {version}, killed: {lost} of {RECORDS} confirmed records lost");
    if program.can_sync_always().unwrap() {
        let lost = lost_by_crash(&program, "sync_interval: always").await;
        println!("nats-server {version}, sync_interval always, killed: {lost} of {RECORDS} lost");
        assert_eq!(lost, 0);
    }
}

/// The number of records that a server lacks which is killed as soon as it has confirmed them.
async fn lost_by_crash(program: &Program, jetstream: &str) -> usize {
    let mut broker = Broker::with(program, jetstream, "").unwrap();
    let outbox = outbox(nats(&broker));
    let names: Vec<String> =
        (0..CONVERSATIONS).map(|number| records::conversation("p", number)).collect();
    for number in 0..RECORDS {
        outbox.enqueue(records::numbered("p", number, CONVERSATIONS)).unwrap();
    }
    while outbox.flush(wait::PATIENCE).await.pending > 0 {}
    broker.kill().unwrap();
    broker.restart().unwrap();
    let store = turnwire_nats_tests::Store::start(turnwire_fakes::FakeStore::builder(), names);
    let store = store.unwrap();
    let courier = Running::start(nats(&broker), &store);
    wait::until_async("a stream without records", async || {
        courier.courier.stats().await.is_ok_and(|stats| stats.pending == 0)
    })
    .await
    .unwrap();
    courier.end().await;
    RECORDS - store.saved()
}
