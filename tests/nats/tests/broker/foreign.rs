//! Messages that are no records, as another program may publish them: they become dead letters, and the records behind them go on.

use turnwire_nats_tests::{Broker, Program, wait};

use crate::{Running, nats, publish, store};

crate::with_both_servers! {
    a_foreign_message_of_any_size_stops_nothing,
}

async fn a_foreign_message_of_any_size_stops_nothing(program: Program) {
    let broker = Broker::start(&program).unwrap();
    let store = store(["a"]);
    // Creates the stream.
    publish(nats(&broker).partitions(1), "a", 1).await;
    let client = async_nats::connect(broker.url()).await.unwrap();
    let jetstream = async_nats::jetstream::new(client);
    // As JSON the first one has six times as many bytes, which is more than the server takes.
    for (subject, body) in [
        ("turnwire.rec.1.0.foreign", vec![1_u8; 900_000]),
        ("turnwire.parked.1.0.foreign", vec![0xff_u8; 900_000]),
    ] {
        jetstream.publish(subject, body.into()).await.unwrap().await.unwrap();
    }
    publish(nats(&broker).partitions(1), "a", 2).await;
    let courier = Running::start(nats(&broker).partitions(1), &store);
    store.has(2).await.unwrap();
    wait::until_async("two dead letters", async || {
        let stats = courier.courier.stats().await;
        stats.is_ok_and(|stats| (stats.dead, stats.parked, stats.pending) == (2, 0, 0))
    })
    .await
    .unwrap();
    let letters = courier.courier.dead_letters().await.unwrap();
    assert!(letters.iter().all(|letter| letter.reason.contains("no record")), "{letters:?}");
    let texts: Vec<&str> = letters.iter().map(|letter| letter.payload.as_str().unwrap()).collect();
    assert!(texts.iter().any(|text| text.starts_with('\u{1}') && text.len() > 10_000));
    assert!(texts.iter().any(|text| text.starts_with('\u{fffd}') && text.len() > 10_000));
    courier.end().await;
}
