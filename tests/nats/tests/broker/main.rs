//! The outbox over real servers, an old one and a recent one. Every test runs with both.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a test fails by panicking, and prints what it measures"
)]

mod cluster;
mod counting;
mod crash;
mod dead;
mod deleted;
mod delivery;
mod down;
mod foreign;
mod full;
mod jwt;
mod large;
mod many;
mod parked;
mod permitted;
mod refused;
mod requests;
mod secured;
mod stopped;

use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use turnwire::Outbox;
use turnwire::credentials::TokenProvider;
use turnwire::nats::{Courier, Nats, NatsSink};
use turnwire::outbox::{Delivery, Outcome, Sink};
use turnwire_fakes::{Fake, FakeStore};
use turnwire_nats_tests::run::Programs;
use turnwire_nats_tests::{Broker, Store, Verdict, records, wait};

/// Makes two tests of each function, one for each server.
macro_rules! with_both_servers {
    ($($(#[$note:meta])* $name:ident),+ $(,)?) => {
        mod debian {
            $($(#[$note])* #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(turnwire_nats_tests::Program::debian().unwrap()).await;
            })+
        }
        mod recent {
            $($(#[$note])* #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(turnwire_nats_tests::Program::recent().unwrap()).await;
            })+
        }
    };
}
pub(crate) use with_both_servers;

/// The programs of this crate.
fn programs() -> Programs {
    Programs {
        publisher: env!("CARGO_BIN_EXE_publisher").into(),
        courier: env!("CARGO_BIN_EXE_courier").into(),
    }
}

/// Settings with few partitions, of which each test needs no more.
fn nats(broker: &Broker) -> Nats {
    Nats::new(broker.url()).partitions(4)
}

/// A store with these conversations.
fn store<const N: usize>(conversations: [&str; N]) -> Store {
    let builder = FakeStore::builder().on(Fake::builder());
    Store::start(builder, conversations.map(str::to_owned)).unwrap()
}

/// Short waits, for servers that come back.
fn impatient() -> Delivery {
    Delivery::new()
        .initial_backoff(Duration::from_millis(10))
        .max_backoff(Duration::from_millis(100))
        .breaker_wait(Duration::from_millis(50))
        .max_breaker_wait(Duration::from_millis(200))
}

/// An outbox in memory that publishes.
fn outbox(nats: Nats) -> Outbox {
    let sink = NatsSink::new(nats).unwrap();
    Outbox::builder().delivery(impatient()).sink(sink).start().unwrap()
}

/// Publishes the first records of a conversation, and waits until the server has them.
async fn publish(nats: Nats, conversation: &str, records: usize) {
    let outbox = outbox(nats);
    for place in 0..records {
        outbox.enqueue(records::record(conversation, place)).unwrap();
    }
    let report = outbox.shutdown(wait::PATIENCE).await;
    assert_eq!((report.pending, report.dead), (0, 0), "{:?}", outbox.dead_letters());
}

/// Shows the logs of the library with the output of a failing test.
fn show_logs() {
    let level = tracing_subscriber::filter::LevelFilter::WARN;
    let logs = tracing_subscriber::fmt().with_test_writer().with_max_level(level);
    // The first test has done it.
    let _ = logs.try_init();
}

/// A courier that runs.
struct Running {
    courier: Courier,
    stop: oneshot::Sender<()>,
    task: JoinHandle<turnwire::Result<()>>,
}

impl Running {
    /// Starts a courier to the store, with its tokens.
    fn start(nats: Nats, store: &Store) -> Self {
        Self::with(nats, store.client().unwrap(), store.tokens())
    }

    fn with(nats: Nats, sink: impl Sink, tokens: impl TokenProvider + 'static) -> Self {
        let courier = Courier::builder(nats).sink(sink).tokens(tokens).delivery(impatient());
        Self::of(courier.build().unwrap())
    }

    fn of(courier: Courier) -> Self {
        show_logs();
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn({
            let courier = courier.clone();
            async move {
                let until = async move {
                    let _ = stopped.await;
                };
                let ended = courier.run(until).await;
                if let Err(error) = &ended {
                    eprintln!("the courier ended: {error}");
                }
                ended
            }
        });
        Self { courier, stop, task }
    }

    /// Ends it in an orderly way.
    async fn end(self) {
        self.stop.send(()).unwrap();
        wait::within("the courier's end", self.task).await.unwrap().unwrap().unwrap();
    }
}

/// A sink that needs no tokens, and does as the closure says.
fn sink_of(deliver: impl Fn(&str) -> Outcome + Send + Sync + Clone + 'static) -> impl Sink {
    move |record: turnwire::outbox::Record| {
        let outcome = deliver(record.id());
        async move { outcome }
    }
}

/// The comparison of a conversation's first records with the store; counts are not compared.
fn verdict(store: &Store, conversation: &str, places: usize) -> Verdict {
    let accepted = (0..places).map(|place| records::id(conversation, place)).collect();
    store.fake.read(|stored| Verdict::of(&accepted, stored, &[]))
}
