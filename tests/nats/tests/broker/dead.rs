//! Dead letters of the stream: seen, sent again, and discarded.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use turnwire::outbox::{DeadLetter, Outcome};
use turnwire_fakes::{FakeStore, Script};
use turnwire_nats_tests::store::provider;
use turnwire_nats_tests::{Broker, Program, records, wait};

use crate::{Running, nats, publish, sink_of, store};

crate::with_both_servers! {
    a_refused_record_is_dead_and_the_next_ones_are_not,
    a_dead_letter_that_is_requeued_is_delivered,
    a_dead_letter_that_is_discarded_is_gone,
    poison_is_dead_while_others_are_delivered,
}

async fn letters(running: &Running, number: usize) -> Vec<DeadLetter> {
    let what = format!("{number} dead letters");
    let letters = async || running.courier.dead_letters().await.unwrap_or_default();
    wait::until_async(&what, async || letters().await.len() == number).await.unwrap();
    letters().await
}

async fn a_refused_record_is_dead_and_the_next_ones_are_not(program: Program) {
    let broker = Broker::start(&program).unwrap();
    let store = store(["a"]);
    let refused = records::id("a", 1);
    store.fake.fake().script(&refused, FakeStore::refusal(400, "no such thing"));
    publish(nats(&broker), "a", 4).await;
    let courier = Running::start(nats(&broker), &store);
    store.has(3).await.unwrap();
    let letters = letters(&courier, 1).await;
    let letter = &letters[0];
    assert_eq!((letter.id.as_str(), letter.conversation.as_str()), (refused.as_str(), "a"));
    assert_eq!(letter.user.as_deref(), Some(records::USER));
    assert_eq!(letter.payload["msgId"], refused.as_str());
    assert!(letter.reason.contains("no such thing"), "{}", letter.reason);
    let stats = courier.courier.stats().await.unwrap();
    assert_eq!(stats.dead, 1, "{stats:?}");
    courier.end().await;
    let saves = store.fake.stored().saves;
    assert_eq!(saves, [0, 2, 3].map(|place| records::id("a", place)));
}

async fn a_dead_letter_that_is_requeued_is_delivered(program: Program) {
    let broker = Broker::start(&program).unwrap();
    let store = store(["a"]);
    let refused = records::id("a", 0);
    store.fake.fake().script(&refused, FakeStore::refusal(400, "no such thing"));
    store.fake.fake().script(&refused, FakeStore::refusal(400, "no such thing"));
    store.fake.fake().script(&refused, Script::pass());
    publish(nats(&broker), "a", 1).await;
    let courier = Running::start(nats(&broker), &store);
    // The second time it is refused again, and is one dead letter still.
    letters(&courier, 1).await;
    assert!(courier.courier.requeue(&refused).await.unwrap());
    wait::until("a second refusal", || store.fake.fake().requests().len() >= 2).await.unwrap();
    letters(&courier, 1).await;
    assert!(courier.courier.requeue(&refused).await.unwrap());
    store.has(1).await.unwrap();
    letters(&courier, 0).await;
    assert!(!courier.courier.requeue(&refused).await.unwrap());
    store.has_counted("a", 1).await.unwrap();
    courier.end().await;
    assert_eq!(store.fake.read(|stored| stored.counted("a")), 1);
}

async fn a_dead_letter_that_is_discarded_is_gone(program: Program) {
    let broker = Broker::start(&program).unwrap();
    let store = store(["a"]);
    store.fake.fake().script("save", FakeStore::refusal(400, "no such thing"));
    publish(nats(&broker), "a", 1).await;
    let courier = Running::start(nats(&broker), &store);
    let dead = letters(&courier, 1).await.remove(0).id;
    assert!(courier.courier.discard(&dead).await.unwrap());
    letters(&courier, 0).await;
    assert!(!courier.courier.discard(&dead).await.unwrap());
    assert!(!courier.courier.requeue("unknown").await.unwrap());
    courier.end().await;
    assert_eq!(store.saved(), 0);
}

/// A record that the service fails at, in one conversation and partition with others.
async fn poison_is_dead_while_others_are_delivered(program: Program) {
    let broker = Broker::start(&program).unwrap();
    let poison = records::id("a", 0);
    publish(nats(&broker).partitions(1), "a", 1).await;
    for conversation in ["b", "c"] {
        publish(nats(&broker).partitions(1), conversation, 10).await;
    }
    let is_seen = Arc::new(AtomicBool::new(false));
    let sink = sink_of({
        let (poison, is_seen) = (poison.clone(), is_seen.clone());
        move |id| match id {
            _ if id == poison => {
                is_seen.store(true, Ordering::SeqCst);
                Outcome::retry("HTTP 500")
            }
            _ => Outcome::Delivered,
        }
    });
    let courier =
        Running::with(nats(&broker).partitions(1), sink, provider(String::new(), String::new()));
    wait::until_async("the others", async || {
        courier.courier.stats().await.is_ok_and(|stats| stats.delivered_here == 20)
    })
    .await
    .unwrap();
    let letters = letters(&courier, 1).await;
    assert_eq!(letters[0].id, poison);
    assert!(is_seen.load(Ordering::SeqCst) && letters[0].reason.contains("HTTP 500"));
    courier.end().await;
}
