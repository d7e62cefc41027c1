//! Streams and consumers that are not as the settings say: refused in words, and never changed.

use async_nats::jetstream;
use async_nats::jetstream::stream::{Config, RetentionPolicy};
use turnwire_nats_tests::{Broker, Program, wait};

use crate::{Running, nats, outbox, publish, store};

crate::with_both_servers! {
    a_stream_with_other_settings_is_refused_and_left_as_it_is,
    other_partitions_than_those_of_the_stream_are_refused,
    other_names_are_other_streams,
}

async fn jetstream(broker: &Broker) -> jetstream::Context {
    jetstream::new(async_nats::connect(broker.url()).await.unwrap())
}

/// The error with which a courier ends.
async fn refusal(running: Running) -> String {
    let ended = wait::within("the courier's end", running.task).await.unwrap().unwrap();
    let error = ended.unwrap_err();
    assert_eq!(error.code(), "config", "{error}");
    error.to_string()
}

async fn a_stream_with_other_settings_is_refused_and_left_as_it_is(program: Program) {
    let broker = Broker::start(&program).unwrap();
    let jetstream = jetstream(&broker).await;
    let foreign = Config {
        name: "turnwire".to_owned(),
        subjects: vec!["turnwire.>".to_owned()],
        retention: RetentionPolicy::Limits,
        max_messages: 10,
        ..Config::default()
    };
    let mut stream = jetstream.create_stream(foreign).await.unwrap();
    let before = stream.info().await.unwrap().config.clone();

    let store = store(["a"]);
    let error = refusal(Running::start(nats(&broker), &store)).await;
    for word in ["turnwire", "retention"] {
        assert!(error.contains(word), "`{word}` is missing in: {error}");
    }
    // The publisher keeps what it has, and says why.
    let outbox = outbox(nats(&broker));
    outbox.enqueue(turnwire_nats_tests::records::record("a", 0)).unwrap();
    wait::until("a reason", || {
        outbox.pending().unwrap().first().is_some_and(|record| record.reason.is_some())
    })
    .await
    .unwrap();
    let reason = outbox.pending().unwrap()[0].reason.clone().unwrap();
    assert!(reason.contains("retention"), "{reason}");
    assert_eq!(stream.info().await.unwrap().config, before);
}

async fn other_partitions_than_those_of_the_stream_are_refused(program: Program) {
    let broker = Broker::start(&program).unwrap();
    publish(nats(&broker), "a", 1).await;
    let store = store(["a"]);
    let error = refusal(Running::start(nats(&broker).partitions(8), &store)).await;
    for word in ["partitions", "4", "8"] {
        assert!(error.contains(word), "`{word}` is missing in: {error}");
    }
}

async fn other_names_are_other_streams(program: Program) {
    let broker = Broker::start(&program).unwrap();
    let store = store(["a", "b"]);
    publish(nats(&broker).stream("one"), "a", 2).await;
    publish(nats(&broker).stream("two").partitions(8), "b", 2).await;
    let courier = Running::start(nats(&broker).stream("two").partitions(8), &store);
    store.has(2).await.unwrap();
    wait::until_async("an empty stream", async || {
        courier.courier.stats().await.is_ok_and(|stats| stats.pending == 0)
    })
    .await
    .unwrap();
    courier.end().await;
    assert_eq!(store.saved(), 2);
    assert!(store.fake.stored().saves.iter().all(|id| id.starts_with('b')));
}
