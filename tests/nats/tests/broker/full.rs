//! A stream that is full of records whose user has no token now: it takes no copy and no request, and goes on when the token is there.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use turnwire::credentials::{TokenRequest, Tokens};
use turnwire::nats::Nats;
use turnwire_nats_tests::{Broker, Program, records, wait};

use crate::{Running, nats, outbox, store, verdict};

/// Records, of which a part fits into the stream.
const MANY: usize = 20;
/// Records of each conversation that are parked before the stream is full.
const PARKED: usize = 3;

crate::with_both_servers! {
    a_full_stream_goes_on_after_an_outage_of_tokens,
}

async fn a_full_stream_goes_on_after_an_outage_of_tokens(program: Program) {
    let broker = Broker::start(&program).unwrap();
    let small = || -> Nats { nats(&broker).partitions(1).max_bytes(8_000) };
    let store = store(["a", "b"]);
    let is_back = Arc::new(AtomicBool::new(false));
    let tokens = {
        let (login, is_back) = (store.login().clone(), is_back.clone());
        move |_: TokenRequest| {
            let tokens = Tokens::new(login.access.clone(), login.refresh.clone());
            let tokens = is_back.load(Ordering::SeqCst).then_some(tokens);
            async move { Ok(tokens) }
        }
    };
    let courier = Running::with(small(), store.client().unwrap(), tokens);
    let outbox = outbox(small());
    let enqueue = |places: std::ops::Range<usize>| {
        for (place, conversation) in places.flat_map(|place| [(place, "a"), (place, "b")]) {
            outbox.enqueue(records::record(conversation, place)).unwrap();
        }
    };
    enqueue(0..PARKED);
    wait::until_async("parked records", async || {
        let stats = courier.courier.stats().await;
        stats.is_ok_and(|stats| stats.parked == 2 * PARKED as u64 && stats.pending == stats.parked)
    })
    .await
    .unwrap();
    enqueue(PARKED..MANY);
    wait::until("a full stream", || {
        let waiting = outbox.pending().unwrap();
        waiting.iter().any(|record| {
            record.reason.as_ref().is_some_and(|reason| reason.contains("maximum bytes"))
        })
    })
    .await
    .unwrap();
    is_back.store(true, Ordering::SeqCst);
    store.has(2 * MANY).await.unwrap();
    courier.end().await;
    for conversation in ["a", "b"] {
        let judged = verdict(&store, conversation, MANY);
        assert_eq!((judged.lost, judged.out_of_order, judged.repeated_late), (0, 0, 0), "{judged}");
    }
    assert_eq!(store.fake.read(|stored| stored.counted("a")), MANY as u64);
}
