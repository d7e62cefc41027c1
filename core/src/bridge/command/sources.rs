//! The places that the command inspects: the files of outboxes, and the stream of a broker.

use std::path::{Path, PathBuf};

use super::arguments::{Broker, Options};
use super::file;
use super::source::{Source, Unopened};
#[cfg(feature = "nats")]
use super::stream;
#[cfg(not(feature = "nats"))]
use crate::bridge::no_nats;
use crate::error::{Error, Result};

/// The file that is inspected unless another place is given.
const FILE: &str = "var/outbox.db";

/// The opened places.
pub(super) struct Sources {
    pub(super) open: Vec<Box<dyn Source>>,
    /// The failure of the broker, which hides no file.
    pub(super) failed: Option<Error>,
}

/// The places that the options name. A broker may be inspected without the file at its usual place; `install` is the advice
/// where this build has no client of brokers.
pub(super) fn open(
    options: &Options,
    install: &'static str,
) -> std::result::Result<Sources, Unopened> {
    let usual = [PathBuf::from(FILE)];
    let files = match options.files.as_slice() {
        [] if options.broker.is_some() && !Path::new(FILE).exists() => &[],
        [] => usual.as_slice(),
        files => files,
    };
    let mut sources = Sources { open: Vec::new(), failed: None };
    for path in files {
        sources.open.push(Box::new(file::open(path)?));
    }
    match options.broker.as_ref().map(|broker| open_stream(broker, install)) {
        Some(Ok(stream)) => sources.open.push(stream),
        Some(Err(error)) => sources.failed = Some(error),
        None => {}
    }
    Ok(sources)
}

#[cfg(feature = "nats")]
fn open_stream(broker: &Broker, _install: &'static str) -> Result<Box<dyn Source>> {
    Ok(Box::new(stream::open(broker)?))
}

#[cfg(not(feature = "nats"))]
fn open_stream(_broker: &Broker, install: &'static str) -> Result<Box<dyn Source>> {
    Err(no_nats("outbox.command", install))
}
