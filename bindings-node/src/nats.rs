//! An outbox's records over a NATS broker: the sink that publishes them, and the courier that delivers them.

use std::future::pending;

use napi_derive::napi;
use turnwire::bridge::settings::{self, Names};
use turnwire::bridge::{self, HostSink, HostTokenProvider, IntoAnswer};
use turnwire::conversation::ConversationSink;
use turnwire::nats;
use turnwire::outbox::OutboxBuilder;

use crate::call::Call;
use crate::host::Host;
use crate::json::thrown;
use crate::store::Store;

/// Publishes the records of an outbox.
#[napi]
pub struct NatsSink {
    inner: nats::NatsSink,
}

impl NatsSink {
    /// Publishes the records of this outbox.
    pub(crate) fn set(&self, outbox: OutboxBuilder) -> OutboxBuilder {
        outbox.sink(self.inner.clone())
    }
}

#[napi]
impl NatsSink {
    /// A sink for the broker with these settings, which are JSON. Nothing is sent.
    #[napi(constructor)]
    pub fn new(settings: String) -> napi::Result<Self> {
        let inner = settings::nats(&settings, Names::Camel).and_then(nats::NatsSink::new);
        inner.map(|inner| NatsSink { inner }).map_err(|error| thrown(&error))
    }
}

/// Delivers the records of a stream.
#[napi]
pub struct Courier {
    inner: nats::Courier,
}

#[napi]
impl Courier {
    /// A courier of the broker with these settings, and with its own, both as JSON. It delivers by the host's function with this
    /// number, or to a store; tokens come from the function with the other number.
    #[napi(constructor)]
    pub fn new(
        broker: String,
        settings: String,
        host: Option<&Host>,
        sink: Option<u32>,
        store: Option<&Store>,
        token_provider: Option<u32>,
    ) -> napi::Result<Self> {
        let build = || {
            let mut courier = settings::courier(&broker, &settings, Names::Camel)?;
            if let Some((host, number)) = host.zip(sink) {
                let sink: HostSink = host.function("courier.deliver", number);
                courier = courier.sink(sink);
            } else if let Some(store) = store {
                courier = courier.sink(ConversationSink::new(store.conversations()));
            }
            if let Some((host, number)) = host.zip(token_provider) {
                let provider: HostTokenProvider = host.function("courier.tokens", number);
                courier = courier.tokens(provider);
            }
            courier.build()
        };
        build().map(|inner| Courier { inner }).map_err(|error| thrown(&error))
    }

    /// Delivers until `stop`.
    #[napi]
    pub fn run(&self) -> napi::Result<Call> {
        self.call(async move |courier| courier.run(pending()).await)
    }

    /// Ends the current run, or the next one.
    #[napi]
    pub fn stop(&self) {
        self.inner.stop();
    }

    /// True while it runs and the broker is connected.
    #[napi]
    pub fn is_ready(&self) -> bool {
        self.inner.is_ready()
    }

    /// The counters.
    #[napi]
    pub fn stats(&self) -> napi::Result<Call> {
        self.call(async move |courier| courier.stats().await)
    }

    /// The pending records.
    #[napi]
    pub fn pending(&self) -> napi::Result<Call> {
        self.call(async move |courier| courier.pending().await)
    }

    /// The dead letters.
    #[napi]
    pub fn dead_letters(&self) -> napi::Result<Call> {
        self.call(async move |courier| courier.dead_letters().await)
    }

    /// Publishes a dead letter again.
    #[napi]
    pub fn requeue(&self, id: String) -> napi::Result<Call> {
        self.call(async move |courier| courier.requeue(&id).await)
    }

    /// Removes a dead letter, or a parked record.
    #[napi]
    pub fn discard(&self, id: String) -> napi::Result<Call> {
        self.call(async move |courier| courier.discard(&id).await)
    }
}

impl Courier {
    fn call<T, F>(&self, call: impl FnOnce(nats::Courier) -> F) -> napi::Result<Call>
    where
        T: IntoAnswer,
        F: Future<Output = turnwire::Result<T>> + Send + 'static,
    {
        Call::started(bridge::call(call(self.inner.clone())))
    }
}
