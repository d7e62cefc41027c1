//! The bucket that counts records: deliveries do not wait for it, and a courier creates it again.

use turnwire_nats_tests::{Broker, Program, wait};

use crate::{Running, nats, publish, store};

const MANY: usize = 600;

crate::with_both_servers! {
    a_bucket_that_is_deleted_is_created_again_and_holds_nothing_back,
}

async fn a_bucket_that_is_deleted_is_created_again_and_holds_nothing_back(program: Program) {
    let broker = Broker::start(&program).unwrap();
    let store = store(["a", "b"]);
    publish(nats(&broker), "a", 1).await;
    let courier = Running::start(nats(&broker), &store);
    let counted = |conversation: &str| store.fake.read(|stored| stored.counted(conversation));
    wait::until("a counted record", || counted("a") == 1).await.unwrap();
    let client = async_nats::connect(broker.url()).await.unwrap();
    let jetstream = async_nats::jetstream::new(client);
    assert!(jetstream.delete_stream("KV_turnwire_counted").await.unwrap().success);
    publish(nats(&broker), "b", MANY).await;
    store.has(1 + MANY).await.unwrap();
    wait::until_async("a new bucket", async || {
        jetstream.get_stream("KV_turnwire_counted").await.is_ok()
    })
    .await
    .unwrap();
    courier.end().await;
    assert!(counted("b") > 0 && counted("b") <= MANY as u64);
}
