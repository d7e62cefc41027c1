//! A cluster of three with three copies: one server may go, and with two gone writes wait, and nothing is lost.

use std::sync::atomic::{AtomicUsize, Ordering};

use turnwire::nats::Nats;
use turnwire_nats_tests::{Cluster, Program, records, wait};

use crate::{Running, outbox, store, verdict};

const STEP: usize = 10;

crate::with_both_servers! {
    a_cluster_without_one_server_goes_on_and_without_two_waits,
}

async fn a_cluster_without_one_server_goes_on_and_without_two_waits(program: Program) {
    let mut cluster = Cluster::start(&program).await.unwrap();
    let nats = Nats::new(cluster.url()).partitions(2).replicas(3);
    let store = store(["a"]);
    let outbox = outbox(nats.clone());
    let enqueued = AtomicUsize::new(0);
    let enqueue = |more: usize| {
        for _ in 0..more {
            let place = enqueued.fetch_add(1, Ordering::SeqCst);
            outbox.enqueue(records::record("a", place)).unwrap();
        }
    };
    let courier = Running::start(nats, &store);
    enqueue(STEP);
    store.has(STEP).await.unwrap();

    cluster.brokers[0].kill().unwrap();
    enqueue(STEP);
    store.has(2 * STEP).await.unwrap();

    cluster.brokers[1].kill().unwrap();
    enqueue(STEP);
    // Nothing is confirmed by one of three.
    wait::until("a failed publication", || {
        outbox.pending().unwrap().first().is_some_and(|record| record.attempts > 0)
    })
    .await
    .unwrap();
    assert_eq!(outbox.stats().pending, STEP as u64);
    assert_eq!(store.saved(), 2 * STEP);

    cluster.brokers[0].restart().unwrap();
    store.has(3 * STEP).await.unwrap();
    cluster.brokers[1].restart().unwrap();
    enqueue(STEP);
    store.has(4 * STEP).await.unwrap();
    wait::until("an empty outbox", || outbox.stats().pending == 0).await.unwrap();
    courier.end().await;
    let judged = verdict(&store, "a", 4 * STEP);
    assert!(judged.is_good(), "{judged}");
}
