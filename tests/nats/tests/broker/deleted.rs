//! A stream that is deleted under those that use it: created again, or they are refused in words if another one is in its place.

use std::sync::Arc;

use async_nats::jetstream;
use tokio::sync::Semaphore;
use turnwire::nats::NatsSink;
use turnwire::outbox::{Outcome, Record};
use turnwire_nats_tests::{Broker, Program, records, wait};

use crate::{Running, nats, outbox, publish, store};

const STREAM: &str = "turnwire";

crate::with_both_servers! {
    a_stream_that_is_deleted_during_a_run_is_created_again,
    a_stream_that_is_made_anew_with_other_partitions_gets_no_record_and_ends_the_run,
}

async fn jetstream(broker: &Broker) -> jetstream::Context {
    jetstream::new(async_nats::connect(broker.url()).await.unwrap())
}

async fn a_stream_that_is_deleted_during_a_run_is_created_again(program: Program) {
    let broker = Broker::start(&program).unwrap();
    // The first delivery goes on while the stream is deleted: the next request finds no consumer.
    let (begun, goes_on) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let sink = {
        let (begun, goes_on) = (begun.clone(), goes_on.clone());
        move |_: Record| {
            let (begun, goes_on) = (begun.clone(), goes_on.clone());
            async move {
                begun.add_permits(1);
                goes_on.acquire().await.unwrap().forget();
                Outcome::Delivered
            }
        }
    };
    let courier = Running::with(nats(&broker), sink, store([]).tokens());
    publish(nats(&broker), "a", 1).await;
    wait::within("a delivery", begun.acquire()).await.unwrap().unwrap().forget();
    let jetstream = jetstream(&broker).await;
    assert!(jetstream.delete_stream(STREAM).await.unwrap().success);
    goes_on.add_permits(2);
    // Nobody publishes meanwhile.
    wait::until_async("a new stream with its consumers", async || {
        match jetstream.get_stream(STREAM).await {
            Ok(mut stream) => stream.info().await.is_ok_and(|info| info.state.consumer_count == 4),
            Err(_) => false,
        }
    })
    .await
    .unwrap();
    publish(nats(&broker), "b", 1).await;
    wait::within("a delivery", begun.acquire()).await.unwrap().unwrap().forget();
    courier.end().await;
}

async fn a_stream_that_is_made_anew_with_other_partitions_gets_no_record_and_ends_the_run(
    program: Program,
) {
    let broker = Broker::start(&program).unwrap();
    let store = store(["a"]);
    let courier = Running::start(nats(&broker), &store);
    let outbox = outbox(nats(&broker));
    outbox.enqueue(records::record("a", 0)).unwrap();
    store.has(1).await.unwrap();
    let jetstream = jetstream(&broker).await;
    let other = NatsSink::new(nats(&broker).partitions(8)).unwrap();
    // The courier may be quicker, and create its own one.
    wait::until_async("a stream with other partitions", async || {
        let _ = jetstream.delete_stream(STREAM).await;
        other.check().await.is_ok()
    })
    .await
    .unwrap();
    let ended = wait::within("the courier's end", courier.task).await.unwrap().unwrap();
    let error = ended.unwrap_err();
    assert_eq!(error.code(), "config", "{error}");
    let words = ["8 partitions\" there", "4 partitions\" here"];
    words.iter().for_each(|word| assert!(error.to_string().contains(word), "{word}: {error}"));

    outbox.enqueue(records::record("a", 1)).unwrap();
    wait::until("a reason", || {
        let waiting = outbox.pending().unwrap();
        waiting
            .first()
            .and_then(|record| record.reason.as_ref())
            .is_some_and(|reason| words.iter().all(|word| reason.contains(word)))
    })
    .await
    .unwrap();
    let mut stream = jetstream.get_stream(STREAM).await.unwrap();
    assert_eq!(stream.info().await.unwrap().state.messages, 0);
}
