//! An outbox on its own, and the command that inspects one.

use std::{ffi::OsString, io};

use napi_derive::napi;
use turnwire::bridge::settings::{self, Names};
use turnwire::bridge::{self, HostSink};
use turnwire::conversation::ConversationSink;

use crate::call::Call;
use crate::extra::INSTALL;
use crate::host::Host;
use crate::json::thrown;
#[cfg(feature = "nats")]
use crate::nats::NatsSink;
#[cfg(not(feature = "nats"))]
use crate::no_nats::NatsSink;
use crate::options::longest_wait;
use crate::store::Store;

/// A durable outbox.
#[napi]
pub struct Outbox {
    inner: turnwire::Outbox,
}

fn started(call: turnwire::Result<bridge::Call>) -> napi::Result<Call> {
    call.map(Call::new).map_err(|error| thrown(&error))
}

#[napi]
impl Outbox {
    /// An outbox with these settings, which are JSON. The records are delivered by the host's function with this number,
    /// to a store, or to a broker.
    #[napi(constructor)]
    pub fn new(
        settings: String,
        host: Option<&Host>,
        sink: Option<u32>,
        store: Option<&Store>,
        nats: Option<&NatsSink>,
    ) -> napi::Result<Self> {
        let start = || {
            let mut outbox = settings::outbox(&settings, Names::Camel, sink.is_none())?;
            if let Some((host, number)) = host.zip(sink) {
                let sink: HostSink = host.function("outbox.deliver", number);
                outbox = outbox.sink(sink);
            } else if let Some(store) = store {
                outbox = outbox.sink(ConversationSink::new(store.conversations()));
            } else if let Some(nats) = nats {
                outbox = nats.set(outbox);
            }
            let outbox = outbox.start()?;
            if store.is_some_and(Store::asks_host) {
                bridge::leave_when_dropped(&outbox);
            }
            Ok(outbox)
        };
        start().map(|inner| Outbox { inner }).map_err(|error| thrown(&error))
    }

    /// Accepts a record, which is JSON.
    #[napi]
    pub fn enqueue(&self, record: String) -> napi::Result<Call> {
        started(bridge::enqueue(&self.inner, &record, Names::Camel))
    }

    /// Accepts a record that is not complete yet.
    #[napi]
    pub fn hold(&self, record: String) -> napi::Result<Call> {
        started(bridge::hold(&self.inner, &record, Names::Camel))
    }

    /// Replaces the held record of the same id.
    #[napi]
    pub fn release(&self, record: String) -> napi::Result<Call> {
        started(bridge::release(&self.inner, &record, Names::Camel))
    }

    /// The counters.
    #[napi]
    pub fn stats(&self) -> napi::Result<Call> {
        self.inspect(|outbox| Ok(outbox.stats()))
    }

    /// The pending records.
    #[napi]
    pub fn pending(&self) -> napi::Result<Call> {
        self.inspect(turnwire::Outbox::pending)
    }

    /// The dead letters.
    #[napi]
    pub fn dead_letters(&self) -> napi::Result<Call> {
        self.inspect(turnwire::Outbox::dead_letters)
    }

    /// Queues a dead letter again.
    #[napi]
    pub fn requeue(&self, id: String) -> napi::Result<Call> {
        self.inspect(move |outbox| outbox.requeue(&id))
    }

    /// Removes a dead letter, or a pending record.
    #[napi]
    pub fn discard(&self, id: String) -> napi::Result<Call> {
        self.inspect(move |outbox| outbox.discard(&id))
    }

    /// Returns true while a record waits for its delivery.
    #[napi]
    pub fn is_waiting(&self) -> bool {
        bridge::is_waiting(&self.inner)
    }

    /// Waits until all records are delivered or dead, at most for so many milliseconds.
    #[napi]
    pub fn flush(&self, timeout_ms: f64) -> napi::Result<Call> {
        let (outbox, limit) = (self.inner.clone(), longest_wait(timeout_ms, "outbox.flush")?);
        started(bridge::call(async move { Ok(outbox.flush(limit).await) }))
    }

    /// Waits as `flush`, and accepts no record any more.
    #[napi]
    pub fn shutdown(&self, timeout_ms: f64) -> napi::Result<Call> {
        let (outbox, limit) = (self.inner.clone(), longest_wait(timeout_ms, "outbox.shutdown")?);
        started(bridge::call(async move { Ok(outbox.shutdown(limit).await) }))
    }
}

impl Outbox {
    pub(crate) fn inner(&self) -> &turnwire::Outbox {
        &self.inner
    }

    fn inspect<T: bridge::IntoAnswer + Send + 'static>(
        &self,
        act: impl FnOnce(&turnwire::Outbox) -> turnwire::Result<T> + Send + 'static,
    ) -> napi::Result<Call> {
        let outbox = self.inner.clone();
        started(bridge::call_blocking(move || act(&outbox)))
    }
}

/// Waits until outboxes whose objects are gone have delivered what is due, at most for so many milliseconds.
#[napi]
pub fn flush_dropped(timeout_ms: f64) -> napi::Result<Call> {
    started(bridge::flush_dropped(longest_wait(timeout_ms, "outbox.flush")?))
}

/// Runs the command `outbox` with these arguments, and returns its exit code.
#[napi]
pub fn outbox_command(arguments: Vec<String>) -> u8 {
    let arguments = arguments.into_iter().map(OsString::from);
    bridge::outbox_command(arguments, INSTALL, io::stdout(), io::stderr())
}
