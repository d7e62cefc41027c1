//! Couriers whose server is down or silent: they end when they are stopped, however many partitions wait for it.

use turnwire::nats::Nats;
use turnwire::outbox::Outcome;
use turnwire_nats_tests::{Broker, Program, wait};

use crate::{Running, sink_of, store};

/// Questions of five seconds each that nobody answers. After the second one, all partitions have noticed it.
const UNANSWERED: usize = 3;

crate::with_both_servers! {
    a_courier_of_a_server_that_is_down_ends,
    a_courier_of_a_server_that_is_silent_ends,
}

async fn a_courier_of_a_server_that_is_down_ends(program: Program) {
    ends_after(program, |broker| broker.kill().unwrap()).await;
}

async fn a_courier_of_a_server_that_is_silent_ends(program: Program) {
    ends_after(program, |broker| broker.freeze().unwrap()).await;
}

async fn ends_after(program: Program, fault: impl FnOnce(&mut Broker)) {
    let mut broker = Broker::start(&program).unwrap();
    let sink = sink_of(|_| Outcome::Delivered);
    let nats = Nats::new(broker.url()).partitions(64);
    let courier = Running::with(nats, sink, store([]).tokens());
    wait::until("a running courier", || courier.courier.is_ready()).await.unwrap();
    fault(&mut broker);
    let mut unanswered = 0;
    wait::until_async("questions that nobody answers", async || {
        unanswered += usize::from(courier.courier.stats().await.is_err());
        unanswered == UNANSWERED
    })
    .await
    .unwrap();
    // The time limit of the end is far below that of one question for each partition.
    courier.end().await;
}
