//! One process that enqueues and delivers records, and writes the journal.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Result, bail};
use clap::Args;
use serde_json::json;
use turnwire::Outbox;
use turnwire::outbox::{Delivery, Durability, OutboxBuilder, Outcome, Receipt, Record, Sink};

use crate::journal::{Event, Journal};
use crate::outbox_in;

#[derive(Args, Clone, Debug)]
pub(crate) struct Options {
    /// Directory of the outbox and the journal.
    #[arg(long)]
    pub(crate) directory: PathBuf,
    /// Name of the process, unique in the run.
    #[arg(long)]
    pub(crate) name: String,
    /// Number of records to enqueue.
    #[arg(long)]
    pub(crate) records: usize,
    /// Number of conversations that they belong to.
    #[arg(long, default_value_t = 8)]
    pub(crate) conversations: usize,
    /// Percentage of deliveries that fail.
    #[arg(long, default_value_t = 5)]
    pub(crate) failing: u8,
    /// The longest duration of a delivery, in microseconds.
    #[arg(long, default_value_t = 500)]
    pub(crate) slowness: u64,
    /// Seconds to wait for the deliveries at the end.
    #[arg(long, default_value_t = 60)]
    pub(crate) patience: u64,
    /// Other processes may still have records when this one ends.
    #[arg(long)]
    pub(crate) shares: bool,
    /// Another name of the outbox.
    #[arg(long)]
    pub(crate) outbox: Option<PathBuf>,
    /// Wait for the disk with each record.
    #[arg(long)]
    pub(crate) fsync: bool,
}

/// A sink that writes its deliveries to the journal.
pub(crate) struct Noting {
    pub(crate) journal: Journal,
    pub(crate) failing: u8,
    pub(crate) slowness: u64,
}

#[turnwire::async_trait]
impl Sink for Noting {
    async fn deliver(&self, record: &Record) -> Outcome {
        self.journal.note(Event::Begin, record.conversation(), record.id());
        tokio::time::sleep(Duration::from_micros(fastrand::u64(..=self.slowness))).await;
        if fastrand::u8(..100) < self.failing {
            self.journal.note(Event::Failed, record.conversation(), record.id());
            return Outcome::unavailable("as drawn");
        }
        self.journal.note(Event::Delivered, record.conversation(), record.id());
        Outcome::Delivered
    }

    async fn delivered(&self, record: &Record) {
        self.journal.note(Event::Counted, record.conversation(), record.id());
    }
}

/// Enqueues its records, waits for the deliveries, and ends; unless it is killed before.
pub(crate) fn run(options: &Options) -> Result<()> {
    let journal = Journal::open(&options.directory, &options.name)?;
    let sink =
        Noting { journal: journal.clone(), failing: options.failing, slowness: options.slowness };
    let durability = if options.fsync { Durability::Fsync } else { Durability::Os };
    let path = options.outbox.clone().unwrap_or_else(|| outbox_in(&options.directory));
    let outbox = outbox(&options.directory, durability).path(path).sink(sink).start()?;
    for n in 0..options.records {
        enqueue(&outbox, &journal, &options.name, n, options.conversations)?;
    }
    let patience = Duration::from_secs(options.patience);
    if options.shares {
        return wait_for(outbox.shutdown(patience)).map(drop);
    }
    finish(&outbox, patience)
}

/// An outbox with short waits.
pub(crate) fn outbox(directory: &Path, durability: Durability) -> OutboxBuilder {
    let delivery = Delivery::new()
        .initial_backoff(Duration::from_millis(1))
        .max_backoff(Duration::from_millis(20))
        .breaker_failures(u32::MAX)
        // Failures here are never the record's fault.
        .poison_tries(u32::MAX / 8);
    Outbox::builder().path(outbox_in(directory)).durability(durability).delivery(delivery)
}

/// Enqueues the record with this number, and writes the receipt to the journal.
pub(crate) fn enqueue(
    outbox: &Outbox,
    journal: &Journal,
    name: &str,
    n: usize,
    conversations: usize,
) -> Result<Receipt> {
    let conversation = format!("c{}", n % conversations);
    let id = format!("{name}-{n:06}");
    let text = "여보세요".repeat(20);
    let receipt = outbox.enqueue(Record::new(&conversation, &id, json!({"text": text, "n": n})))?;
    let event = if receipt.durable { Event::Durable } else { Event::InMemory };
    journal.note(event, &conversation, &id);
    Ok(receipt)
}

/// Shuts the outbox down; it must be empty.
pub(crate) fn finish(outbox: &Outbox, patience: Duration) -> Result<()> {
    let report = wait_for(outbox.shutdown(patience))?;
    if report.pending > 0 {
        bail!("{} records are pending after {} s", report.pending, patience.as_secs());
    }
    Ok(())
}

pub(crate) fn wait_for<T>(future: impl Future<Output = T>) -> Result<T> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(future))
}
