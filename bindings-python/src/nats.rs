//! An outbox's records over a NATS broker: the sink that publishes them, and the courier that delivers them.

use std::future::pending;

use pyo3::prelude::*;
use turnwire::bridge::settings::{self, Names};
use turnwire::bridge::{self, HostTokenProvider, IntoAnswer};
use turnwire::conversation::ConversationSink;
use turnwire::nats;
use turnwire::outbox::{OutboxBuilder, Outcome, Record};

use crate::call::Call;
use crate::error::exception;
use crate::fork;
use crate::host::function;
use crate::store::Store;
use crate::text::{OwnedText, Text};

/// Publishes the records of an outbox.
#[pyclass(frozen, module = "turnwire._core")]
pub(crate) struct NatsSink(nats::NatsSink);

impl NatsSink {
    /// Publishes the records of this outbox.
    pub(crate) fn set(&self, outbox: OutboxBuilder) -> OutboxBuilder {
        outbox.sink(self.0.clone())
    }
}

#[pymethods]
impl NatsSink {
    /// `settings` are JSON. Nothing is sent.
    #[new]
    fn new(py: Python<'_>, settings: Text<'_>) -> PyResult<Self> {
        fork::watch(py)?;
        let sink = settings::nats(&settings, Names::Snake).and_then(nats::NatsSink::new);
        sink.map(NatsSink).map_err(|error| exception(py, &error))
    }
}

/// Delivers the records of a stream.
#[pyclass(frozen, module = "turnwire._core")]
pub(crate) struct Courier(nats::Courier);

impl Courier {
    fn call<T: IntoAnswer, F>(
        &self,
        py: Python<'_>,
        call: impl FnOnce(nats::Courier) -> F,
    ) -> PyResult<Call>
    where
        F: Future<Output = turnwire::Result<T>> + Send + 'static,
    {
        Call::new(py, bridge::call(call(self.0.clone())))
    }
}

#[pymethods]
impl Courier {
    /// A courier of the broker with these settings, and with its own, both as JSON. It delivers by `sink`, or to a store; tokens come
    /// from `token_provider`. Both functions are asked as the sink of an outbox is.
    #[new]
    #[pyo3(signature = (broker, settings, *, sink=None, store=None, token_provider=None))]
    fn new(
        py: Python<'_>,
        broker: Text<'_>,
        settings: Text<'_>,
        sink: Option<Py<PyAny>>,
        store: Option<&Store>,
        token_provider: Option<Py<PyAny>>,
    ) -> PyResult<Self> {
        fork::watch(py)?;
        let build = || {
            let mut courier = settings::courier(&broker, &settings, Names::Snake)?;
            if let Some(ask) = sink {
                courier = courier.sink(function::<Record, Outcome>("courier.deliver", ask));
            } else if let Some(store) = store {
                courier = courier.sink(ConversationSink::new(store.conversations()));
            }
            if let Some(ask) = token_provider {
                let provider: HostTokenProvider = function("courier.tokens", ask);
                courier = courier.tokens(provider);
            }
            courier.build()
        };
        build().map(Courier).map_err(|error| exception(py, &error))
    }

    /// Delivers until `stop`.
    fn run(&self, py: Python<'_>) -> PyResult<Call> {
        self.call(py, async move |courier| courier.run(pending()).await)
    }

    /// Ends the current run, or the next one.
    fn stop(&self) {
        self.0.stop();
    }

    /// True while it runs and the broker is connected.
    fn is_ready(&self) -> bool {
        self.0.is_ready()
    }

    /// The counters.
    fn stats(&self, py: Python<'_>) -> PyResult<Call> {
        self.call(py, async move |courier| courier.stats().await)
    }

    /// The pending records.
    fn pending(&self, py: Python<'_>) -> PyResult<Call> {
        self.call(py, async move |courier| courier.pending().await)
    }

    /// The dead letters.
    fn dead_letters(&self, py: Python<'_>) -> PyResult<Call> {
        self.call(py, async move |courier| courier.dead_letters().await)
    }

    /// Publishes a dead letter again.
    fn requeue(&self, py: Python<'_>, id: OwnedText) -> PyResult<Call> {
        self.call(py, async move |courier| courier.requeue(&id).await)
    }

    /// Removes a dead letter, or a parked record.
    fn discard(&self, py: Python<'_>, id: OwnedText) -> PyResult<Call> {
        self.call(py, async move |courier| courier.discard(&id).await)
    }
}
