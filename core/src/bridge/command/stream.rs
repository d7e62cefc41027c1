//! The stream of a broker as a place that the command inspects.

use std::future::Future;
use std::path::PathBuf;
use std::sync::mpsc;

use serde_json::{Value, json};

use super::arguments::Broker;
use super::rows;
use super::source::{Counts, Source};
use super::table::Table;
use crate::error::{Error, ErrorKind, Result};
use crate::nats::{Courier, CourierStats, Nats};
use crate::outbox::{DeadLetter, PendingRecord};
use crate::process;

pub(super) struct Stream(String, Courier);

/// Connects to the broker; a stream that is missing is not created.
pub(super) fn open(broker: &Broker) -> Result<Stream> {
    let mut nats = Nats::new(broker.url.0.clone());
    let name = broker.stream.clone().unwrap_or_else(|| "turnwire".to_owned());
    nats = nats.stream(&name);
    if let Some(file) = &broker.credentials {
        nats = nats.credentials_file(file);
    }
    if let Some(file) = &broker.ca {
        nats = nats.ca_file(file);
    }
    Ok(Stream(name, finished(Courier::inspecting(nats))?))
}

/// Waits for a call, on a thread that may block.
fn finished<T: Send + 'static>(
    call: impl Future<Output = Result<T>> + Send + 'static,
) -> Result<T> {
    let (ended, end) = mpsc::channel();
    process::runtime()?.spawn(async move { ended.send(call.await) });
    end.recv().unwrap_or_else(|_| {
        Err(Error::new(ErrorKind::Cancelled, "outbox.command", "the call did not end"))
    })
}

impl Stream {
    /// Waits for a call of the courier.
    fn call<T: Send + 'static, F>(&self, call: impl FnOnce(Courier) -> F) -> Result<T>
    where
        F: Future<Output = Result<T>> + Send + 'static,
    {
        finished(call(self.1.clone()))
    }

    fn stats(&self) -> Result<CourierStats> {
        self.call(async move |courier| courier.stats().await)
    }
}

impl Source for Stream {
    fn place(&self) -> String {
        format!("stream {}", self.0)
    }

    fn set_aside(&self) -> Vec<PathBuf> {
        Vec::new()
    }

    fn counts(&self) -> Result<Counts> {
        let stats = self.stats()?;
        Ok(Counts { pending: stats.pending, dead: stats.dead })
    }

    fn pending(&self) -> Result<Vec<PendingRecord>> {
        self.call(async move |courier| courier.pending().await)
    }

    fn dead_letters(&self) -> Result<Vec<DeadLetter>> {
        self.call(async move |courier| courier.dead_letters().await)
    }

    fn requeue(&self, id: &str) -> Result<bool> {
        let id = id.to_owned();
        self.call(async move |courier| courier.requeue(&id).await)
    }

    fn discard(&self, id: &str) -> Result<bool> {
        let id = id.to_owned();
        self.call(async move |courier| courier.discard(&id).await)
    }

    fn is_on_its_way(&self, id: &str) -> Result<bool> {
        Ok(self.pending()?.iter().any(|record| record.id == id))
    }

    fn status(&self) -> Result<Table> {
        // Not the list: it has a request for each of its records.
        let (stats, oldest) =
            self.call(async move |courier| Ok((courier.stats().await?, courier.oldest().await?)))?;
        let mut table = Table::new(&["stream", &self.0]);
        table.add(rows::counter("pending", stats.pending));
        table.add(rows::counter("  of them parked", stats.parked));
        if let Some(oldest) = oldest {
            table.add(rows::oldest(oldest));
        }
        table.add(rows::counter("dead letters", stats.dead));
        Ok(table)
    }

    fn status_json(&self) -> Result<Value> {
        let stats = self.stats()?;
        Ok(
            json!({"stream": self.0, "pending": stats.pending, "parked": stats.parked, "dead": stats.dead}),
        )
    }
}
