//! A process that delivers the records of a stream to a store until SIGTERM, and notes each count.
#![allow(clippy::print_stderr, reason = "a program reports its error")]

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};
use turnwire::ChatStore;
use turnwire::nats::{Courier, Nats};
use turnwire::outbox::Delivery;
use turnwire_nats_tests::Journal;
use turnwire_nats_tests::store::provider;

#[derive(Parser)]
struct Arguments {
    /// Addresses of the servers, with commas between.
    #[arg(long)]
    url: String,
    /// Address of the store.
    #[arg(long)]
    store: String,
    /// The user's access token.
    #[arg(long)]
    access: String,
    /// The user's refresh token.
    #[arg(long)]
    refresh: String,
    /// Path of the journal.
    #[arg(long)]
    journal: PathBuf,
    /// Partitions of the stream.
    #[arg(long)]
    partitions: u16,
    /// Copies of the stream.
    #[arg(long, default_value_t = 1)]
    replicas: u8,
}

#[tokio::main]
async fn main() -> ExitCode {
    match deliver(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("courier: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn deliver(arguments: Arguments) -> Result<()> {
    // Before the first delivery: a signal right after the start must be handled.
    let mut terminate = signal(SignalKind::terminate())?;
    let nats =
        Nats::new(arguments.url).partitions(arguments.partitions).replicas(arguments.replicas);
    // Random faults are no outage: with the usual settings, five of them in a row would stop everything for a while.
    let delivery = Delivery::new()
        .poison_tries(1000)
        .initial_backoff(Duration::from_millis(20))
        .max_backoff(Duration::from_millis(500))
        .breaker_wait(Duration::from_millis(20))
        .max_breaker_wait(Duration::from_millis(200));
    let courier = Courier::builder(nats)
        .sink(Journal::open(&arguments.journal)?.noting(ChatStore::new(arguments.store)?))
        .tokens(provider(arguments.access, arguments.refresh))
        .delivery(delivery)
        .build()?;
    let until = async move {
        terminate.recv().await;
    };
    courier.run(until).await?;
    Ok(())
}
