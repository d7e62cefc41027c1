//! An outbox on its own, and the command that inspects one.

use std::ffi::OsString;
use std::io;

use pyo3::prelude::*;
use turnwire::bridge;
use turnwire::bridge::settings::{self, Names};
use turnwire::conversation::ConversationSink;
use turnwire::outbox::{Outcome, Record};

use crate::call::Call;
use crate::error::exception;
use crate::extra::INSTALL;
use crate::fork;
use crate::host::function;
#[cfg(feature = "nats")]
use crate::nats::NatsSink;
#[cfg(not(feature = "nats"))]
use crate::no_nats::NatsSink;
use crate::seconds::{Seconds, longest_wait};
use crate::store::Store;
use crate::text::{OwnedText, Text};

const SINK: &str = "outbox.deliver";

/// A durable outbox.
#[pyclass(frozen, weakref, module = "turnwire._core")]
pub(crate) struct Outbox(turnwire::Outbox);

type Enter = fn(&turnwire::Outbox, &str, Names) -> turnwire::Result<bridge::Call>;

impl Outbox {
    pub(crate) fn inner(&self) -> &turnwire::Outbox {
        &self.0
    }

    /// The file may take a moment.
    fn enter(&self, py: Python<'_>, record: Text<'_>, enter: Enter) -> PyResult<Call> {
        Call::new(py, py.detach(|| enter(&self.0, &record, Names::Snake)))
    }

    fn inspect<T: bridge::IntoAnswer + Send + 'static>(
        &self,
        py: Python<'_>,
        act: impl FnOnce(&turnwire::Outbox) -> turnwire::Result<T> + Send + 'static,
    ) -> PyResult<Call> {
        let outbox = self.0.clone();
        Call::new(py, bridge::call_blocking(move || act(&outbox)))
    }
}

#[pymethods]
impl Outbox {
    /// `settings` are JSON. The records are delivered by `sink`, which is asked with a question, `None` and an `Answer`,
    /// to a store, or to a broker.
    #[new]
    #[pyo3(signature = (settings, *, sink=None, store=None, nats=None))]
    fn new(
        py: Python<'_>,
        settings: Text<'_>,
        sink: Option<Py<PyAny>>,
        store: Option<&Store>,
        nats: Option<&NatsSink>,
    ) -> PyResult<Self> {
        fork::watch(py)?;
        // Opening waits for the file.
        let outbox = py.detach(|| {
            let mut outbox = settings::outbox(&settings, Names::Snake, true)?;
            if let Some(ask) = sink {
                outbox = outbox.sink(function::<Record, Outcome>(SINK, ask));
            } else if let Some(store) = store {
                outbox = outbox.sink(ConversationSink::new(store.conversations()));
            } else if let Some(nats) = nats {
                outbox = nats.set(outbox);
            }
            outbox.start()
        });
        outbox.map(Outbox).map_err(|error| exception(py, &error))
    }

    /// Accepts a record, which is JSON.
    fn enqueue(&self, py: Python<'_>, record: Text<'_>) -> PyResult<Call> {
        self.enter(py, record, bridge::enqueue)
    }

    /// Accepts a record that is not complete yet.
    fn hold(&self, py: Python<'_>, record: Text<'_>) -> PyResult<Call> {
        self.enter(py, record, bridge::hold)
    }

    /// Replaces the held record of the same id.
    fn release(&self, py: Python<'_>, record: Text<'_>) -> PyResult<Call> {
        self.enter(py, record, bridge::release)
    }

    /// The counters.
    fn stats(&self, py: Python<'_>) -> PyResult<Call> {
        self.inspect(py, |outbox| Ok(outbox.stats()))
    }

    /// The pending records.
    fn pending(&self, py: Python<'_>) -> PyResult<Call> {
        self.inspect(py, turnwire::Outbox::pending)
    }

    /// The dead letters.
    fn dead_letters(&self, py: Python<'_>) -> PyResult<Call> {
        self.inspect(py, turnwire::Outbox::dead_letters)
    }

    /// Queues a dead letter again.
    fn requeue(&self, py: Python<'_>, id: OwnedText) -> PyResult<Call> {
        self.inspect(py, move |outbox| outbox.requeue(&id))
    }

    /// Removes a dead letter, or a pending record.
    fn discard(&self, py: Python<'_>, id: OwnedText) -> PyResult<Call> {
        self.inspect(py, move |outbox| outbox.discard(&id))
    }

    /// Waits until all records are delivered or dead, at most for this many seconds.
    fn flush(&self, py: Python<'_>, timeout: Option<Seconds>) -> PyResult<Call> {
        let limit = longest_wait(py, timeout, "outbox.flush")?;
        let outbox = self.0.clone();
        Call::new(py, bridge::call(async move { Ok(outbox.flush(limit).await) }))
    }

    /// Waits as `flush`, and accepts no record any more.
    fn shutdown(&self, py: Python<'_>, timeout: Option<Seconds>) -> PyResult<Call> {
        let limit = longest_wait(py, timeout, "outbox.shutdown")?;
        let outbox = self.0.clone();
        Call::new(py, bridge::call(async move { Ok(outbox.shutdown(limit).await) }))
    }
}

/// Waits until outboxes whose objects are gone have delivered what is due, at most for so many seconds.
#[pyfunction]
#[pyo3(signature = (timeout, /))]
pub(crate) fn flush_dropped(py: Python<'_>, timeout: Option<Seconds>) -> PyResult<Call> {
    let limit = longest_wait(py, timeout, "outbox.flush")?;
    Call::new(py, bridge::flush_dropped(limit))
}

/// Runs the command `outbox` with these arguments, and returns its exit code.
#[pyfunction]
pub(crate) fn outbox_command(py: Python<'_>, arguments: Vec<OsString>) -> u8 {
    py.detach(|| bridge::outbox_command(arguments, INSTALL, io::stdout(), io::stderr()))
}
