//! The number of requests to a server: it does not grow with records that only wait.

use std::future::ready;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_nats::{Client, Subscriber};
use futures::StreamExt;
use turnwire::bridge::outbox_command;
use turnwire::credentials::TokenRequest;
use turnwire::nats::Courier;
use turnwire::outbox::Delivery;
use turnwire_nats_tests::{Broker, Program, records, wait};

use crate::{Running, nats, outbox, publish, store};

crate::with_both_servers! {
    parked_conversations_cost_requests_only_when_they_are_due,
    the_status_of_a_stream_does_not_read_its_records,
}

/// The last request that is counted.
const END: &str = "$JS.API.END";

/// A client that gets all requests to the server.
struct Spy {
    client: Client,
    requests: Subscriber,
}

impl Spy {
    async fn new(broker: &Broker) -> Self {
        let client = async_nats::connect(broker.url()).await.unwrap();
        let requests = client.subscribe("$JS.API.>").await.unwrap();
        client.flush().await.unwrap();
        Self { client, requests }
    }

    /// The number of requests since the last call.
    async fn requests(&mut self) -> usize {
        self.client.publish(END, "".into()).await.unwrap();
        let counted = self.requests.by_ref().take_while(|request| ready(&*request.subject != END));
        wait::within("the last request", counted.count()).await.unwrap()
    }
}

async fn parked_conversations_cost_requests_only_when_they_are_due(program: Program) {
    const CONVERSATIONS: usize = 60;
    let broker = Broker::start(&program).unwrap();
    let mut spy = Spy::new(&broker).await;
    let store = store([]);
    let asked = Arc::new(AtomicUsize::new(0));
    let tokens = {
        let asked = asked.clone();
        move |_: TokenRequest| {
            asked.fetch_add(1, Ordering::SeqCst);
            async { Ok(None) }
        }
    };
    // Waits that soon are far longer than the interval of the looks.
    let delivery = Delivery::new().initial_backoff(Duration::from_millis(50));
    let courier = Courier::builder(nats(&broker).partitions(1)).delivery(delivery);
    let courier = courier.sink(store.client().unwrap()).tokens(tokens).build().unwrap();
    let courier = Running::of(courier);
    let outbox = outbox(nats(&broker).partitions(1));
    for number in 0..CONVERSATIONS {
        outbox.enqueue(records::record(&format!("c{number}"), 0)).unwrap();
    }
    let attempts = async |each: usize| {
        let so_many = || asked.load(Ordering::SeqCst) >= each * CONVERSATIONS;
        wait::until("attempts", so_many).await.unwrap();
        asked.load(Ordering::SeqCst)
    };
    let first = attempts(7).await;
    spy.requests().await;
    let (attempts, requests) = (attempts(9).await - first, spy.requests().await);

    assert!(requests < 10 * attempts, "{requests} requests for {attempts} attempts");
    courier.end().await;
}

async fn the_status_of_a_stream_does_not_read_its_records(program: Program) {
    const RECORDS: usize = 100;
    let broker = Broker::start(&program).unwrap();
    publish(nats(&broker), "a", RECORDS).await;
    let mut spy = Spy::new(&broker).await;
    let words = ["status", "--nats", &broker.url()].map(Into::into);
    let status = move || {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let code = outbox_command(words.clone(), "", &mut out, &mut err);
        (code, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
    };
    let mut told = tokio::task::spawn_blocking(status.clone()).await.unwrap();
    // A pause of the machine may use up the time for connecting.
    for _ in 0..4 {
        if told.0 != 0 {
            spy.requests().await;
            told = tokio::task::spawn_blocking(status.clone()).await.unwrap();
        }
    }
    let (code, out, err) = told;
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.contains("100") && out.contains("oldest accepted"), "{out}");
    let requests = spy.requests().await;

    assert!(requests < 20, "{requests} requests");
}
