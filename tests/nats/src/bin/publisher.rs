//! A process that enqueues records in an outbox file and publishes them. It ends when all are with the broker; one that
//! was killed is started again with the same words, and continues.
#![allow(clippy::print_stderr, reason = "a program reports its error")]

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, ensure};
use clap::Parser;
use tokio::time::sleep;
use turnwire::Outbox;
use turnwire::nats::{Nats, NatsSink};
use turnwire::outbox::Delivery;
use turnwire_nats_tests::records;

/// The pause after a record while publishers are killed.
const PAUSE: Duration = Duration::from_millis(1);

#[derive(Parser)]
struct Arguments {
    /// Addresses of the servers, with commas between.
    #[arg(long)]
    url: String,
    /// Name of the publisher, the first part of its conversations.
    #[arg(long)]
    name: String,
    /// Path of the outbox.
    #[arg(long)]
    file: PathBuf,
    /// Path of a file before whose creation it takes its time, and does not end: it can be killed while it publishes.
    #[arg(long)]
    released: PathBuf,
    /// Number of records.
    #[arg(long)]
    records: usize,
    /// Number of conversations.
    #[arg(long)]
    conversations: usize,
    /// Partitions of the stream.
    #[arg(long)]
    partitions: u16,
    /// Copies of the stream.
    #[arg(long, default_value_t = 1)]
    replicas: u8,
}

#[tokio::main]
async fn main() -> ExitCode {
    match publish(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("publisher: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn publish(arguments: Arguments) -> Result<()> {
    let nats =
        Nats::new(arguments.url).partitions(arguments.partitions).replicas(arguments.replicas);
    let delivery = Delivery::new()
        .concurrency(256)
        .max_backoff(Duration::from_secs(1))
        .breaker_wait(Duration::from_millis(200))
        .max_breaker_wait(Duration::from_secs(1));
    let sink = NatsSink::new(nats)?;
    let outbox = Outbox::builder().path(arguments.file).delivery(delivery).sink(sink).start()?;
    for number in 0..arguments.records {
        outbox.enqueue(records::numbered(&arguments.name, number, arguments.conversations))?;
        if !arguments.released.exists() {
            sleep(PAUSE).await;
        }
    }
    while !arguments.released.exists() {
        sleep(PAUSE).await;
    }
    let report = outbox.shutdown(Duration::MAX).await;
    ensure!(report.pending == 0 && report.dead == 0, "not all were published: {report:?}");
    Ok(())
}
