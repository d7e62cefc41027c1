//! Conversations whose user has no token now: they are parked, others go on, and they continue in order.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use turnwire::credentials::{TokenProvider, TokenRequest, Tokens};
use turnwire::outbox::Record;
use turnwire_nats_tests::records::USER;
use turnwire_nats_tests::{Broker, Program, Store, records, wait};

use crate::{Running, nats, outbox, store, verdict};

const ABSENT: &str = "0b1e55ed-0000-4000-8000-0000000000ab";

crate::with_both_servers! {
    a_conversation_without_a_token_waits_and_continues_in_order,
    a_parked_conversation_outlives_its_courier,
    a_courier_without_a_provider_is_refused,
}

/// Tokens of everybody, but of the absent user only once he is back.
fn tokens(store: &Store, is_back: &Arc<AtomicBool>) -> impl TokenProvider + 'static {
    let (login, is_back) = (store.login().clone(), is_back.clone());
    move |asked: TokenRequest| {
        let is_there = asked.user.as_deref() != Some(ABSENT) || is_back.load(Ordering::SeqCst);
        let tokens = is_there.then(|| Tokens::new(login.access.clone(), login.refresh.clone()));
        async move { Ok(tokens) }
    }
}

async fn publish(broker: &Broker, user: &str, conversation: &str, places: std::ops::Range<usize>) {
    let outbox = outbox(nats(broker).partitions(1));
    for place in places {
        let record = records::record(conversation, place);
        let id = record.id().to_owned();
        let record = Record::new(conversation, id, record.payload().clone()).user(user);
        outbox.enqueue(record).unwrap();
    }
    assert_eq!(outbox.shutdown(wait::PATIENCE).await.pending, 0);
}

async fn a_conversation_without_a_token_waits_and_continues_in_order(program: Program) {
    let broker = Broker::start(&program).unwrap();
    let store = store(["a", "b"]);
    let is_back = Arc::new(AtomicBool::new(false));
    let sink = store.client().unwrap();
    let courier = Running::with(nats(&broker).partitions(1), sink, tokens(&store, &is_back));
    publish(&broker, ABSENT, "a", 0..5).await;
    publish(&broker, USER, "b", 0..10).await;
    store.has(10).await.unwrap();
    // More of the parked conversation, and of the other one behind it.
    publish(&broker, ABSENT, "a", 5..10).await;
    publish(&broker, USER, "b", 10..20).await;
    store.has(20).await.unwrap();
    assert_eq!(verdict(&store, "b", 20).lost, 0, "none of the absent user's was saved");
    wait::until_async("ten that are parked", async || {
        let stats = courier.courier.stats().await.unwrap();
        (stats.pending, stats.parked, stats.dead) == (10, 10, 0)
    })
    .await
    .unwrap();
    is_back.store(true, Ordering::SeqCst);
    store.has(30).await.unwrap();
    publish(&broker, ABSENT, "a", 10..12).await;
    store.has(32).await.unwrap();
    let judged = verdict(&store, "a", 12);
    assert_eq!((judged.lost, judged.out_of_order, judged.repeated_late), (0, 0, 0), "{judged}");
    store.has_counted("a", 12).await.unwrap();
    courier.end().await;
    assert_eq!(store.fake.read(|stored| stored.counted("a")), 12);
}

async fn a_parked_conversation_outlives_its_courier(program: Program) {
    let mut broker = Broker::start(&program).unwrap();
    let store = store(["a"]);
    let is_back = Arc::new(AtomicBool::new(false));
    let start = || {
        let sink = store.client().unwrap();
        Running::with(nats(&broker).partitions(1), sink, tokens(&store, &is_back))
    };
    let courier = start();
    publish(&broker, ABSENT, "a", 0..5).await;
    wait::until_async("five that wait for a token", async || {
        let pending = courier.courier.pending().await.unwrap_or_default();
        pending.len() == 5 && pending[0].state == turnwire::outbox::PendingState::NeedsToken
    })
    .await
    .unwrap();
    courier.end().await;
    broker.stop().unwrap();
    broker.restart().unwrap();
    is_back.store(true, Ordering::SeqCst);
    let courier = Running::with(
        nats(&broker).partitions(1),
        store.client().unwrap(),
        tokens(&store, &is_back),
    );
    store.has(5).await.unwrap();
    courier.end().await;
    assert_eq!(verdict(&store, "a", 5).out_of_order, 0);
}

async fn a_courier_without_a_provider_is_refused(program: Program) {
    let broker = Broker::start(&program).unwrap();
    let store = store(["a"]);
    let built =
        turnwire::nats::Courier::builder(nats(&broker)).sink(store.client().unwrap()).build();
    let error = built.map(drop).unwrap_err();
    assert_eq!(error.code(), "config", "{error}");
    assert!(error.to_string().contains("token"), "{error}");
}
