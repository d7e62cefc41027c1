//! The places that the command inspects: the files of outboxes, and the stream of a broker.

use std::fs;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::mpsc;

use serde_json::{Value, json};

use super::arguments::{Broker, Options};
use super::rows;
use super::table::Table;
use crate::error::{Error, ErrorKind, Result};
use crate::nats::{Courier, Nats};
use crate::outbox::{DeadLetter, Outbox, PendingRecord};
use crate::process;

/// The file that is inspected unless another place is given.
const FILE: &str = "var/outbox.db";

/// A place with records.
pub(super) enum Source {
    File(PathBuf, Outbox),
    Stream(String, Courier),
}

/// The reason why a place is not opened.
pub(super) enum Unopened {
    Call(Error),
    Refused(String),
}

impl From<Error> for Unopened {
    fn from(error: Error) -> Self {
        Unopened::Call(error)
    }
}

/// The opened places.
pub(super) struct Sources {
    pub(super) open: Vec<Source>,
    /// The failure of the broker, which hides no file.
    pub(super) failed: Option<Error>,
}

/// The places that the options name. A broker may be inspected without the file at its usual place.
pub(super) fn open(options: &Options) -> std::result::Result<Sources, Unopened> {
    let usual = [PathBuf::from(FILE)];
    let files = match options.files.as_slice() {
        [] if options.broker.is_some() && !Path::new(FILE).exists() => &[],
        [] => usual.as_slice(),
        files => files,
    };
    let mut sources = Sources { open: Vec::new(), failed: None };
    for file in files {
        sources.open.push(Source::File(file.clone(), open_file(file)?));
    }
    match options.broker.as_ref().map(open_stream) {
        Some(Ok(stream)) => sources.open.push(stream),
        Some(Err(error)) => sources.failed = Some(error),
        None => {}
    }
    Ok(sources)
}

/// Opens an existing outbox: an inspection must not create one.
fn open_file(file: &Path) -> std::result::Result<Outbox, Unopened> {
    let refused = |why: &str| Unopened::Refused(format!("no outbox: {} {why}", file.display()));
    if !file.exists() {
        return Err(refused("is not there; --file says where it is"));
    }
    // The library would make an outbox of it. One that another process creates now has a log beside it.
    let log =
        file.with_file_name(format!("{}-wal", file.file_name().unwrap_or_default().display()));
    if fs::metadata(file).is_ok_and(|found| found.is_file() && found.len() == 0) && !log.exists() {
        return Err(refused("is empty; --file says where the outbox is"));
    }
    Ok(Outbox::open(file)?)
}

fn open_stream(broker: &Broker) -> Result<Source> {
    let mut nats = Nats::new(broker.url.0.clone());
    let name = broker.stream.clone().unwrap_or_else(|| "turnwire".to_owned());
    nats = nats.stream(&name);
    if let Some(file) = &broker.credentials {
        nats = nats.credentials_file(file);
    }
    if let Some(file) = &broker.ca {
        nats = nats.ca_file(file);
    }
    Ok(Source::Stream(name, finished(Courier::inspecting(nats))?))
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

/// The counters of a place, of those that lists need.
pub(super) struct Counts {
    pub(super) pending: u64,
    pub(super) dead: u64,
}

impl Source {
    /// The name of the place.
    pub(super) fn place(&self) -> String {
        match self {
            Source::File(file, _) => file.display().to_string(),
            Source::Stream(name, _) => format!("stream {name}"),
        }
    }

    /// The damaged files that were set aside.
    pub(super) fn set_aside(&self) -> Vec<PathBuf> {
        match self {
            Source::File(_, outbox) => outbox.stats().set_aside,
            Source::Stream(..) => Vec::new(),
        }
    }

    pub(super) fn counts(&self) -> Result<Counts> {
        Ok(match self {
            Source::File(_, outbox) => {
                let stats = outbox.stats();
                Counts { pending: stats.pending, dead: stats.dead }
            }
            Source::Stream(_, courier) => {
                let courier = courier.clone();
                let stats = finished(async move { courier.stats().await })?;
                Counts { pending: stats.pending, dead: stats.dead }
            }
        })
    }

    pub(super) fn pending(&self) -> Result<Vec<PendingRecord>> {
        match self {
            Source::File(_, outbox) => outbox.pending(),
            Source::Stream(_, courier) => {
                let courier = courier.clone();
                finished(async move { courier.pending().await })
            }
        }
    }

    pub(super) fn dead_letters(&self) -> Result<Vec<DeadLetter>> {
        match self {
            Source::File(_, outbox) => outbox.dead_letters(),
            Source::Stream(_, courier) => {
                let courier = courier.clone();
                finished(async move { courier.dead_letters().await })
            }
        }
    }

    pub(super) fn requeue(&self, id: &str) -> Result<bool> {
        match self {
            Source::File(_, outbox) => outbox.requeue(id),
            Source::Stream(_, courier) => {
                let (courier, id) = (courier.clone(), id.to_owned());
                finished(async move { courier.requeue(&id).await })
            }
        }
    }

    pub(super) fn discard(&self, id: &str) -> Result<bool> {
        match self {
            Source::File(_, outbox) => outbox.discard(id),
            Source::Stream(_, courier) => {
                let (courier, id) = (courier.clone(), id.to_owned());
                finished(async move { courier.discard(&id).await })
            }
        }
    }

    /// Returns true for a record in a partition of a stream, where it may be on its way.
    pub(super) fn is_on_its_way(&self, id: &str) -> Result<bool> {
        match self {
            Source::File(..) => Ok(false),
            Source::Stream(..) => Ok(self.pending()?.iter().any(|record| record.id == id)),
        }
    }

    /// The counters as a table.
    pub(super) fn status(&self) -> Result<Table> {
        let mut lines = Vec::new();
        let mut add = |name: &'static str, value: String| lines.push(vec![name.to_owned(), value]);
        let title = match self {
            Source::File(file, outbox) => {
                let stats = outbox.stats();
                add("pending", stats.pending.to_string());
                add("  of them held", stats.held.to_string());
                let pending = outbox.pending()?.into_iter();
                if let Some(oldest) = pending.map(|record| record.accepted_at).min() {
                    add("  oldest accepted", rows::local(oldest));
                }
                add("dead letters", stats.dead.to_string());
                if let Some(error) = stats.storage_error {
                    add("trouble", error);
                }
                ["outbox".to_owned(), file.display().to_string()]
            }
            Source::Stream(name, courier) => {
                let courier = courier.clone();
                // Not the list: it has a request for each of its records.
                let looked = async move { Ok((courier.stats().await?, courier.oldest().await?)) };
                let (stats, oldest) = finished(looked)?;
                add("pending", stats.pending.to_string());
                add("  of them parked", stats.parked.to_string());
                if let Some(oldest) = oldest {
                    add("  oldest accepted", rows::local(oldest));
                }
                add("dead letters", stats.dead.to_string());
                ["stream".to_owned(), name.clone()]
            }
        };
        let mut table = Table::new(&title.each_ref().map(String::as_str));
        lines.into_iter().for_each(|line| table.add(line));
        Ok(table)
    }

    /// The counters as JSON.
    pub(super) fn status_json(&self) -> Result<Value> {
        Ok(match self {
            Source::File(file, outbox) => {
                let stats = outbox.stats();
                let set_aside: Vec<_> =
                    stats.set_aside.iter().map(|path| path.to_string_lossy()).collect();
                json!({
                    "file": file.to_string_lossy(), "pending": stats.pending, "held": stats.held, "dead": stats.dead,
                    "storageError": stats.storage_error, "setAside": set_aside,
                })
            }
            Source::Stream(name, courier) => {
                let courier = courier.clone();
                let stats = finished(async move { courier.stats().await })?;
                json!({"stream": name, "pending": stats.pending, "parked": stats.parked, "dead": stats.dead})
            }
        })
    }
}
